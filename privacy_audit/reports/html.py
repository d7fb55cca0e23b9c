"""The report for a person who reads, signs and files it: one HTML page that needs nothing but itself.

No network, no font, no library; a content security policy forbids the page to load anything, so that a
name from the database that slipped through the escaping would still do nothing. It prints as a document.
"""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING

from markupsafe import Markup

from nosender.markup import templates
from nosender.privacy_audit.finding import Outcome, Verdict
from nosender.privacy_audit.reports import plot, words
from nosender.schema.drawing import draw

if TYPE_CHECKING:
    from jinja2 import Environment

    from nosender.privacy_audit.finding import Finding
    from nosender.privacy_audit.result.annex import Annex, Evidence, RequirementEntry
    from nosender.privacy_audit.result.audit import Audit, CheckResult, ClaimResult

MOST_EACH = 200
"""Findings of one check that the page shows; a browser reads no more with pleasure."""
MOST = 2000
"""Findings that the page shows of all checks together."""

SECTIONS = (
    ("statement", "Statement"),
    ("findings", "Findings"),
    ("limits", "Limits"),
    ("waivers", "Waivers"),
    ("signatures", "Sign-off"),
    ("scope", "Scope"),
    ("method", "Method"),
    ("results", "Claims and checks"),
    ("inventory", "Inventory of columns"),
    ("diagram", "Tables and keys"),
    ("retention", "Retention"),
    ("standards", "Requirements of standards"),
    ("difference", "Since the last report"),
    ("reproduce", "How to reproduce"),
    ("glossary", "Glossary"),
    ("evidence", "The questions as SQL"),
)
"""The sections in their order: anchor, which names the template too, and title. What is signed comes first."""


@dataclass(frozen=True, slots=True)
class Group:
    """The findings of one check, as the page shows them."""

    result: CheckResult
    evidence: Evidence | None
    shown: tuple[Finding, ...]
    count: int
    """All that there are."""
    severities: str
    """Every level among them and the check's own, for the filter."""
    outcomes: str

    @property
    def more(self) -> int:
        """How many are not shown."""
        return self.count - len(self.shown)

    @property
    def why(self) -> list[str]:
        """The paragraphs of the explanation."""
        return [part for part in (self.evidence.explanation if self.evidence else "").split("\n\n") if part]


def render(audit: Audit) -> str:
    """The audit as one HTML document, UTF-8."""
    style, script = asset("style.css"), asset("script.js")
    by_check = words.by_check(audit)
    groups = _groups(audit, by_check)
    known = None if audit.annex.stored else audit.annex.retention
    return _environment().get_template("page.html.j2").render(
        audit=audit,
        run=audit.run,
        target=audit.target,
        annex=audit.annex,
        style=style,
        style_hash=hashed(style),
        script=script,
        script_hash=hashed(script),
        groups=groups,
        hidden=len(audit.findings) - sum(len(group.shown) for group in groups),
        diagram=draw(audit.annex.nodes, audit.annex.edges),
        sweeps=plot.sweeps(known) if known else [],
        chart=plot.chart(known) if known else None,
        worst_of=lambda claim: _worst(audit, claim, by_check),
        asked_of=lambda entry: _asked(audit, entry),
        evidence_for=lambda entry: _evidence(audit, entry),
    )  # fmt: skip


@cache
def _environment() -> Environment:
    made = templates(__package__)
    made.globals.update(
        sections=SECTIONS,
        MOST_EACH=MOST_EACH,
        plot=plot,
        answer=words.answer,
        beside=words.beside,
        colour=words.colour,
        headline=words.headline,
        TITLES=words.TITLES,
        SENTENCES=words.SENTENCES,
        SEVERITIES=words.SEVERITIES,
        plural=words.plural,
        facts=words.facts,
        reach=words.reach,
        absent=_absent,
        tally=_tally,
        lag=_lag,
        outcomes_of=words.tally,
    )
    return made


def _groups(audit: Audit, by_check: dict[str, list[Finding]]) -> list[Group]:
    """The checks that found something or could not look, with as many findings as the page may show."""
    shown, groups = 0, []
    for result in words.most_urgent_first(audit, by_check):
        found = by_check.get(result.check.slug, [])
        if not found and result.reason is None:
            continue
        take = tuple(found[: min(MOST_EACH, MOST - shown)])
        shown += len(take)
        levels = {result.check.severity.value, *(finding.severity.value for finding in found)}
        outcomes = [result.outcome.value]
        if result.outcome is not Outcome.WAIVED and any(finding.waived for finding in found):
            outcomes.append(Outcome.WAIVED.value)
        groups.append(
            Group(
                result,
                audit.annex.evidence.get(result.check.slug),
                take,
                len(found),
                " ".join(sorted(levels)),
                " ".join(outcomes),
            )
        )
    return groups


def _absent(annex: Annex) -> str:
    """Why a part of the page is empty."""
    if annex.stored:
        return "is not in the JSON report that this page was made from"
    return "could not be read in this run"


def _tally(audit: Audit) -> str:
    counts = words.outcomes(audit.checks)
    gating = len(audit.gating())
    parts = [f"{words.plural(len(audit.checks), 'check')} ran"]
    if gating:
        parts.append(f"{words.plural(gating, 'finding')} decide{'s' if gating == 1 else ''}")
    if others := len(audit.findings) - gating:
        parts.append(
            f"{words.plural(others, 'finding')} {'is' if others == 1 else 'are'} below the level, waived or a hint"
        )
    if blind := counts[Outcome.NOT_TESTED] + counts[Outcome.ERROR]:
        parts.append(f"{words.plural(blind, 'check')} could not look")
    return "; ".join(parts) + "."


def _worst(audit: Audit, claim: ClaimResult, by_check: dict[str, list[Finding]]) -> Finding | None:
    """The first finding that decides against a claim."""
    found = (finding for slug in claim.checks for finding in by_check.get(slug, ()))
    return next((finding for finding in found if finding.gates(audit.fail_on)), None)


def _lag(audit: Audit) -> str:
    """How long ago the last sweep ended, and how far the oldest expired row is past its time."""
    known, now = audit.annex.retention, audit.run.started
    if known is None:
        return ""
    done = [row.at for row in known.rows if row.event == "finished"]
    parts = [
        f"The last sweep ended {plot.apart(done[-1], now)} before this audit."
        if done
        else "No sweep has ended yet."
    ]
    if oldest := min((each.oldest for each in known.overdue if each.oldest), default=None):
        parts.append(f"The oldest row that should be gone expired {plot.apart(oldest, now)} before it.")
    return " ".join(parts)


def _asked(audit: Audit, entry: RequirementEntry) -> list[CheckResult]:
    return [result for result in audit.checks if result.check.slug in entry.checks]


def _evidence(audit: Audit, entry: RequirementEntry) -> Verdict | None:
    """What the checks of a requirement say together; None where none of them was asked."""
    mine = _asked(audit, entry)
    if not mine:
        return None
    broken = {finding.check for finding in audit.gating()}
    if any(result.check.slug in broken for result in mine):
        return Verdict.FAIL
    if any(result.reason is not None and not result.accepted for result in mine):
        return Verdict.INCOMPLETE
    return Verdict.PASS


@cache
def asset(name: str) -> Markup:
    """Our own style or script, which goes into the page as it is."""
    text = resources.files(__package__).joinpath("templates", name).read_text(encoding="utf-8")
    return Markup(text)  # noqa: S704 (a file of ours)


def hashed(text: str) -> str:
    """The hash by which a content security policy allows exactly this text."""
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
