"""The exploration as GitHub workflow commands: the worst ten of each level, for GitHub shows no more."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nosender.privacy_audit.explore.reports.sentences import TITLES, name
from nosender.privacy_audit.reports.github import MOST, workflow_data, workflow_property
from nosender.privacy_audit.reports.words import one_line

if TYPE_CHECKING:
    from nosender.privacy_audit.explore.model import Exploration

_LEVELS = {"certain": "error", "likely": "error", "hint": "notice"}


def render(exploration: Exploration) -> str:
    """One workflow command a line."""
    commands: dict[str, list[str]] = {"error": [], "notice": []}
    for place in exploration.places:
        level = _LEVELS[place.confidence.value]
        said = f"{name(place)}: {place.sentence} ({place.confidence.value}: {place.why})"
        commands[level].append(
            f"::{level} title={workflow_property(TITLES[place.kind])}::{workflow_data(one_line(said))}"
        )
    commands["error"] += [
        f"::error title=Not looked at::{workflow_data(one_line(each))}" for each in exploration.unseen
    ]
    lines = []
    for level, some in commands.items():
        more = len(some) - MOST + 1
        if more > 1:
            some = [
                *some[: MOST - 1],
                f"::{level} title=nosender::{more:,} more; the JSON report has all of them",
            ]
        lines += some
    return "".join(f"{line}\n" for line in lines)
