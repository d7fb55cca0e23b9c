"""The report for a pull request, an issue or the summary of a CI run: GitHub-flavoured Markdown.

A step summary may have one mebibyte; beyond `MOST_BYTES` the findings are cut, worst first, and the text
says how many.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from nosender.privacy_audit.reports.words import (
    OUTCOMES,
    SENTENCES,
    TITLES,
    VERDICTS,
    by_check,
    facts,
    most_urgent_first,
    one_line,
    outcomes,
    plural,
    reach,
)

if TYPE_CHECKING:
    from nosender.privacy_audit.finding import Finding
    from nosender.privacy_audit.result.annex import ComparedFinding, Comparison
    from nosender.privacy_audit.result.audit import Audit, WaiverResult

MOST_BYTES = 900_000
MOST_EACH = 100
"""Findings of one check that are listed."""

_SIGNS = {"pass": "✅", "fail": "❌", "incomplete": "❔"}
_SPECIAL = re.compile(r"([\\`*_\[\]()#!|~:])")


def text(value: object) -> str:
    """Untrusted text as Markdown that shows exactly that: no markup, no HTML, no link, nobody mentioned."""
    safe = one_line(str(value)).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return _SPECIAL.sub(r"\\\1", safe).replace("@", "@<!-- -->")


def code(name: str) -> str:
    """An untrusted name as a code span that it cannot end, also within a table."""
    shown = one_line(name)
    longest = max((len(run) for run in re.findall("`+", shown)), default=0)
    fence = "`" * (longest + 1)
    pad = " " if shown.startswith("`") or shown.endswith("`") or not shown.strip() else ""
    return f"{fence}{pad}{shown.replace('|', chr(92) + '|')}{pad}{fence}"


def render(audit: Audit) -> str:
    """The audit as Markdown, ending in a line break."""
    target, run = audit.target, audit.run
    parts = [
        f"# {_SIGNS[audit.verdict.value]} Privacy audit: {audit.verdict.value}",
        "",
        f"{SENTENCES[audit.verdict]} Database {code(target.database)}, schema {code(target.schema)}, PostgreSQL "
        f"{text(target.server)}, {text(run.finished)}, {text(run.tool)}.",
        "",
        "| Claim | Answer | Checks |",
        "| --- | --- | --- |",
        *(
            f"| {TITLES[claim.claim]} | {_SIGNS[claim.verdict.value]} {VERDICTS[claim.verdict]} | "
            f"{_tally(audit, claim.checks)} |"
            for claim in audit.claims
        ),
    ]
    if audit.annex.comparison is not None:
        parts += ["", comparison(audit.annex.comparison, level=2).rstrip()]
    parts += _findings(audit)
    if unseen := [result for result in audit.checks if result.reason is not None]:
        parts += [
            "",
            "## Could not be looked at",
            "",
            "| Check | Outcome | Why |",
            "| --- | --- | --- |",
        ]
        parts += [
            f"| {code(result.check.slug)} | {OUTCOMES[result.outcome]}{' (accepted)' if result.accepted else ''} | "
            f"{text(result.reason)} |"
            for result in unseen
        ]
    if audit.waivers:
        heads = ("Finding", "Reason", "Owner", "Expires", "State")
        parts += ["", "## Waivers", "", f"| {' | '.join(heads)} |", "| --- | --- | --- | --- | --- |"]
        parts += [
            f"| {text(waiver.check)}: {_waived(waiver)} | {text(waiver.reason)} | "
            f"{text(waiver.owner)} | {text(waiver.expires)} | {text(waiver.state)} |"
            for waiver in audit.waivers
        ]
    if read := [(result, reach(result)) for result in audit.checks if result.samples]:
        parts += ["", "<details><summary>How many rows were read, and what that finds</summary>", ""]
        parts += [f"- {code(result.check.slug)}: {text(words)}" for result, words in read]
        parts += ["", "</details>"]
    parts += ["", "<details><summary>What this audit cannot see</summary>", ""]
    parts += [f"- {text(limit)}" for limit in audit.limits]
    parts += ["", "</details>", "", f"Run {code(run.id)}, structure {code(target.fingerprint)}."]
    return "\n".join(parts) + "\n"


def comparison(compared: Comparison, *, level: int = 1) -> str:
    """Two reports side by side as Markdown."""
    before = compared.before
    groups = (
        ("New", compared.new),
        ("Fixed", compared.fixed),
        ("Newly waived", compared.newly_waived),
        ("Waived no longer", compared.lapsed),
        ("Gone, but the check could not look", compared.unknown),
        ("Unchanged", compared.unchanged),
    )
    parts = [
        f"{'#' * level} Since {text(before.finished)} (verdict then: {text(before.verdict)})",
        "",
        ", ".join(f"{title.lower()}: {len(items):,}" for title, items in groups) + ".",
    ]
    if not compared.same_database:
        parts += ["", f"The earlier report is about another database: {text(before.database)}."]
    for title, items in groups[:-1]:
        if items:
            parts += ["", f"{'#' * (level + 1)} {title}", "", *map(_item, items[:MOST_EACH])]
            if len(items) > MOST_EACH:
                parts.append(f"- and {len(items) - MOST_EACH:,} more")
    return "\n".join(parts) + "\n"


def _findings(audit: Audit) -> list[str]:
    groups = by_check(audit)
    if not groups:
        return ["", "Nothing was found."]
    parts, size, shown = ["", "## Findings"], 0, 0
    for result in most_urgent_first(audit, groups):
        found = groups.get(result.check.slug, [])
        if not found or size > MOST_BYTES:
            continue
        check = result.check
        parts += [
            "",
            f"### {text(check.title)}",
            "",
            f"{check.severity.value}, {check.confidence.value}, {OUTCOMES[result.outcome]}; {code(check.slug)}. "
            f"{text(check.remedy)}",
            "",
            "| Object | What is wrong | Counts and names |",
            "| --- | --- | --- |",
        ]
        for finding in found[:MOST_EACH]:
            row = _row(finding)
            size += len(row.encode())
            if size > MOST_BYTES:
                break
            parts.append(row)
            shown += 1
    if cut := len(audit.findings) - shown:
        parts += ["", f"**{plural(cut, 'more finding')} not shown here; the JSON report has all of them.**"]
    return parts


def _row(finding: Finding) -> str:
    waived = " (waived)" if finding.waived else ""
    return (
        f"| {code(finding.object)}<br>{text(finding.kind)}, {finding.severity.value}{waived} | {text(finding.detail)} | "
        f"{text(facts(finding.facts))} |"
    )


def _waived(waiver: WaiverResult) -> str:
    """What a waiver is about: one object, or that the check cannot be tested here."""
    return "not tested" if waiver.object is None else code(waiver.object)


def _tally(audit: Audit, slugs: tuple[str, ...]) -> str:
    counts = outcomes(result for result in audit.checks if result.check.slug in slugs)
    return ", ".join(f"{count} {OUTCOMES[outcome]}" for outcome, count in counts.items() if count)


def _item(item: ComparedFinding) -> str:
    return f"- {text(item.severity)}: {code(item.object)} ({text(item.check)})"
