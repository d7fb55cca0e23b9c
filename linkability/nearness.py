"""What scores share: who comes near whom, in a sequence or in the same bin. Pure functions over arrays.

Every result is [people, people]: the higher, the likelier are the two in contact. Who has no row in it gets
the same value with everybody, which is graded as a guess.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from nosender.linkability.arrays import Flags, Floats, Ints

NOBODY = -1

_PAIRS = 4_000_000
"""So many pairs of events are held in memory at a time."""

_BINS = 1_000

CROWD = 500
"""So many events at one moment have no order among them: a settled group. They are left to `together`."""

_PART = 50
"""Events that show how busy a time is."""

_LAGS = 1_000
"""Events further apart than so many others do not meet, however near in time."""


def likelihood(
    time: Floats,
    source: Ints,
    target: Ints,
    people: int,
    *,
    scale: float,
    reach: float,
    gain: float = 0.1,
    label: Ints | None = None,
) -> Floats:
    """How much likelier the events are if one person's call forth the other's: log-likelihood ratio, summed.

    Shapes: `time`, `source`, `target`, `label` are [events]. An event of `source` raises the rate of every
    `target` event after it by `gain` events in all, falling off with `scale`, ignored after `reach` (both in
    the unit of `time`); the own rate of a target is taken from how busy the time around it is. NOBODY:
    the event is no source, or no target. `label`: only events of the same label meet. Source: point processes
    that excite each other (Hawkes 1971), as a test for each pair alone.
    """
    time, source, target, label = _in_order(time, source, target, label)
    quiet = _own_rate(time, target, people)
    total = np.zeros(people * people)
    for early, late, apart in _near(time, reach):
        meet = (source[early] != NOBODY) & (target[late] != NOBODY) & (source[early] != target[late])
        if label is not None:
            meet &= label[early] == label[late]
        first, second = early[meet], late[meet]
        weight = np.log1p(gain * np.exp(-apart[meet] / scale) / scale / quiet[second])
        total += np.bincount(
            source[first] * people + target[second], weights=weight, minlength=people * people
        )
    score = total.reshape(people, people)
    sources = np.bincount(source[source != NOBODY], minlength=people)
    score = score - gain * sources[:, None]
    symmetric: Floats = score + score.T
    return symmetric


def excess(
    time: Floats, source: Ints, target: Ints, people: int, *, reach: float, label: Ints | None = None
) -> Floats:
    """How many more events than by chance come within `reach` of the other's, in standard deviations.

    Shapes and units as for `likelihood`. Source: statistical disclosure, counts in target epochs less counts
    in random ones (Danezis 2003; Martiny et al. 2021).
    """
    time, source, target, label = _in_order(time, source, target, label)
    count = np.zeros(people * people)
    pairs = 0
    for early, late, _ in _near(time, reach):
        meet = (source[early] != NOBODY) & (target[late] != NOBODY)
        if label is not None:
            meet &= label[early] == label[late]
        pairs += int(meet.sum())
        count += np.bincount(source[early[meet]] * people + target[late[meet]], minlength=people * people)
    seen = count.reshape(people, people)
    share_source = np.bincount(source[source != NOBODY], minlength=people) / max(1, (source != NOBODY).sum())
    share_target = np.bincount(target[target != NOBODY], minlength=people) / max(1, (target != NOBODY).sum())
    chance = pairs * np.outer(share_source, share_target)
    seen, chance = seen + seen.T, chance + chance.T
    score: Floats = (seen - chance) / np.sqrt(chance + 0.5)
    return score


def together(bins: Ints, person: Ints, people: int) -> Floats:
    """Whether two are in the same bins more often than by chance: signed root of the Poisson deviance.

    `bins` and `person` are [rows]: pages, transactions, hours; bins of one person alone tell nothing.
    """
    presence = np.unique(np.stack([bins, person], axis=1), axis=0)
    _, number, size = np.unique(presence[:, 0], return_inverse=True, return_counts=True)
    keep = size[number] > 1
    _, number = np.unique(number[keep], return_inverse=True)
    who, size = presence[keep, 1], np.bincount(number) if keep.any() else np.zeros(0, dtype=np.int64)
    seen = np.zeros((people, people))
    for start in range(0, len(size), _BINS):
        inside = (number >= start) & (number < start + _BINS)
        table = np.zeros((_BINS, people), dtype=np.float32)
        table[number[inside] - start, who[inside]] = 1.0
        seen += table.T @ table
    of_each = np.bincount(who, minlength=people)
    meetings = float((size * size).sum())
    chance = np.outer(of_each, of_each) * (meetings / max(1.0, float(size.sum()) ** 2))
    return _signed_deviance(seen, chance)


def correlated(bins: Ints, person: Ints, people: int, weight: Floats | None = None) -> Floats:
    """How alike the counts of two are over the bins, each less what the size of the bin predicts.

    `bins`, `person` and `weight` are [rows]; there should be few bins, such as hours.
    """
    _, number = np.unique(bins, return_inverse=True)
    width = int(number.max(initial=-1)) + 1
    count = np.bincount(person * width + number, weights=weight, minlength=people * width).reshape(
        people, width
    )
    total = max(float(count.sum()), 1e-9)
    chance = np.outer(count.sum(axis=1), count.sum(axis=0)) / total
    residual = (count - chance) / np.sqrt(chance + 0.25)
    length = np.sqrt((residual**2).sum(axis=1, keepdims=True)) + 1e-9
    score: Floats = (residual / np.sqrt(length)) @ (residual / np.sqrt(length)).T
    return score


def nearest(first: Ints, second: Ints | None = None) -> Floats:
    """One over the distance of two people's numbers: [people], below 1 for none. `second`: to those."""
    other = first if second is None else second
    apart = np.abs(first[:, None] - other[None, :]).astype(np.float64)
    score = 1.0 / (1.0 + apart)
    score[(first < 1), :] = 0.0
    score[:, (other < 1)] = 0.0
    symmetric: Floats = np.maximum(score, score.T) if second is not None else score
    return symmetric


