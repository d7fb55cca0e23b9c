"""The order of messages, read as time: do rows to two stand within a minute more often than by chance?"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from nosender.linkability.copied import NONE, Rows, hourly_time
from nosender.linkability.nearness import excess
from nosender.linkability.score import Score

if TYPE_CHECKING:
    from nosender.linkability.arrays import Floats, Ints
    from nosender.linkability.copied import Copy

REACH = 60.0


def _by(order: Callable[[Rows], Ints]) -> Callable[[Copy], Floats]:
    def score(copy: Copy) -> Floats:
        table = copy.messages
        time = hourly_time(order(table), table.hour)
        return excess(time, table.person, table.person, copy.people, reach=REACH)

    return score


def toasted(copy: Copy) -> Floats:
    """The same of rows whose content is stored out of line, over some minutes."""
    table = copy.messages.take(copy.messages.toast != NONE)
    time = hourly_time(table.toast, table.hour)
    return excess(time, table.person, table.person, copy.people, reach=4 * REACH)


SCORES = (
    Score("excess", "id", _by(lambda table: table.id)),
    Score("excess", "xmin", _by(lambda table: table.xmin)),
    Score("excess", "ctid", _by(lambda table: table.place)),
    Score("excess", "toast", toasted),
)
