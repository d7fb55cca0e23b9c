"""Points, bounds, and how often an innocent table is called a leak."""

from __future__ import annotations

import numpy as np
import pytest

from nosender.linkability import bounds


def test_wilson_holds_at_its_ends() -> None:
    nothing = bounds.share([np.zeros(1000)])
    assert nothing.point == 0.0
    assert 0.008 < nothing.upper < 0.011  # z² / (n + z²), z = 3.09
    everything = bounds.share([np.ones(10)])
    assert everything.point == 1.0
    assert everything.upper == pytest.approx(1.0)


def test_the_range_is_over_worlds_and_the_point_over_people() -> None:
    found = bounds.share([np.zeros(30), np.ones(10)])
    assert found.point == 0.25
    assert found.worlds == (0.0, 1.0)


def test_nobody_gives_no_number() -> None:
    found = bounds.share([np.zeros(0)])
    assert found.point != found.point
    assert found.upper == 1.0
    empty = bounds.excess([np.zeros(0)], [np.zeros(0)], 1)
    assert (empty.lower, empty.upper) == (-1.0, 1.0)


def test_pairs_cancel() -> None:
    """Who is easy for popularity as well tells nothing about the attack."""
    random = np.random.default_rng(0)
    easy = (random.random(4000) < 0.5).astype(float)
    found = bounds.excess([easy], [easy], 1)
    assert found.point == 0.0
    assert found.upper < 0.002


def test_worlds_that_differ_widen_the_bound() -> None:
    flat = [np.full(1000, 0.1) for _ in range(4)]
    apart = [np.full(1000, value) for value in (0.0, 0.05, 0.15, 0.2)]
    none_of = [np.zeros(1000)] * 4
    assert bounds.excess(apart, none_of, 1).upper > bounds.excess(flat, none_of, 1).upper + 0.05


@pytest.mark.parametrize(("tests", "most"), [(1, 14), (40, 2)])
def test_an_innocent_score_is_seldom_called_a_leak(tests: int, most: int) -> None:
    """4,000 tables without a leak: about 4 are expected to be called one at the level of a single test."""
    random = np.random.default_rng(1)
    alarms = 0
    for _ in range(4000):
        attack = [(random.random(300) < 0.05).astype(float) for _ in range(2)]
        popular = [(random.random(300) < 0.05).astype(float) for _ in range(2)]
        alarms += bounds.excess(attack, popular, tests).lower > 0.0
    assert alarms <= most
