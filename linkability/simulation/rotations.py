"""When two people agree on a session key: both sides store one within seconds of each other."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from nosender.linkability.simulation.conduct import Conduct
    from nosender.linkability.simulation.conversations import Talk


@dataclass(frozen=True, slots=True)
class Rotation:
    """One agreement of two people."""

    time: float
    """When the first side leaves its ephemeral key, seconds."""
    claimed: float | None
    """When the other side takes it; None: never, and then no key is stored."""
    stored: tuple[float, float]
    """When the first side stores its session key, and when the other does."""
    people: tuple[int, int]
    """The first side, the other side."""
    generation: int
    """How many agreements of the pair came before: the rotation counter where it starts at 0."""


def make_rotations(random: np.random.Generator, conduct: Conduct, talk: Talk) -> list[Rotation]:
    """Before the first conversation of a pair, and before the first one after `every_hours`."""
    last: dict[tuple[int, int], tuple[float, int]] = {}
    made = []
    for start, (first, other) in zip(talk.meeting_time.tolist(), talk.meetings.tolist(), strict=True):
        pair = (min(first, other), max(first, other))
        before, generation = last.get(pair, (-np.inf, 0))
        time = start - float(random.uniform(3.0, 8.0))
        if time < 0 or start - before < conduct.key.every_hours * 3600.0:
            continue
        wait = time + float(random.exponential(conduct.key.publish_to_claim))
        theirs = wait + float(random.exponential(conduct.key.claim_to_store))
        ours = theirs + float(random.exponential(conduct.key.claim_to_store))
        taken = bool(random.random() >= conduct.key.unclaimed)
        made.append(Rotation(time, wait if taken else None, (ours, theirs), (first, other), generation))
        if taken:
            last[pair] = (start, generation + 1)
    return made
