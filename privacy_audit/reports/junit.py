"""The report as JUnit XML: a suite a claim, a case a check.

A failure is a check whose findings decide the verdict, an error a check that fell over, and skipped is what
is neither right nor decisive: not tested, waived, or found below the level. Nothing skipped is a pass.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from nosender.markup import templates
from nosender.privacy_audit.finding import Outcome
from nosender.privacy_audit.reports.words import by_check, facts, headline, plural

if TYPE_CHECKING:
    from nosender.privacy_audit.finding import Finding
    from nosender.privacy_audit.result.audit import Audit, CheckResult

MOST_EACH = 500
"""Findings that the text of one failure lists."""


@dataclass(frozen=True, slots=True)
class Case:
    """A check as a test case."""

    result: CheckResult
    found: list[Finding]
    kind: str
    """pass, or the element that says what it is instead."""
    message: str


def render(audit: Audit) -> str:
    """The audit as one `<testsuites>` document, UTF-8."""
    groups = by_check(audit)
    cases = [_case(audit, result, groups.get(result.check.slug, [])) for result in audit.checks]
    template = templates(__package__).get_template("junit.xml.j2")
    return template.render(audit=audit, cases=cases, facts=facts, headline=headline, MOST_EACH=MOST_EACH)


def _case(audit: Audit, result: CheckResult, found: list[Finding]) -> Case:
    if result.outcome is Outcome.ERROR:
        kind = "error"
    elif any(finding.gates(audit.fail_on) for finding in found):
        kind = "failure"
    else:
        kind = "pass" if result.outcome is Outcome.PASS and result.reason is None else "skipped"
    message = f"{result.check.title}: {plural(len(found), 'finding')}"
    if kind != "failure" and result.reason is not None:
        message = result.reason
    elif kind != "failure":
        waived = all(one.waived for one in found)
        message += " waived" if waived else f" below {audit.fail_on.value}, waived or a hint"
    return Case(result, found, kind, message)
