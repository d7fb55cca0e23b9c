"""Both sides of an agreement store a session key within seconds: neighbours in the table are in contact."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nosender.linkability.nearness import excess, likelihood
from nosender.linkability.rotations import rank, sessions
from nosender.linkability.score import Score

if TYPE_CHECKING:
    from nosender.linkability.arrays import Floats
    from nosender.linkability.copied import Copy

PLACES = 0.7
"""How fast it falls off, in places; chosen on the world of seed 1."""

REACH = 3.0

GAIN = 0.3
"""Of the events that an agreement calls forth: each has another side, but not each stands near."""


def _ids(copy: Copy) -> Floats:
    keys = sessions(copy)
    return likelihood(
        rank(keys.id), keys.person, keys.person, copy.people, scale=PLACES, reach=REACH, gain=GAIN
    )


def _transactions(copy: Copy) -> Floats:
    """Of the keys that are not settled yet: settled ones share a transaction, which says nothing."""
    keys = sessions(copy).fresh
    return likelihood(
        rank(keys.xmin), keys.person, keys.person, copy.people, scale=PLACES, reach=REACH, gain=GAIN
    )


def _heap(copy: Copy) -> Floats:
    keys = sessions(copy)
    return likelihood(
        rank(keys.place), keys.person, keys.person, copy.people, scale=PLACES, reach=REACH, gain=GAIN
    )


def _neighbours(copy: Copy) -> Floats:
    keys = sessions(copy)
    return excess(rank(keys.id), keys.person, keys.person, copy.people, reach=2.0)


SCORES = (
    Score("ids", "rotation-order", _ids),
    Score("transactions", "rotation-order", _transactions),
    Score("heap", "rotation-order", _heap),
    Score("neighbours", "rotation-order", _neighbours),
)
