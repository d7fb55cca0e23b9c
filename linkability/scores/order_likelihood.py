"""The order of messages, read as time: does a row to one person call forth rows to another?

Hours are stored; inside each the order spreads the rows out, which gives distances to about a second.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from nosender.linkability.copied import NONE, Rows, hourly_time
from nosender.linkability.nearness import likelihood
from nosender.linkability.score import Score

if TYPE_CHECKING:
    from nosender.linkability.arrays import Floats, Ints
    from nosender.linkability.copied import Copy

SECONDS = 30.0
"""How fast answers fall off; chosen on the world of seed 1, which no table of results holds."""

REACH = 90.0


def _by(order: Callable[[Rows], Ints]) -> Callable[[Copy], Floats]:
    def score(copy: Copy) -> Floats:
        table = copy.messages
        time = hourly_time(order(table), table.hour)
        return likelihood(time, table.person, table.person, copy.people, scale=SECONDS, reach=REACH)

    return score


def fresh(copy: Copy) -> Floats:
    """The heap's order of the rows that are not settled yet, without the noise of those that are."""
    table = copy.messages.fresh
    time = hourly_time(table.place, table.hour)
    return likelihood(time, table.person, table.person, copy.people, scale=SECONDS, reach=REACH)


def toasted(copy: Copy) -> Floats:
    """The same of rows whose content is stored out of line; they are few, so it looks further."""
    table = copy.messages.take(copy.messages.toast != NONE)
    time = hourly_time(table.toast, table.hour)
    return likelihood(time, table.person, table.person, copy.people, scale=4 * SECONDS, reach=4 * REACH)


SCORES = (
    Score("likelihood", "id", _by(lambda table: table.id)),
    Score("likelihood", "xmin", _by(lambda table: table.xmin)),
    Score("likelihood", "ctid", _by(lambda table: table.place)),
    Score("fresh", "ctid", fresh),
    Score("likelihood", "toast", toasted),
)
