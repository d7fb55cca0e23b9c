"""Who there is, who knows whom, who talks in which group, and which devices they own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from nosender.linkability.arrays import Flags, Floats, Ints
    from nosender.linkability.simulation.conduct import Conduct

_SMALLEST_GROUP = 3


@dataclass(frozen=True, slots=True)
class Society:
    """People are numbers from 0; their numbers say nothing about whom they know."""

    phones: Ints
    """[people], rising: digits without the +, under country code 999, which is assigned to nobody."""
    pairs: Ints
    """[pairs, 2]: people who write to each other."""
    weights: Floats
    """[pairs]: the share of all conversations between two people that one pair has; heavy-tailed, sum 1."""
    groups: tuple[Ints, ...]
    """Members of each group."""
    device_owner: Ints
    """[devices]; a person's first device comes before the others."""
    device_first: Flags
    """[devices]: the device that is with its owner all day."""
    device_dead: Flags
    """[devices]: never fetches anything."""
    silent: Flags
    """[people]: tell nobody what they have read."""


def make_society(random: np.random.Generator, conduct: Conduct, people: int) -> Society:
    """Draw everything about `people` people that does not change while they talk."""
    phones = 999_000_000_000_000 + np.sort(random.choice(10**9, people, replace=False))
    activity = random.lognormal(0.0, conduct.people.activity_sigma, people)
    circle = random.permutation(people) // max(2, min(conduct.people.circle, people))
    pairs = _pairs(random, conduct, activity, circle)
    weights = (1.0 + random.pareto(conduct.people.contact_alpha, len(pairs))) * np.sqrt(
        activity[pairs[:, 0]] * activity[pairs[:, 1]]
    )
    extra = random.poisson(conduct.people.extra_devices, people).clip(0, 3)
    dead = random.random(people) < conduct.people.never_back
    per_person = 1 + extra + dead
    owner = np.repeat(np.arange(people), per_person)
    place = np.arange(len(owner)) - np.repeat(np.cumsum(per_person) - per_person, per_person)
    return Society(
        phones=phones,
        pairs=pairs,
        weights=weights / weights.sum(),
        groups=_groups(random, conduct, activity, circle),
        device_owner=owner,
        device_first=place == 0,
        device_dead=dead[owner] & (place == per_person[owner] - 1),
        silent=random.random(people) < conduct.people.silent_readers,
    )


def _pairs(random: np.random.Generator, conduct: Conduct, activity: Floats, circle: Ints) -> Ints:
    """[pairs, 2], each pair once: half of them from the same circle, the active more often."""
    people = len(activity)
    wanted = max(1, min(round(people * conduct.people.contacts / 2), people * (people - 1) // 2))
    found: set[tuple[int, int]] = set()
    likely = np.sqrt(activity) / np.sqrt(activity).sum()
    for _ in range(50):
        first = random.choice(people, 2 * wanted, p=likely)
        near = random.random(2 * wanted) < 0.5
        second = random.choice(people, 2 * wanted, p=likely)
        for a, b, same in zip(first.tolist(), second.tolist(), near.tolist(), strict=True):
            if same:
                others = np.flatnonzero(circle == circle[a])
                b = int(others[int(random.integers(len(others)))])
            if a != b:
                found.add((min(a, b), max(a, b)))
            if len(found) == wanted:
                return np.array(sorted(found), dtype=np.int64)
    return np.array(sorted(found), dtype=np.int64)


def _groups(
    random: np.random.Generator, conduct: Conduct, activity: Floats, circle: Ints
) -> tuple[Ints, ...]:
    people = len(activity)
    if people < 2 * _SMALLEST_GROUP:
        return ()
    groups = []
    for _ in range(max(1, round(people * conduct.group.per_person / conduct.group.size))):
        size = _SMALLEST_GROUP + int(random.poisson(max(0.0, conduct.group.size - _SMALLEST_GROUP)))
        chance = activity * np.where(circle == circle[int(random.integers(people))], 20.0, 1.0)
        groups.append(random.choice(people, min(size, people // 2), replace=False, p=chance / chance.sum()))
    return tuple(groups)
