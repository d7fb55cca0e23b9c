"""The exploration for a terminal: the answer, the places worst first, and what was not looked at. 80 columns."""

from __future__ import annotations

import textwrap
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from nosender.privacy_audit.explore.reports.sentences import QUESTION, answer, basis, name, tallies
from nosender.privacy_audit.reports.words import one_line
from nosender.terminal_text import to_paste

if TYPE_CHECKING:
    from nosender.privacy_audit.explore.model import Exploration, Place

WIDTH = 80
MOST = 20
"""Places that are shown with their reason and query."""


def render(exploration: Exploration, width: int = WIDTH) -> str:
    """The exploration as plain text."""
    wrapped = partial(_wrapped, width)
    lines = [*wrapped(f"{QUESTION}  {answer(exploration)}", "", ""), ""]
    for number, place in enumerate(exploration.places[:MOST], start=1):
        lines += _place(wrapped, number, place)
    if len(exploration.places) > MOST:
        rest = exploration.places[MOST:]
        shown = ", ".join(dict.fromkeys(map(name, rest[:MOST])))
        lines += wrapped(f"and {len(rest):,} more, in every other format: {shown}", "    ")
    if exploration.places:
        lines.append("")
    lines += [line for note in exploration.notes for line in wrapped(note, "  ", "  ")]
    lines += wrapped(" · ".join(tallies(exploration)), "  ", "  ")
    for each in exploration.unseen:
        lines += wrapped(f"Not looked at: {each}.", "  ", "    ")
    lines += wrapped(basis(exploration), "  ", "  ")
    return "\n".join(lines) + "\n"


def _place(wrapped: Callable[..., list[str]], number: int, place: Place) -> list[str]:
    return [
        *wrapped(f"{number:>2}  {name(place)}: {place.sentence}", " ", "     "),
        *wrapped(f"{place.confidence.value}: {place.why}", "     ", "     "),
        *_query(wrapped, place.query),
    ]


def _query(wrapped: Callable[..., list[str]], query: str) -> list[str]:
    """Over several lines where no name holds a space that a line break would change."""
    if '"' in query:
        return [f"     {to_paste(query)}"]
    return wrapped(query, "     ", "       ", to_paste)


def _wrapped(
    width: int, text: str, indent: str, further: str = "      ", shown: Callable[[str], str] = one_line
) -> list[str]:
    return textwrap.wrap(
        shown(text), width, initial_indent=indent, subsequent_indent=further, break_on_hyphens=False
    )
