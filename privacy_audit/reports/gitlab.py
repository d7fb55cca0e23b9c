"""The report as GitLab Code Quality: a list of issues, each with a fingerprint of its own.

GitLab shows issues of equal fingerprints as one, so none may be equal. A check that could not look is an
issue too: the widget shows issues alone, and an empty one reads as a pass.
"""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING

from nosender.privacy_audit.reports.words import because, one_line
from nosender.privacy_audit.result.source_lines import ELSE, of_check, of_finding

if TYPE_CHECKING:
    from nosender.privacy_audit.result.annex import SourceLine
    from nosender.privacy_audit.result.audit import Audit

_SEVERITIES = {"critical": "blocker", "high": "critical", "medium": "major", "low": "minor"}


def render(audit: Audit) -> str:
    """The audit as a JSON list; a finding that is waived or only a hint is `info`."""
    issues = [
        _issue(
            "whole",
            f"The audit is not of the whole: {limit}",
            hashlib.sha256(f"{limit}\0whole".encode()).hexdigest()[:32],
            "major",
            ELSE,
        )
        for limit in because(audit)
    ]
    issues += [
        _issue(
            finding.check,
            f"{finding.kind} {finding.object}: {finding.detail}" + (" (waived)" if finding.waived else ""),
            finding.fingerprint,
            "info"
            if finding.waived or finding.confidence.value == "hint"
            else _SEVERITIES[finding.severity.value],
            of_finding(audit, finding),
        )
        for finding in audit.findings
    ]
    issues += [
        _issue(
            result.check.slug,
            f"{result.check.slug} could not look: {result.reason}",
            hashlib.sha256(f"{result.check.slug}\0unseen".encode()).hexdigest()[:32],
            "info" if result.accepted else "major",
            of_check(audit, result.check),
        )
        for result in audit.checks
        if result.reason is not None
    ]
    return json.dumps(issues, indent=1) + "\n"


def _issue(
    check: str, description: str, fingerprint: str, severity: str, place: SourceLine
) -> dict[str, object]:
    return {
        "type": "issue",
        "check_name": check,
        "description": one_line(description),
        "categories": ["Security"],
        "fingerprint": fingerprint,
        "severity": severity,
        "location": {"path": place.path, "lines": {"begin": place.line}},
    }
