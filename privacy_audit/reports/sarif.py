"""The report as SARIF 2.1.0, for code scanning and everything else that reads it.

GitHub refuses a whole file when one result has no physical location, shows suppressed results as open
alerts, and keeps the first 5,000 results of a run. So the `github` profile leaves waived findings out and
stops at 5,000, worst first; the `full` profile says everything that the standard can say, up to 25,000.
What was cut, and every check that could not look, is a notification of the invocation.
"""

from __future__ import annotations

import json
import uuid
from typing import TYPE_CHECKING
from urllib.parse import quote

from nosender.privacy_audit.reports import Profile
from nosender.privacy_audit.reports.words import TITLES, because, beside, facts, one_line, plural
from nosender.privacy_audit.result.source_lines import of_check, of_finding

if TYPE_CHECKING:
    from nosender.privacy_audit.check import Check
    from nosender.privacy_audit.finding import Finding
    from nosender.privacy_audit.result.annex import SourceLine
    from nosender.privacy_audit.result.audit import Audit, CheckResult

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
MOST: dict[Profile, int] = {"github": 5_000, "full": 25_000}

_LEVELS = {"critical": "error", "high": "error", "medium": "warning", "low": "note"}
_SCORES = {"critical": "9.5", "high": "8.0", "medium": "5.5", "low": "2.5"}
_PRECISION = {"certain": "very-high", "likely": "high", "hint": "low"}


def render(audit: Audit, *, profile: Profile = "github") -> str:
    """The audit as one SARIF log with one run."""
    kept = [finding for finding in audit.findings if profile == "full" or not finding.waived]
    rules = {result.check.slug: number for number, result in enumerate(audit.checks)}
    states = _states(audit)
    tool, _, version = audit.run.tool.partition(" ")
    run = {
        "tool": {
            "driver": {
                "name": tool,
                "semanticVersion": version,
                "rules": [_rule(audit, result.check, result) for result in audit.checks],
            }
        },
        "automationDetails": {
            "id": f"nosender/{quote(audit.target.database, safe='')}.{quote(audit.target.schema, safe='')}/",
            "guid": str(uuid.uuid5(uuid.NAMESPACE_OID, audit.run.id)),
        },
        "invocations": [
            {
                "executionSuccessful": all(result.outcome.value != "error" for result in audit.checks),
                "startTimeUtc": audit.run.started,
                "endTimeUtc": audit.run.finished,
                "toolExecutionNotifications": _notifications(audit, len(kept), profile),
            }
        ],
        "columnKind": "unicodeCodePoints",
        "results": [
            _result(audit, finding, rules[finding.check], profile, states)
            for finding in kept[: MOST[profile]]
        ],
        "properties": {
            "verdict": audit.verdict.value,
            "beside": list(map(_text, beside(audit))),
            "database": audit.target.database,
            "schema": audit.target.schema,
            "fingerprint": audit.target.fingerprint,
        },
    }
    return json.dumps({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}, indent=1) + "\n"


def _rule(audit: Audit, check: Check, result: CheckResult) -> dict[str, object]:
    evidence = audit.annex.evidence.get(check.slug)
    why = evidence.explanation if evidence else check.title
    tags = ["security", "privacy", check.claim.value, *result.standards][:10]
    return {
        "id": check.slug,
        "name": "".join(word.capitalize() for word in check.slug.split("-")),
        "shortDescription": {"text": _text(check.title)},
        "fullDescription": {"text": _text(why)[:1000]},
        "help": {
            "text": f"{_text(why)}\n\n{_text(check.remedy)}",
            "markdown": f"{why}\n\n**Remedy.** {check.remedy}",
        },
        "defaultConfiguration": {"level": _LEVELS[check.severity.value]},
        "properties": {
            "tags": tags,
            "precision": _PRECISION[check.confidence.value],
            "security-severity": _SCORES[check.severity.value],
            "claim": TITLES[check.claim],
        },
    }


def _result(
    audit: Audit, finding: Finding, rule: int, profile: Profile, states: dict[str, str]
) -> dict[str, object]:
    told = facts(finding.facts)
    result: dict[str, object] = {
        "ruleId": finding.check,
        "ruleIndex": rule,
        "kind": "fail",
        "level": "note" if finding.confidence.value == "hint" else _LEVELS[finding.severity.value],
        "message": {"text": _text(f"{finding.detail} {finding.remedy}" + (f" ({told})" if told else ""))},
        "locations": [
            {
                "physicalLocation": _physical(of_finding(audit, finding)),
                "logicalLocations": [
                    {
                        "fullyQualifiedName": one_line(f"{audit.target.database}.{finding.object}"),
                        "kind": finding.kind,
                    }
                ],
            }
        ],
        # GitHub reads the first alone; the second is ours, for whoever else compares runs.
        "partialFingerprints": {
            "primaryLocationLineHash": finding.fingerprint,
            "nosender/v1": finding.fingerprint,
        },
        "properties": {"severity": finding.severity.value, "confidence": finding.confidence.value},
    }
    if profile == "full":
        if finding.waived:
            reasons = (
                each.reason
                for each in audit.waivers
                if (each.check, each.object) == (finding.check, finding.object)
            )
            result["suppressions"] = [
                {
                    "kind": "external",
                    "status": "accepted",
                    "justification": _text(next(reasons, "waived")),
                }
            ]
        if finding.fingerprint in states:
            result["baselineState"] = states[finding.fingerprint]
    return result


def _states(audit: Audit) -> dict[str, str]:
    compared = audit.annex.comparison
    if compared is None:
        return {}
    return {
        **{item.fingerprint: "new" for item in compared.new},
        **{item.fingerprint: "unchanged" for item in compared.unchanged},
        **{item.fingerprint: "updated" for item in (*compared.newly_waived, *compared.lapsed)},
    }


def _notifications(audit: Audit, kept: int, profile: Profile) -> list[dict[str, object]]:
    told: list[dict[str, object]] = [
        {"level": "error", "message": {"text": _text(f"The audit is not of the whole: {limit}.")}}
        for limit in because(audit)
    ]
    told += [
        {
            "descriptor": {"id": result.check.slug},
            "level": "error" if result.outcome.value == "error" else "warning",
            "message": {"text": _text(f"{result.check.slug} could not look: {result.reason}")},
            "locations": [{"physicalLocation": _physical(of_check(audit, result.check))}],
        }
        for result in audit.checks
        if result.reason is not None
    ]
    if kept > MOST[profile]:
        told.append(
            {
                "level": "warning",
                "message": {
                    "text": f"{plural(kept - MOST[profile], 'finding')} left out, the least severe ones: consumers keep "
                    f"no more than {MOST[profile]:,}. The JSON report has all of them."
                },
            }
        )
    if profile == "github" and (waived := len(audit.findings) - kept):
        told.append({"level": "note", "message": {"text": f"{plural(waived, 'waived finding')} left out."}})
    return told


def _physical(place: SourceLine) -> dict[str, object]:
    return {
        "artifactLocation": {"uri": quote(place.path)},
        "region": {"startLine": place.line, "startColumn": 1, "endLine": place.line},
    }


def _text(text: str) -> str:
    """Plain text for a message: nothing hidden, and no bracket that would read as a link."""
    return "\n".join(map(one_line, text.splitlines())).replace("[", "\\[").replace("]", "\\]")
