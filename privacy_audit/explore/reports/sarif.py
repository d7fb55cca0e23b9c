"""The exploration as SARIF 2.1.0: a rule for each kind of place, a result for each place."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from nosender.privacy_audit.explore.reports.sentences import (
    LIMITS,
    SEVERITIES,
    TITLES,
    columns,
    fingerprint,
    name,
)
from nosender.privacy_audit.reports.sarif import SCHEMA
from nosender.privacy_audit.reports.words import one_line
from nosender.terminal_text import to_paste

if TYPE_CHECKING:
    from nosender.privacy_audit.explore.model import Exploration, Place

PLACE = "nosender.toml"
"""GitHub refuses results without a file of the repository; nothing of a live database has one."""
MOST = 5_000
_LEVELS = {"certain": "error", "likely": "warning", "hint": "note"}
_SCORES = {"high": "8.0", "medium": "5.5", "low": "2.5"}


def render(exploration: Exploration) -> str:
    """The exploration as one SARIF log with one run."""
    tool, _, version = exploration.tool.partition(" ")
    rules = list(TITLES)
    shown = exploration.places[:MOST]
    unseen = [
        {"level": "error", "message": {"text": f"Not looked at: {one_line(each)}"}}
        for each in exploration.unseen
    ]
    if len(exploration.places) > MOST:
        unseen.append(
            {"level": "warning", "message": {"text": f"{len(exploration.places) - MOST} more places"}}
        )
    run = {
        "tool": {
            "driver": {
                "name": tool,
                "semanticVersion": version,
                "rules": [
                    {
                        "id": f"explore-{kind.value}",
                        "shortDescription": {"text": TITLES[kind]},
                        "fullDescription": {"text": f"{TITLES[kind]}."},
                        "help": {"text": f"{TITLES[kind]}. {' '.join(LIMITS)}"},
                        "properties": {
                            "tags": ["security", "privacy"],
                            "security-severity": _SCORES["medium"],
                        },
                    }
                    for kind in rules
                ],
            }
        },
        "automationDetails": {"id": "nosender/explore/"},
        "invocations": [{"executionSuccessful": True, "toolExecutionNotifications": unseen}],
        "columnKind": "unicodeCodePoints",
        "results": [_result(exploration, place, rules.index(place.kind)) for place in shown],
    }
    return json.dumps({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}, indent=1) + "\n"


def _result(exploration: Exploration, place: Place, rule: int) -> dict[str, Any]:
    mark = fingerprint(place)
    where = {"artifactLocation": {"uri": PLACE}, "region": {"startLine": 1, "startColumn": 1}}
    logical = {"fullyQualifiedName": one_line(f"{exploration.database}.{columns(place)}"), "kind": "column"}
    return {
        "ruleId": f"explore-{place.kind.value}",
        "ruleIndex": rule,
        "level": _LEVELS[place.confidence.value],
        "message": {
            "text": one_line(f"{name(place)}: {place.sentence}. {place.confidence.value}: {place.why}")
        },
        "locations": [{"physicalLocation": where, "logicalLocations": [logical]}],
        "partialFingerprints": {"primaryLocationLineHash": mark, "nosender/v1": mark},
        "properties": {
            "confidence": place.confidence.value,
            "severity": SEVERITIES[place.confidence.value],
            "query": to_paste(place.query),
        },
    }
