"""The exploration for an issue or the summary of a CI run: GitHub-flavoured Markdown."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nosender.markup import code, statement_code
from nosender.markup import markdown as text
from nosender.privacy_audit.explore.reports.sentences import LIMITS, QUESTION, answer, basis, name, tallies

if TYPE_CHECKING:
    from nosender.privacy_audit.explore.model import Exploration

MOST = 500
"""Places that are listed: a step summary may have one mebibyte."""


def render(exploration: Exploration) -> str:
    """The exploration as Markdown."""
    lines = [f"# {QUESTION}", "", f"**{answer(exploration)}** Database {code(exploration.database)}.", ""]
    if exploration.places:
        lines += ["| | Table | What it tells | How sure | Why |", "|---|---|---|---|---|"]
    for number, place in enumerate(exploration.places[:MOST], start=1):
        lines.append(
            f"| {number} | {code(name(place))} | {text(place.sentence)} | {place.confidence.value} "
            f"| {text(place.why)} |"
        )
    if len(exploration.places) > MOST:
        lines += ["", f"And {len(exploration.places) - MOST:,} more; the JSON report has all of them."]
    lines += ["", *(f"- {text(each)}" for each in (*exploration.notes, *tallies(exploration)))]
    lines += [f"- Not looked at: {text(each)}" for each in exploration.unseen]
    lines += ["", text(basis(exploration)), "", *(f"- {each}" for each in LIMITS)]
    if exploration.places:
        lines += ["", "<details><summary>The evidence, for your own psql</summary>", ""]
        lines += [
            f"{number}. {statement_code(place.query)}"
            for number, place in enumerate(exploration.places[:MOST], 1)
        ]
        lines += ["", "</details>"]
    return "\n".join(lines) + "\n"
