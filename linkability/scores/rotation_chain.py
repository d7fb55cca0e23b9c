"""What was replaced with what: the agreements of one pair, followed from key to key.

In 0.1.0 the old key is marked by the transaction, and the new one written by a subtransaction of it, whose
number is the next: xmin + 1. So a person's keys fall into chains, one a partner, and two chains that met
twice are a pair.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

import numpy as np

from nosender.linkability.nearness import likelihood
from nosender.linkability.rotations import rank, sessions
from nosender.linkability.score import Score

if TYPE_CHECKING:
    from nosender.linkability.arrays import Floats, Ints
    from nosender.linkability.copied import Copy, Rows

PLACES = 0.7
REACH = 3.0
MET_TWICE = 10.0


def chains(keys: Rows) -> Ints:
    """[keys]: the number of the chain that each belongs to, that of its first key."""
    by_transaction = {
        (person, xmin): place
        for place, (person, xmin) in enumerate(zip(keys.person.tolist(), keys.xmin.tolist(), strict=True))
    }
    chain = np.arange(len(keys))
    for place in np.argsort(
        -keys.id, kind="stable"
    ).tolist():  # the later ones first, so that chains grow back
        following = by_transaction.get((int(keys.person[place]), int(keys.xmin[place]) + 1))
        if following is not None and not keys.active[place]:
            chain[chain == chain[following]] = place
    return chain


def _twice(copy: Copy) -> Floats:
    """Likelihood by order, and much more for two chains that stood side by side more than once."""
    keys = sessions(copy)
    score = likelihood(rank(keys.id), keys.person, keys.person, copy.people, scale=PLACES, reach=REACH)
    for (one, other), times in _meetings(keys, chains(keys)).items():
        if times > 1:
            score[one, other] += MET_TWICE * (times - 1)
            score[other, one] += MET_TWICE * (times - 1)
    return score


def _marks(copy: Copy) -> Floats:
    """Without the keys' own order: the transactions that marked old keys, which are rotations as well."""
    keys = sessions(copy)
    old = keys.take(keys.active == 0)
    return likelihood(rank(old.xmin), old.person, old.person, copy.people, scale=PLACES, reach=REACH)


def _meetings(keys: Rows, chain: Ints) -> dict[tuple[int, int], int]:
    """For each two people: the most often that two of their chains had keys one or two places apart."""
    moment = np.where(keys.active == 1, keys.xmin, keys.id)  # only the order counts, and ids keep it for all
    order = np.argsort(keys.id if len(np.unique(keys.id)) == len(keys) else moment, kind="stable")
    met: dict[tuple[int, int], int] = defaultdict(int)
    for apart in (1, 2):
        for one, other in zip(order[:-apart].tolist(), order[apart:].tolist(), strict=True):
            if keys.person[one] != keys.person[other]:
                pair = sorted((int(chain[one]), int(chain[other])))
                met[pair[0], pair[1]] += 1
    most: dict[tuple[int, int], int] = defaultdict(int)
    for (one, other), times in met.items():
        people = int(keys.person[one]), int(keys.person[other])
        most[people] = max(most[people], times)
    return most


SCORES = (Score("met-twice", "rotation-chain", _twice), Score("marks", "rotation-chain", _marks))
