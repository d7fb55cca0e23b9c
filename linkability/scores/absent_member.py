"""A group's message has a row for every member but one: the one who is missing has sent it.

Nothing says which rows belong together, or who is in a group. But rows of one message are neighbours, the
same set of people comes again when the same member writes, and sets that differ by one person are one group.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from nosender.linkability.nearness import NOBODY
from nosender.linkability.score import Score

if TYPE_CHECKING:
    from collections.abc import Callable

    from nosender.linkability.arrays import Ints
    from nosender.linkability.copied import Copy

SIZES = range(2, 13)
"""How many rows a group's message may have."""


def absent(order: Ints, person: Ints, people: int) -> Ints:
    """[rows]: the sender of each row, or NOBODY; the larger groups decide where two fit."""
    sequence = np.argsort(order, kind="stable")
    in_order = person[sequence]
    mark = np.random.default_rng(0).integers(1, 2**62, people)  # sums of them stand for sets of people
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
    if not len(different):
        return nothing
    sets = mark[windows[different]].sum(axis=1)
    values, times = np.unique(sets, return_counts=True)
    again = values[times > 1]
    if len(again) < 2:
        return nothing
    whole = again[:, None] + mark[None, :]  # each set and one more person: the same for two sets of one group
    groups, members = np.unique(whole, return_counts=True)
    sure = groups[members > 1]
    place = np.searchsorted(sure, whole).clip(max=max(0, len(sure) - 1))
    fits = (sure[place] == whole) if len(sure) else np.zeros(whole.shape, dtype=bool)
    one = fits.sum(axis=1) == 1  # more than one way to complete a set says nothing
    sender = np.where(one, fits.argmax(axis=1), NOBODY)
    number = np.searchsorted(again, sets).clip(max=len(again) - 1)
    known = (again[number] == sets) & (sender[number] != NOBODY)
    return different[known], sender[number[known]]


def _by(order: Callable[[Copy], Ints]) -> Callable[[Copy], Ints]:
    return lambda copy: absent(order(copy), copy.messages.person, copy.people)


SCORES = (
    Score("ids", "group-sender", _by(lambda copy: copy.messages.id), names="senders"),
    Score("transactions", "group-sender", _by(lambda copy: copy.messages.xmin), names="senders"),
    Score("heap", "group-sender", _by(lambda copy: copy.messages.place), names="senders"),
)
