"""Reports over time: one line an audit, and what is missing between them. Pure."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from itertools import pairwise
from typing import TYPE_CHECKING, Literal

from nosender.markup import templates
from nosender.privacy_audit.reports import html, plot
from nosender.privacy_audit.reports.words import one_line, plural
from nosender.terminal_text import PIPE, Paragraph, Terminal, rendered

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import timedelta

Signature = Literal["verified", "not verified", "unsigned", "altered"]
"""Whether the trusted keys signed it; `not verified` where no key was given."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One report of a series."""

    file: str
    finished: str
    """UTC, ISO 8601."""
    verdict: str
    signature: Signature
    findings: dict[str, int]
    """How many nobody signed for, by severity; those that there are."""
    waived: int
    unseen: int
    """Checks that could not look."""
    lag_seconds: int | None
    """How long ago the oldest row had to go that was still there; None where that was not seen."""
    ledger: int | None
    """Rows of the ledger of sweeps."""
    challenge: str | None


@dataclass(frozen=True, slots=True)
class Gap:
    """A time in which an audit was due and none was kept."""

    after: str
    before: str
    length: str
    """In words."""


@dataclass(frozen=True, slots=True)
class Series:
    """The reports of one schema of one database of one cluster, the oldest first."""

    database: str
    schema: str
    cluster: str
    entries: tuple[Entry, ...]
    gaps: tuple[Gap, ...]
    shrunk: tuple[str, ...]
    """Files in which the ledger of sweeps is shorter than in the report before."""


@dataclass(frozen=True, slots=True)
class History:
    """A folder of reports."""

    every: str
    """How often an audit is due, in words."""
    series: tuple[Series, ...]
    unread: tuple[str, ...]
    """A sentence for each file that is no report."""


def gaps(finished: Sequence[str], every: timedelta, now: datetime) -> tuple[Gap, ...]:
    """Where longer than `every` lies between two audits, or between the last one and now.

    A tenth is given: an audit each day is not made to the second.
    """
    moments = [datetime.fromisoformat(each).astimezone(UTC) for each in finished] + [now]
    names = [*finished, "now"]
    return tuple(
        Gap(names[at], names[at + 1], plot.apart(sooner.isoformat(), later.isoformat()))
        for at, (sooner, later) in enumerate(pairwise(moments))
        if later - sooner > every * 1.1
    )


def text(history: History, shown_on: Terminal = PIPE) -> str:
    """For a terminal."""
    parts: list[Paragraph] = []
    for series in history.series:
        parts.append(Paragraph(one_line(_title(series)), style="bold"))
        after = {gap.after: gap for gap in series.gaps}
        for entry in series.entries:
            parts.append(Paragraph(one_line(_line(entry)), "  ", "    ", style=_style(entry)))
            if entry.file in series.shrunk:
                parts.append(Paragraph("! its ledger is shorter than the one before", "    "))
            if entry.finished in after:
                parts.append(Paragraph(f"! no audit for {after[entry.finished].length}", "    "))
    parts += [Paragraph(one_line(each), "! ") for each in history.unread]
    return rendered(*parts, shown_on=shown_on)


def as_json(history: History) -> str:
    """For a program."""
    return json.dumps({"format": "nosender.history/1", **asdict(history)}, indent=1) + "\n"


def page(history: History) -> str:
    """One HTML page that loads nothing."""
    style = html.asset("style.css")
    return templates("nosender.privacy_audit.reports").get_template("history.html.j2").render(
        history=history, style=style, style_hash=html.hashed(style)
    )  # fmt: skip


def _title(series: Series) -> str:
    count = plural(len(series.entries), "report")
    return f"{series.database}, schema {series.schema}, cluster {series.cluster}: {count}"


def _line(entry: Entry) -> str:
    told = [f"{entry.finished}  {entry.verdict}"]
    told += [f"{count} {level}" for level, count in entry.findings.items()]
    told += [f"{entry.waived} waived"] if entry.waived else []
    told += [f"{entry.unseen} not seen"] if entry.unseen else []
    told += [f"oldest overdue {entry.lag_seconds:,} s"] if entry.lag_seconds else []
    told += [entry.signature] if entry.signature != "verified" else []
    return ", ".join(told) + f"  ({entry.file})"


def _style(entry: Entry) -> str:
    return entry.verdict if entry.verdict in ("pass", "fail", "incomplete") else ""
