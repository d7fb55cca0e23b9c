"""A holder who copies often needs no order: the first copy with a message in it gives its time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nosender.linkability.nearness import correlated, excess, likelihood, together
from nosender.linkability.score import Score

if TYPE_CHECKING:
    from nosender.linkability.arrays import Floats
    from nosender.linkability.copied import Copy

STEP = 60.0
"""Seconds between two copies: everything of one step stands at one moment."""


def _minutes(copy: Copy) -> Floats:
    seen = copy.seen_minute
    time = seen.moment.astype(float)
    return likelihood(time, seen.person, seen.person, copy.people, scale=STEP, reach=2 * STEP)


def _minutes_excess(copy: Copy) -> Floats:
    seen = copy.seen_minute
    return excess(seen.moment.astype(float), seen.person, seen.person, copy.people, reach=STEP)


def _hours(copy: Copy) -> Floats:
    return correlated(copy.seen_hour.moment, copy.seen_hour.person, copy.people)


def _hours_together(copy: Copy) -> Floats:
    return together(copy.seen_hour.moment, copy.seen_hour.person, copy.people)


SCORES = (
    Score("likelihood", "copy-minute", _minutes),
    Score("excess", "copy-minute", _minutes_excess),
    Score("counts", "copy-hour", _hours),
    Score("presence", "copy-hour", _hours_together),
)