def _in_order(
    time: Floats, source: Ints, target: Ints, label: Ints | None
) -> tuple[Floats, Ints, Ints, Ints | None]:
    """The events by time, without those that stand in a crowd."""
    _, moment, size = np.unique(time, return_inverse=True, return_counts=True)
    order = np.argsort(time, kind="stable")
    order = order[size[moment[order]] <= CROWD]
    return time[order], source[order], target[order], label[order] if label is not None else None


def _near(time: Floats, reach: float) -> Iterator[tuple[Ints, Ints, Floats]]:
    """Pairs of events (earlier, later, distance) no further apart than `reach`, some lags at a time."""
    count = len(time)
    waiting: list[tuple[Ints, Ints, Floats]] = []
    held = 0
    for lag in range(1, min(count, _LAGS)):
        apart = time[lag:] - time[:-lag]
        near = np.flatnonzero(apart <= reach)
        if not len(near):
            break
        waiting.append((near, near + lag, apart[near]))
        held += len(near)
        if held > _PAIRS:
            yield _joined(waiting)
            waiting, held = [], 0
    if waiting:
        yield _joined(waiting)


def _joined(parts: list[tuple[Ints, Ints, Floats]]) -> tuple[Ints, Ints, Floats]:
    early, late, apart = zip(*parts, strict=True)
    return np.concatenate(early), np.concatenate(late), np.concatenate(apart)


def _own_rate(time: Floats, target: Ints, people: int) -> Floats:
    """[events]: events of the target's a unit of time that come anyway; follows days and nights."""
    real = target != NOBODY
    span = max(float(time[-1] - time[0]), 1e-9) if len(time) else 1.0
    parts = int(np.clip(real.sum() // _PART, 1, 100))
    part = np.minimum(((time - time[:1]) / span * parts).astype(np.int64), parts - 1)
    of_part = np.bincount(part[real], minlength=parts) / max(1, int(real.sum()))
    of_each = np.bincount(target[real], minlength=people)
    rate: Floats = (of_each[target] * real + 0.5) * (of_part[part] + 0.1 / parts) * parts / span
    return rate


def _signed_deviance(seen: Floats, chance: NDArray[np.floating]) -> Floats:
    safe = np.maximum(chance, 1e-12)
    deviance = seen * np.log(np.maximum(seen, 1e-12) / safe) - (seen - chance)
    score: Floats = np.sign(seen - chance) * np.sqrt(2.0 * np.maximum(deviance, 0.0))
    return score


def has_rows(person: Ints, people: int) -> Flags:
    """[people]: who has any."""
    flags: Flags = np.bincount(person, minlength=people) > 0
    return flags
