"""Counters that both sides count together: equal ones, near in order or in one hour, are one agreement."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from nosender.linkability.nearness import likelihood, together
from nosender.linkability.rotations import rank, sessions
from nosender.linkability.score import Score

if TYPE_CHECKING:
    from nosender.linkability.arrays import Floats
    from nosender.linkability.copied import Copy

PLACES = 0.7
REACH = 3.0


def _ordered(copy: Copy) -> Floats:
    keys = sessions(copy)
    return likelihood(
        rank(keys.id), keys.person, keys.person, copy.people, scale=PLACES, reach=REACH, label=keys.counter
    )


def _hours(copy: Copy) -> Floats:
    """No order at all: the same hour and the same counter."""
    keys = sessions(copy)
    return together(_numbered(keys.hour, keys.counter), keys.person, copy.people)


def _days(copy: Copy) -> Floats:
    """The same day and the same counter: enough where counters are old and rare."""
    keys = sessions(copy)
    return together(_numbered(keys.hour // 24, keys.counter), keys.person, copy.people)


def _numbered(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    return np.unique(np.stack([first, second]), axis=1, return_inverse=True)[1]


SCORES = (
    Score("order", "rotation-counter", _ordered),
    Score("hour", "rotation-counter", _hours),
    Score("day", "rotation-counter", _days),
)
