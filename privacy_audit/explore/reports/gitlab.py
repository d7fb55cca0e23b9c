"""The exploration as GitLab Code Quality: a list of issues; what was not looked at is one too."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

from nosender.privacy_audit.explore.reports.sarif import PLACE
from nosender.privacy_audit.explore.reports.sentences import fingerprint, name
from nosender.privacy_audit.reports.words import one_line

if TYPE_CHECKING:
    from nosender.privacy_audit.explore.model import Exploration

_SEVERITIES = {"certain": "critical", "likely": "major", "hint": "info"}


def render(exploration: Exploration) -> str:
    """The exploration as a JSON list."""
    issues = [
        _issue(
            f"explore-{place.kind.value}",
            f"{name(place)}: {place.sentence} ({place.confidence.value}: {place.why})",
            fingerprint(place),
            _SEVERITIES[place.confidence.value],
        )
        for place in exploration.places
    ]
    issues += [
        _issue(
            "explore",
            f"Not looked at: {each}",
            hashlib.sha256(f"unseen\0{each}".encode()).hexdigest()[:32],
            "major",
        )
        for each in exploration.unseen
    ]
    return json.dumps(issues, indent=1) + "\n"


def _issue(check: str, description: str, mark: str, severity: str) -> dict[str, Any]:
    return {
        "type": "issue",
        "check_name": check,
        "description": one_line(description),
        "categories": ["Security"],
        "fingerprint": mark,
        "severity": severity,
        "location": {"path": PLACE, "lines": {"begin": 1}},
    }
