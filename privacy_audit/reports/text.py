"""The report for a terminal: the verdict, then what decides, then what could not be seen. 80 columns.

Many findings of one check are cut, with a line that says how many: a terminal is for looking, and the
JSON report has all of them.
"""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

from nosender.privacy_audit.reports.words import (
    SENTENCES,
    TITLES,
    VERDICTS,
    by_check,
    one_line,
    outcomes,
    plural,
    reach,
)

if TYPE_CHECKING:
    from nosender.privacy_audit.finding import Finding
    from nosender.privacy_audit.result.annex import Comparison, Item
    from nosender.privacy_audit.result.audit import Audit, CheckResult

WIDTH = 80
MOST_EACH = 20
"""Findings of one check that are shown."""

_CODES = {
    "pass": "32",
    "fail": "31",
    "incomplete": "33",
    "error": "31",
    "not-tested": "33",
    "bold": "1",
    "dim": "2",
}


def render(audit: Audit, *, colour: bool = False) -> str:
    """The audit as plain text; with `colour` it carries a terminal's colours."""
    target = audit.target
    verdict = audit.verdict.value
    where = one_line(f"{target.database}, schema {target.schema}, PostgreSQL {target.server}")
    lines = [
        _paint(verdict.upper(), verdict, colour=colour) + f"  {_cut(where, WIDTH - len(verdict) - 2)}",
        *_wrapped(SENTENCES[audit.verdict], "  "),
        "",
        *(
            "  "
            + _paint(f"{VERDICTS[claim.verdict]:<12}", claim.verdict.value, colour=colour)
            + f"{TITLES[claim.claim]:<36}"
            + _paint(_tally(audit, claim.checks), "dim", colour=colour)
            for claim in audit.claims
        ),
    ]
    groups = by_check(audit)
    deciding = {slug: [one for one in found if one.gates(audit.fail_on)] for slug, found in groups.items()}
    others = {slug: [one for one in found if not one.gates(audit.fail_on)] for slug, found in groups.items()}
    lines += _findings(audit, "What decides", deciding, colour=colour)
    lines += _unseen(audit, colour=colour)
    lines += _findings(audit, f"Below {audit.fail_on.value}, waived or only a hint", others, colour=colour)
    lines += _read(audit, colour=colour)
    seen = sum(each.seen for each in audit.coverage.values())
    accounted = sum(each.accounted for each in audit.coverage.values())
    lines += [
        "",
        *_wrapped(
            f"{plural(len(audit.checks), 'check')}; {accounted:,} of {plural(seen, 'object')} accounted for. What no "
            f"audit of this kind can see: {plural(len(audit.limits), 'limit')}, in every other format.",
            "",
        ),
    ]
    return "\n".join(lines) + "\n"


def comparison(compared: Comparison) -> str:
    """Two reports side by side for a terminal."""
    before, after = compared.before, compared.after
    lines = [
        f"{one_line(before.finished)}  {one_line(before.verdict)}",
        f"{one_line(after.finished)}  {one_line(after.verdict)}",
    ]
    if not compared.same_database:
        lines += _wrapped(f"Two databases: {one_line(before.database)}, and {one_line(after.database)}.", "")
    for title, items in (
        ("New", compared.new),
        ("Fixed", compared.fixed),
        ("Newly waived", compared.newly_waived),
        ("Waived no longer", compared.lapsed),
        ("Gone, but the check could not look", compared.unknown),
        ("Unchanged", compared.unchanged),
    ):
        lines += ["", f"{title}: {len(items):,}"]
        lines += [line for item in items[:MOST_EACH] for line in _item(item)]
        if len(items) > MOST_EACH:
            lines.append(f"  and {len(items) - MOST_EACH:,} more")
    return "\n".join(lines) + "\n"


def _findings(audit: Audit, title: str, groups: dict[str, list[Finding]], *, colour: bool) -> list[str]:
    count = sum(map(len, groups.values()))
    if not count:
        return []
    lines = ["", _paint(f"{title}: {plural(count, 'finding')}", "bold", colour=colour)]
    order = [result.check for result in audit.checks if groups.get(result.check.slug)]
    for check in sorted(order, key=lambda check: groups[check.slug][0].severity.rank):
        found = groups[check.slug]
        sure = "" if check.confidence.value == "certain" else f", {check.confidence.value}"
        lines += ["", *_wrapped(f"{found[0].severity.value}{sure}: {one_line(check.title)}", "  ", "    ")]
        for finding in found[:MOST_EACH]:
            lines += _finding(finding, found[0].severity.value)
        if len(found) > MOST_EACH:
            lines.append(f"    and {len(found) - MOST_EACH:,} more; the JSON report has all of them")
        lines += _wrapped(one_line(check.remedy), "    > ", "      ")
        if check.slug in audit.annex.evidence:
            lines.append(_paint(f"      nosender audit explain {one_line(check.slug)}", "dim", colour=colour))
    return lines


def _finding(finding: Finding, level: str) -> list[str]:
    state = [finding.severity.value] if finding.severity.value != level else []
    state += ["waived"] if finding.waived else []
    mark = f" ({', '.join(state)})" if state else ""
    return [
        *_wrapped(one_line(f"{finding.kind} {finding.object}") + mark, "    ", "      "),
        *_wrapped(one_line(finding.detail), "      "),
    ]


def _unseen(audit: Audit, *, colour: bool) -> list[str]:
    unseen = [result for result in audit.checks if result.reason is not None]
    if not unseen:
        return []
    lines = ["", _paint(f"Could not be looked at: {plural(len(unseen), 'check')}", "bold", colour=colour), ""]
    return lines + [line for result in unseen for line in _blind(result)]


def _read(audit: Audit, *, colour: bool) -> list[str]:
    """How many rows the probes read, and what that finds."""
    read = [result for result in audit.checks if result.samples]
    if not read:
        return []
    lines = ["", _paint(f"Read rows: {plural(len(read), 'check')}", "bold", colour=colour), ""]
    for result in read:
        lines += _wrapped(one_line(f"{result.check.slug}: {reach(result)}"), "    ", "      ")
    return lines


def _blind(result: CheckResult) -> list[str]:
    accepted = ", accepted" if result.accepted else ""
    return _wrapped(
        one_line(
            f"{result.check.slug} ({result.outcome.value.replace('-', ' ')}{accepted}): {result.reason or ''}"
        ),
        "    ",
        "      ",
    )


def _item(item: Item) -> list[str]:
    return _wrapped(
        f"{one_line(item.severity)}  {one_line(item.object)}  ({one_line(item.check)})", "  ", "    "
    )


def _tally(audit: Audit, slugs: tuple[str, ...]) -> str:
    counts = outcomes(result for result in audit.checks if result.check.slug in slugs)
    told = ", ".join(f"{count} {name.value.replace('-', ' ')}" for name, count in counts.items() if count)
    return _cut(told, WIDTH - 50)


def _wrapped(text: str, indent: str, further: str | None = None) -> list[str]:
    return textwrap.wrap(
        text,
        WIDTH,
        initial_indent=indent,
        subsequent_indent=indent if further is None else further,
        break_on_hyphens=False,
    )


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else text[: most - 1] + "…"


def _paint(text: str, name: str, *, colour: bool) -> str:
    return f"\x1b[{_CODES[name]}m{text}\x1b[0m" if colour else text
