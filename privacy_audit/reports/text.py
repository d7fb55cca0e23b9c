"""The report for a terminal: the verdict first, then what failed, then what could not be seen. 80 columns."""

from __future__ import annotations

import textwrap
from collections.abc import Callable
from typing import TYPE_CHECKING

from nosender.schema.visible import visible

if TYPE_CHECKING:
    from nosender.privacy_audit.audit import Audit
    from nosender.privacy_audit.finding import Finding

_WIDTH = 80
_COLOURS = {"pass": "32", "fail": "31", "incomplete": "33"}
_WORDS = {"pass": "PASS", "fail": "FAIL", "incomplete": "INCOMPLETE"}


def render(audit: Audit, *, colour: bool = False) -> str:
    """The audit as plain text; with `colour` the verdicts carry terminal colours."""
    paint = _painter(colour=colour)
    target = audit.target
    where = visible(f"{target.database}, schema {target.schema}, PostgreSQL {target.server}")
    lines = [f"{paint(audit.verdict.value)}  {where}", ""]
    for claim in audit.claims:
        lines.append(f"{paint(claim.verdict.value):<{10 + (9 if colour else 0)}}  {claim.claim.value}")
        lines.append(_wrapped(claim.claim.statement, "            "))
    gating = audit.gating()
    others = [finding for finding in audit.findings if finding not in gating]
    lines += _section("Findings", [_finding(finding) for finding in gating])
    lines += _section(
        f"Below {audit.fail_on.value}, waived or only a hint", [_finding(finding) for finding in others]
    )
    lines += _section(
        "Could not be looked at",
        [
            _wrapped(f"{result.check.slug}: {visible(result.reason or 'no reason given')}", "  ", "    ")
            for result in audit.checks
            if result.reason is not None
        ],
    )
    seen = sum(each.seen for each in audit.coverage.values())
    accounted = sum(each.accounted for each in audit.coverage.values())
    lines += [
        "",
        f"{len(audit.checks)} checks; {accounted} of {seen} objects accounted for; "
        f"{len(audit.limits)} limits (in the JSON report).",
    ]
    return "\n".join(lines) + "\n"


def _finding(finding: Finding) -> str:
    state = " (waived)" if finding.waived else ""
    sure = "" if finding.confidence.value == "certain" else f", {finding.confidence.value}"
    head = f"  {finding.severity.value}{sure}{state}: {finding.kind} {visible(finding.object)}"
    return "\n".join(
        [
            head,
            _wrapped(visible(finding.detail), "    "),
            _wrapped(f"{finding.check}: {visible(finding.remedy)}", "    > ", "      "),
        ]
    )


def _section(title: str, paragraphs: list[str]) -> list[str]:
    return ["", f"{title}:", *paragraphs] if paragraphs else []


def _wrapped(text: str, indent: str, further: str | None = None) -> str:
    return textwrap.fill(
        text,
        _WIDTH,
        initial_indent=indent,
        subsequent_indent=further if further is not None else indent,
        break_on_hyphens=False,
    )


def _painter(*, colour: bool) -> Callable[[str], str]:
    def paint(verdict: str) -> str:
        word = _WORDS[verdict]
        return f"\x1b[{_COLOURS[verdict]}m{word}\x1b[0m" if colour else word

    return paint
