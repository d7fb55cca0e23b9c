"""Whoever has just read something writes: transactions of acknowledgements against those of messages."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from nosender.linkability.copied import hourly_time
from nosender.linkability.nearness import NOBODY, excess, likelihood
from nosender.linkability.score import Score

if TYPE_CHECKING:
    from nosender.linkability.arrays import Floats, Ints
    from nosender.linkability.copied import Copy

SECONDS = 15.0
REACH = 60.0


def _calls(copy: Copy) -> tuple[Floats, Ints, Ints]:
    """Moments, who acknowledged (NOBODY: a message), whom a message went to (NOBODY: an acknowledgement)."""
    messages, deliveries = copy.messages, copy.deliveries.take(copy.deliveries.counter == 1)
    _, once = np.unique(deliveries.xmin * copy.people + deliveries.person, return_index=True)
    deliveries = deliveries.take(once)  # a call acknowledges many
    order = np.concatenate([deliveries.xmin, messages.xmin])
    hour = np.concatenate([deliveries.hour, messages.hour])
    none_of = np.full(len(deliveries), NOBODY), np.full(len(messages), NOBODY)
    return (
        hourly_time(order, hour),
        np.concatenate([deliveries.person, none_of[1]]),
        np.concatenate([none_of[0], messages.person]),
    )


def _likelihood(copy: Copy) -> Floats:
    return likelihood(*_calls(copy), copy.people, scale=SECONDS, reach=REACH)


def _excess(copy: Copy) -> Floats:
    return excess(*_calls(copy), copy.people, reach=SECONDS)


def _both(copy: Copy) -> Floats:
    """With the messages that follow messages."""
    time, _, target = _calls(copy)
    return _likelihood(copy) + likelihood(time, target, target, copy.people, scale=2 * SECONDS, reach=REACH)


SCORES = (
    Score("likelihood", "acknowledgement", _likelihood),
    Score("excess", "acknowledgement", _excess),
    Score("with-messages", "acknowledgement", _both),
)
