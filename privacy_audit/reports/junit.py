"""The report as JUnit XML: a suite a claim, a case a check.

A failure is a check whose findings decide the verdict, an error a check that fell over, and skipped is what
is neither right nor decisive: not tested, waived, or found below the level. Nothing skipped is a pass.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from nosender.markup import html
from nosender.privacy_audit.finding import Outcome
from nosender.privacy_audit.reports.words import by_check, facts, plural

if TYPE_CHECKING:
    from nosender.privacy_audit.finding import Finding
    from nosender.privacy_audit.result.audit import Audit, CheckResult

MOST_EACH = 500
"""Findings that the text of one failure lists."""


def render(audit: Audit) -> str:
    """The audit as one `<testsuites>` document, UTF-8."""
    groups = by_check(audit)
    total = {"failure": 0, "error": 0, "skipped": 0, "pass": 0}
    suites = []
    for claim in audit.claims:
        results = [result for result in audit.checks if result.check.claim is claim.claim]
        kinds = [_kind(audit, result, groups.get(result.check.slug, [])) for result in results]
        cases = "".join(
            _case(audit, result, kind, groups.get(result.check.slug, []))
            for result, kind in zip(results, kinds, strict=True)
        )
        for kind in kinds:
            total[kind] += 1
        suites.append(
            f'<testsuite name="{claim.claim.value}" tests="{len(results)}" failures="{kinds.count("failure")}" '
            f'errors="{kinds.count("error")}" skipped="{kinds.count("skipped")}" '
            f'timestamp="{html(audit.run.started.removesuffix("Z"))}">\n{cases}</testsuite>\n'
        )
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<testsuites name="nosender audit" tests="{len(audit.checks)}" failures="{total["failure"]}" '
        f'errors="{total["error"]}">\n{"".join(suites)}</testsuites>\n'
    )


def _kind(audit: Audit, result: CheckResult, found: list[Finding]) -> str:
    if result.outcome is Outcome.ERROR:
        return "error"
    if any(finding.gates(audit.fail_on) for finding in found):
        return "failure"
    return "pass" if result.outcome is Outcome.PASS and result.reason is None else "skipped"


def _case(audit: Audit, result: CheckResult, kind: str, found: list[Finding]) -> str:
    check = result.check
    head = f'<testcase classname="nosender.{check.claim.value}" name="{html(check.slug)}"'
    if kind == "pass":
        return f"{head}/>\n"
    if kind == "failure":
        message = f"{check.title}: {plural(len(found), 'finding')}"
    elif result.reason is not None:
        message = result.reason
    else:
        state = (
            "waived" if all(one.waived for one in found) else f"below {audit.fail_on.value}, waived or a hint"
        )
        message = f"{check.title}: {plural(len(found), 'finding')} {state}"
    lines = [f"{_line(finding)}\n" for finding in found[:MOST_EACH]]
    if len(found) > MOST_EACH:
        lines.append(f"and {len(found) - MOST_EACH:,} more; the JSON report has all of them\n")
    lines.append(f"Remedy: {html(check.remedy)}\n")
    return f'{head}>\n<{kind} type="{check.severity.value}" message="{html(message)}">{"".join(lines)}</{kind}>\n</testcase>\n'


def _line(finding: Finding) -> str:
    told = facts(finding.facts)
    waived = " (waived)" if finding.waived else ""
    return html(
        f"{finding.severity.value}{waived}: {finding.kind} {finding.object}: {finding.detail}"
        + (f" ({told})" if told else "")
    )
