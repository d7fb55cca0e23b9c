"""The report for a terminal: the verdict, then what decides, then what could not be seen.

Many findings of one check are cut, with a line that says how many: a terminal is for looking, and the
JSON report has all of them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.table import Table
from rich.text import Text

from nosender.privacy_audit.reports.words import (
    SENTENCES,
    TITLES,
    answer,
    beside,
    by_check,
    colour,
    headline,
    one_line,
    plural,
    reach,
    tally,
)
from nosender.terminal_text import PIPE, STYLES, Paragraph, Terminal, rendered

if TYPE_CHECKING:
    from rich.console import RenderableType

    from nosender.privacy_audit.finding import Finding
    from nosender.privacy_audit.result.annex import ComparedFinding, Comparison
    from nosender.privacy_audit.result.audit import Audit, CheckResult, ClaimResult

MOST_EACH = 20
"""Findings of one check that are shown."""
MOST_ALIKE = 5
"""So many checks with one reason are told together."""


def render(audit: Audit, shown_on: Terminal = PIPE) -> str:
    """The audit as text, for a terminal of that width, with colours where it has them."""
    target = audit.target
    verdict = audit.verdict.value
    where = one_line(f"{target.database}, schema {target.schema}, PostgreSQL {target.server}")
    named, _, limits = headline(audit).partition(": ")
    look = STYLES[colour(audit.verdict, audit.waived)]
    head = Text(overflow="fold").append(named.replace(verdict, verdict.upper(), 1), look)
    head.append(f": {limits}. {where}" if limits else f"  {where}")
    groups = by_check(audit)
    deciding = {slug: [one for one in found if one.gates(audit.fail_on)] for slug, found in groups.items()}
    others = {slug: [one for one in found if not one.gates(audit.fail_on)] for slug, found in groups.items()}
    seen = sum(each.seen for each in audit.coverage.values())
    accounted = sum(each.accounted for each in audit.coverage.values())
    return rendered(
        head,
        Paragraph(SENTENCES[audit.verdict], "  "),
        *(Paragraph(sentence, "  ") for sentence in beside(audit)),
        Text(),
        claims(audit.claims, [tally(audit, claim) for claim in audit.claims]),
        *_findings(audit, "What decides", deciding),
        *_unseen(audit),
        *_findings(audit, f"Below {audit.fail_on.value}, waived or only a hint", others),
        *_read(audit),
        Text(),
        Paragraph(
            f"{plural(len(audit.checks), 'check')}; {accounted:,} of {plural(seen, 'object')} accounted for. What no "
            f"audit of this kind can see: {plural(len(audit.limits), 'limit')}, in every other format."
        ),
        shown_on=shown_on,
    )


def claims(answers: tuple[ClaimResult, ...], tallies: list[str]) -> Table:
    """Each claim with its answer, and a few words more."""
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(no_wrap=True)
    table.add_column()
    table.add_column(no_wrap=True, overflow="ellipsis", ratio=1)
    for claim, counted in zip(answers, tallies, strict=True):
        short, _, trusted = answer(claim).partition(", except ")  # the names stand above, a line each
        short += ", except" if trusted else ""
        told = Text("  ").append(short, STYLES[colour(claim.verdict, claim.waived)])
        table.add_row(told, Text(TITLES[claim.claim]), Text().append(counted, "dim"))
    return table


def comparison(compared: Comparison, shown_on: Terminal = PIPE) -> str:
    """Two reports side by side for a terminal."""
    before, after = compared.before, compared.after
    parts: list[RenderableType] = [
        Text(f"{one_line(side.finished)}  {one_line(side.verdict)}") for side in (before, after)
    ]
    if not compared.same_database:
        parts.append(Paragraph(one_line(f"Two databases: {before.database}, and {after.database}.")))
    if before.lifetime != after.lifetime:
        told = f"Lifetime of a deleted row: {after.lifetime or 'not declared'}; it was {before.lifetime or 'not declared'}."
        parts.append(Paragraph(one_line(told)))
    for title, items in (
        ("New", compared.new),
        ("Fixed", compared.fixed),
        ("Newly waived", compared.newly_waived),
        ("Waived no longer", compared.lapsed),
        ("Gone, but the check could not look", compared.unknown),
        ("Unchanged", compared.unchanged),
    ):
        parts += [Text(), Paragraph(f"{title}: {len(items):,}", style="bold"), *map(_item, items[:MOST_EACH])]
        if len(items) > MOST_EACH:
            parts.append(Text(f"  and {len(items) - MOST_EACH:,} more"))
    return rendered(*parts, shown_on=shown_on)


def _findings(audit: Audit, title: str, groups: dict[str, list[Finding]]) -> list[RenderableType]:
    count = sum(map(len, groups.values()))
    if not count:
        return []
    parts: list[RenderableType] = [Text(), Paragraph(f"{title}: {plural(count, 'finding')}", style="bold")]
    order = [result.check for result in audit.checks if groups.get(result.check.slug)]
    for check in sorted(order, key=lambda check: groups[check.slug][0].severity.rank):
        found = groups[check.slug]
        sure = "" if check.confidence.value == "certain" else f", {check.confidence.value}"
        whose = f" (a check of {one_line(check.whose)})" if check.whose is not None else ""
        head = f"{found[0].severity.value}{sure}: {one_line(check.title)}{whose}"
        parts += [Text(), Paragraph(head, "  ", "    ")]
        for finding in found[:MOST_EACH]:
            parts += _finding(finding, found[0].severity.value)
        if len(found) > MOST_EACH:
            parts.append(
                Paragraph(f"and {len(found) - MOST_EACH:,} more; the JSON report has all of them", "    ")
            )
        parts.append(Paragraph(one_line(check.remedy), "    > ", "      "))
        if check.slug in audit.annex.evidence and check.whose is None:
            parts.append(Paragraph(f"nosender audit explain {one_line(check.slug)}", "      ", style="dim"))
    return parts


def _finding(finding: Finding, level: str) -> list[RenderableType]:
    state = [finding.severity.value] if finding.severity.value != level else []
    state += ["waived"] if finding.waived else []
    state += [f"of {one_line(str(finding.facts['whose']))}"] if "whose" in finding.facts else []
    mark = f" ({', '.join(state)})" if state else ""
    return [
        Paragraph(one_line(f"{finding.kind} {finding.object}") + mark, "    ", "      "),
        Paragraph(one_line(finding.detail), "      "),
    ]


def _unseen(audit: Audit) -> list[RenderableType]:
    unseen = [result for result in audit.checks if result.reason is not None]
    if not unseen:
        return []
    title = f"Could not be looked at: {plural(len(unseen), 'check')}"
    alike: dict[tuple[str, str | None], list[CheckResult]] = {}
    for result in unseen:
        alike.setdefault((_outcome(result), result.reason), []).append(result)
    lines = [line for group in alike.values() for line in _together(audit, group)]
    return [Text(), Paragraph(title, style="bold"), Text(), *lines]


def _together(audit: Audit, group: list[CheckResult]) -> list[RenderableType]:
    """Those with one reason: a line each, or where there are many, the reason and then their names."""
    if len(group) < MOST_ALIKE:
        return [_blind(result) for result in group]
    told = f"{plural(len(group), 'check')} ({_outcome(group[0])}): {group[0].reason}"
    names = ", ".join(result.check.slug for result in group)
    every = len(group) == len(audit.checks)
    return [Paragraph(one_line(told), "  ", "    "), *([] if every else [Paragraph(names, "    ", "    ")])]


def _read(audit: Audit) -> list[RenderableType]:
    """How many rows the probes read, and what that finds."""
    read = [result for result in audit.checks if result.samples]
    if not read:
        return []
    return [
        Text(),
        Paragraph(f"Read rows: {plural(len(read), 'check')}", style="bold"),
        Text(),
        *(Paragraph(one_line(f"{each.check.slug}: {reach(each)}"), "    ", "      ") for each in read),
    ]


def _blind(result: CheckResult) -> Paragraph:
    told = f"{result.check.slug} ({_outcome(result)}): {result.reason or ''}"
    return Paragraph(one_line(told), "    ", "      ")


def _outcome(result: CheckResult) -> str:
    return result.outcome.value.replace("-", " ") + (", accepted" if result.accepted else "")


def _item(item: ComparedFinding) -> Paragraph:
    return Paragraph(one_line(f"{item.severity}  {item.object}  ({item.check})"), "  ", "    ")
