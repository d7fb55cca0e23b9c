"""Points and bounds of shares, paired with their baseline. Pure, without a statistics library."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import NormalDist
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from nosender.linkability.arrays import Floats

LEVEL = 0.001
"""One-sided: bounds hold with 99.9 %, and in all rows of a table together a false alarm is as rare."""


@dataclass(frozen=True, slots=True)
class Share:
    """A mean of successes."""

    point: float
    upper: float
    """One-sided upper bound at `LEVEL`."""
    worlds: tuple[float, float]
    """The lowest and the highest mean of a world."""


@dataclass(frozen=True, slots=True)
class Excess:
    """How much better an attack is than its baseline on the same people."""

    point: float
    lower: float
    """One-sided lower bound; the level is shared by all rows of a table."""
    upper: float
    """One-sided upper bound at `LEVEL`."""


def share(worlds: list[Floats]) -> Share:
    """Successes (0 to 1) of all people of some worlds, pooled. Wilson's bound; worlds may be empty."""
    filled = [each for each in worlds if len(each)]
    if not filled:
        return Share(float("nan"), 1.0, (float("nan"), float("nan")))
    pooled = np.concatenate(filled)
    means = [float(each.mean()) for each in filled]
    point = float(pooled.mean())
    return Share(point, _wilson(point, len(pooled), deviations(LEVEL)), (min(means), max(means)))


def excess(attack: list[Floats], baseline: list[Floats], tests: int) -> Excess:
    """Paired differences, pooled over worlds; `tests`: how many scores share the level of the lower bound.

    The deviation is the larger of two: over people, and over worlds, whose people depend on each other.
    """
    differences = [one - other for one, other in zip(attack, baseline, strict=True) if len(one)]
    if not differences:
        return Excess(float("nan"), -1.0, 1.0)
    pooled = np.concatenate(differences)
    count = len(pooled)
    point = float(pooled.mean())
    # One success more and one less than were seen: so that nothing seen is not taken for nothing there.
    variance = (float((pooled**2).sum()) + 1.0) / count - point**2
    deviation = float(np.sqrt(max(variance, 0.0) / count))
    if len(differences) > 2:
        means = np.array([float(each.mean()) for each in differences])
        deviation = max(deviation, float(means.std(ddof=1) / np.sqrt(len(means))))
    return Excess(
        point,
        point - deviations(LEVEL / max(1, tests)) * deviation,
        point + deviations(LEVEL) * deviation,
    )


def deviations(level: float) -> float:
    """How far out of a normal one has to go for this level on one side."""
    return NormalDist().inv_cdf(1.0 - level)


def _wilson(point: float, count: int, z: float) -> float:
    """Upper end of Wilson's interval for a share of `count` trials."""
    middle = point + z * z / (2 * count)
    spread = z * float(np.sqrt(point * (1 - point) / count + z * z / (4 * count * count)))
    return min(1.0, (middle + spread) / (1 + z * z / count))
