"""An expiry less a usual lifetime is the hour of sending; a lifetime that two share names them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from nosender.linkability.copied import NONE
from nosender.linkability.nearness import correlated
from nosender.linkability.score import Score

if TYPE_CHECKING:
    from nosender.linkability.arrays import Floats
    from nosender.linkability.copied import Copy

USUAL = (1, 2, 4, 8, 12, 16, 24, 48, 96, 168, 336, 672, 744)
"""Hours, as applications offer them."""


def _hour_of_sending(copy: Copy) -> Floats:
    """Each expiry, less every usual lifetime that leads to an hour before the copy, in equal parts."""
    table = copy.messages.take(copy.messages.expires != NONE)
    sent = table.expires[:, None] - np.array(USUAL)[None, :]
    possible = (sent >= 0) & (sent <= copy.end)
    weight = possible / np.maximum(possible.sum(axis=1, keepdims=True), 1)
    person = np.broadcast_to(table.person[:, None], sent.shape)
    return correlated(sent[possible], person[possible], copy.people, weight[possible])


def _same_lifetime(copy: Copy) -> Floats:
    """Lifetimes that two people's rows have both, each the more the fewer people have it."""
    table = copy.messages.take(copy.messages.expires != NONE)
    lifetimes, number = np.unique(table.expires - table.hour, return_inverse=True)
    has = np.zeros((copy.people, len(lifetimes)))
    has[table.person, number] = 1.0
    weight = -np.log(np.maximum(has.sum(axis=0), 1.0) / max(1, copy.people))
    score: Floats = (has * weight) @ has.T
    return score


SCORES = (
    Score("hour-of-sending", "expiry", _hour_of_sending),
    Score("same-lifetime", "expiry", _same_lifetime),
)
