"""A group's message has a row for every member but one: the one who is missing has sent it.

Nothing says which rows belong together, or who is in a group. But rows of one message are neighbours, the
same set of people comes again when the same member writes, and sets that differ by one person are one group.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

import numpy as np

from nosender.linkability.nearness import NOBODY
from nosender.linkability.score import Score

if TYPE_CHECKING:
    from collections.abc import Callable

    from nosender.linkability.arrays import Ints
    from nosender.linkability.copied import Copy

SIZES = range(3, 13)
"""How many rows a group's message may have; of two, any two conversations make as many."""

_SHARED = 50
"""A part that more sets than these have in common is no sign of a group."""


def absent(order: Ints, person: Ints, people: int) -> Ints:
    """[rows]: the sender of each row, or NOBODY; the larger groups decide where two fit."""
    sequence = np.argsort(order, kind="stable")
    in_order = person[sequence]
    mark = np.random.default_rng(0).integers(1, 2**58, people)  # sums of them stand for sets of people
    named = np.full(len(order), NOBODY)
    for size in SIZES:
        start, who = _of_size(in_order, mark, size)
        for place in range(size):
            named[sequence[start + place]] = who
    return named


def _of_size(person: Ints, mark: Ints, size: int) -> tuple[Ints, Ints]:
    """Where runs of `size` rows start whose sender is known, and who it is: [runs] both."""
    nothing = np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64)
    if len(person) < size:
        return nothing
    windows = np.lib.stride_tricks.sliding_window_view(person, size)
    ordered = np.sort(windows, axis=1)
    different = np.flatnonzero((ordered[:, 1:] != ordered[:, :-1]).all(axis=1))
    sums = mark[windows[different]].sum(axis=1)
    values, first, times = np.unique(sums, return_index=True, return_counts=True)
    again = np.flatnonzero(times > 1)
    if len(again) < 2:
        return nothing
    sender = _completed(windows[different[first[again]]], times[again], mark)
    number = np.searchsorted(values[again], sums).clip(max=len(again) - 1)
    known = (values[again][number] == sums) & (sender[number] != NOBODY)
    return different[known], sender[number[known]]


def _completed(members: Ints, often: Ints, mark: Ints) -> Ints:
    """[sets]: who makes a set and another one the same group, or NOBODY; of several the one seen most often.

    `members` is [sets, size]. Two sets of one group lack one person each, the other's sender: without them
    they are the same.
    """
    whole = mark[members].sum(axis=1)
    rest = whole[:, None] - mark[members]
    parts: dict[int, list[tuple[int, int]]] = defaultdict(list)
    for number, (row, people) in enumerate(zip(rest.tolist(), members.tolist(), strict=True)):
        for part, lacking in zip(row, people, strict=True):
            parts[part].append((number, lacking))
    ways: set[tuple[int, int, int]] = set()
    for sets in parts.values():
        if 1 < len(sets) <= _SHARED:
            for one, own in sets:
                ways |= {(int(whole[one] + mark[more]), one, more) for _, more in sets if more != own}
    support: dict[int, int] = defaultdict(int)
    for group, one, _ in ways:
        support[group] += int(often[one])
    best: dict[int, tuple[int, int]] = {}
    for group, one, more in sorted(ways):
        weight, chosen = best.get(one, (0, NOBODY))
        if support[group] > weight:
            best[one] = support[group], more
        elif support[group] == weight and more != chosen:
            best[one] = weight, NOBODY
    return np.array([best.get(number, (0, NOBODY))[1] for number in range(len(members))], dtype=np.int64)


def _by(order: Callable[[Copy], Ints]) -> Callable[[Copy], Ints]:
    return lambda copy: absent(order(copy), copy.messages.person, copy.people)


SCORES = (
    Score("ids", "group-sender", _by(lambda copy: copy.messages.id), names="senders"),
    Score("transactions", "group-sender", _by(lambda copy: copy.messages.xmin), names="senders"),
    Score("heap", "group-sender", _by(lambda copy: copy.messages.place), names="senders"),
)
