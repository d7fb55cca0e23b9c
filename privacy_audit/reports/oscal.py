"""The report as OSCAL assessment results (NIST, model 1.1.3): an observation a check, a finding a promise.

A promise that could not be looked at is "not-satisfied" for the reason "other", never satisfied. What was found is a
risk each: open where it decides, and closed by nobody but the one who mends it. Text is Markdown there, so whatever
came from a database is escaped.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from uuid import NAMESPACE_URL, uuid5

from nosender.markup import code, markdown
from nosender.privacy_audit.finding import Verdict
from nosender.privacy_audit.reports.words import SENTENCES, TITLES, answer, because, beside, by_check
from nosender.terminal_text import visible

if TYPE_CHECKING:
    from collections.abc import Iterator

    from nosender.privacy_audit.finding import Finding
    from nosender.privacy_audit.result.audit import Audit, CheckResult, ClaimResult

VERSION = "1.1.3"
NAMESPACE = "https://nosender.invalid/oscal"
"""Of our properties. The name is nobody's (RFC 2606), so nothing is ever fetched from it."""


def render(audit: Audit) -> str:
    """One `assessment-results` document; the same run gives the same UUIDs."""
    return json.dumps({"assessment-results": _document(audit)}, indent=1) + "\n"


def _document(audit: Audit) -> dict[str, Any]:
    plan, target = _uuid(audit, "plan"), audit.target
    return {
        "uuid": _uuid(audit, "document"),
        "metadata": {
            "title": f"Privacy audit of {_text(target.database)}, schema {_text(target.schema)}",
            "last-modified": audit.run.finished,
            "version": audit.run.id,
            "oscal-version": VERSION,
        },
        "import-ap": {"href": f"#{plan}"},
        "results": [_result(audit)],
        "back-matter": {
            "resources": [
                {
                    "uuid": plan,
                    "title": "The checks that were run",
                    "description": f"The checks of {audit.run.tool}; `nosender audit explain SLUG` tells each.",
                }
            ]
        },
    }


def _result(audit: Audit) -> dict[str, Any]:
    groups = by_check(audit)
    result = {
        "uuid": _uuid(audit, "result"),
        "title": _text(" ".join([SENTENCES[audit.verdict], *beside(audit)])),
        "description": _text(" ".join([*because(audit), *audit.limits]) or "Nothing was left out."),
        "start": audit.run.started,
        "end": audit.run.finished,
        "props": list(_props(verdict=audit.verdict.value, level=audit.fail_on.value, **_target(audit))),
        "local-definitions": {"components": [_database(audit)]},
        "reviewed-controls": {"control-selections": [{"include-all": {}}]},
        "observations": [_observation(audit, each, groups.get(each.check.slug, [])) for each in audit.checks],
        "findings": [_finding(audit, each) for each in audit.claims],
    }
    if audit.findings:  # an empty list is against the schema
        result["risks"] = [_risk(audit, each, place) for place, each in enumerate(audit.findings)]
    return result


def _target(audit: Audit) -> dict[str, str]:
    target = audit.target
    known = {
        "fingerprint": target.fingerprint,
        "catalogue": target.catalogue,
        "revision": target.revision,
        "system-identifier": target.cluster.get("system_identifier"),
    }
    return {name: str(value) for name, value in known.items() if value}


def _database(audit: Audit) -> dict[str, Any]:
    return {
        "uuid": _uuid(audit, "database"),
        "type": "software",
        "title": f"Database {_text(audit.target.database)}",
        "description": f"PostgreSQL {_text(audit.target.server)}, schema {_text(audit.target.schema)}.",
        "status": {"state": "operational"},
    }


def _observation(audit: Audit, result: CheckResult, found: list[Finding]) -> dict[str, Any]:
    """What a check saw; one that could not look says so in its description."""
    check = result.check
    unseen = f" It could not look: {result.reason}." if result.reason is not None else ""
    return {
        "uuid": _uuid(audit, "check", check.slug),
        "title": check.slug,
        "description": _text(f"{check.title} Findings: {len(found)}.{unseen}"),
        "props": list(
            _props(outcome=result.outcome.value, severity=check.severity.value, examined=str(result.examined))
        ),
        "methods": ["TEST"],
        "types": ["control-objective"],
        "subjects": [{"subject-uuid": _uuid(audit, "database"), "type": "component"}],
        "collected": audit.run.finished,
    }


def _finding(audit: Audit, claim: ClaimResult) -> dict[str, Any]:
    """The answer to a promise, with what it rests on and what speaks against it."""
    holds = claim.verdict is Verdict.PASS
    broken = claim.verdict is Verdict.FAIL
    status = {
        "state": "satisfied" if holds else "not-satisfied",
        "reason": "pass" if holds else "fail" if broken else "other",
        "remarks": _text(answer(claim)),
    }
    ran = {each.check.slug for each in audit.checks}
    finding = {
        "uuid": _uuid(audit, "claim", claim.claim.value),
        "title": TITLES[claim.claim],
        "description": claim.claim.statement,
        "target": {"type": "objective-id", "target-id": claim.claim.value, "status": status},
    }
    seen = [{"observation-uuid": _uuid(audit, "check", slug)} for slug in claim.checks if slug in ran]
    risks = [
        {"risk-uuid": _uuid(audit, "finding", str(place))}
        for place, each in enumerate(audit.findings)
        if each.check in claim.checks
    ]
    return (
        finding
        | ({"related-observations": seen} if seen else {})
        | ({"related-risks": risks} if risks else {})
    )


def _risk(audit: Audit, finding: Finding, place: int) -> dict[str, Any]:
    return {
        "uuid": _uuid(audit, "finding", str(place)),
        "title": f"{_text(finding.kind)} {code(finding.object)}",
        "description": _text(finding.detail),
        "statement": _text(f"Remedy: {finding.remedy}"),
        "props": list(
            _props(
                severity=finding.severity.value,
                confidence=finding.confidence.value,
                decides=str(finding.gates(audit.fail_on)).lower(),
                fingerprint=finding.fingerprint,
            )
        ),
        "status": "deviation-approved" if finding.waived else "open",
        "related-observations": [{"observation-uuid": _uuid(audit, "check", finding.check)}],
    }


def _props(**values: str) -> Iterator[dict[str, str]]:
    for name, value in values.items():
        yield {"name": name.replace("_", "-"), "ns": NAMESPACE, "value": visible(value).strip() or "-"}


def _uuid(audit: Audit, *words: str) -> str:
    return str(uuid5(NAMESPACE_URL, "/".join([NAMESPACE, audit.run.id, *words])))


def _text(value: str) -> str:
    return str(markdown(value)).strip() or "-"
