"""The shared arithmetic, on events whose answer can be told by hand."""

from __future__ import annotations

import numpy as np

from nosender.linkability import nearness
from nosender.linkability.copied import hourly_time, shuffled
from nosender.linkability.nearness import NOBODY

from .handmade import telling


def test_who_follows_soon_is_likelier_than_who_follows_late() -> None:
    time = np.array([0.0, 1.0, 50.0, 1000.0, 1001.0, 1050.0])
    person = np.array([0, 1, 2, 0, 1, 2])
    for score in (
        nearness.likelihood(time, person, person, 4, scale=5.0, reach=100.0),
        nearness.excess(time, person, person, 4, reach=10.0),
    ):
        assert score[0, 1] > score[0, 2]
        np.testing.assert_allclose(score, score.T)


def test_excess_counts_pairs_of_events() -> None:
    time, person = np.array([0.0, 1.0, 2.0]), np.array([0, 1, 2])
    score = nearness.excess(time, person, person, 3, reach=1.0)
    chance = 2 * 2 / 9  # two pairs, both ways, each of nine combinations as likely
    assert score[0, 1] == (1 - chance) / np.sqrt(chance + 0.5)
    assert score[0, 2] == (0 - chance) / np.sqrt(chance + 0.5)


def test_a_source_that_is_nobody_calls_forth_nothing() -> None:
    time = np.arange(4.0)
    source, target = np.array([0, NOBODY, 0, NOBODY]), np.array([NOBODY, 1, NOBODY, 1])
    score = nearness.likelihood(time, source, target, 3, scale=1.0, reach=2.0)
    assert score[0, 1] > score[0, 2]
    assert score[1, 2] == 0.0


def test_labels_keep_apart() -> None:
    time, person = np.array([0.0, 1.0, 100.0, 101.0]), np.array([0, 1, 0, 2])
    label = np.array([7, 8, 7, 7])
    score = nearness.likelihood(time, person, person, 3, scale=1.0, reach=5.0, label=label)
    assert score[0, 2] > score[0, 1]


def test_a_crowd_at_one_moment_has_no_order() -> None:
    """A settled group; it must cost nothing, and the order of the rows in the copy must not leak into it."""
    count = 40_000
    person = np.arange(count) % 50
    score = nearness.likelihood(np.zeros(count), person, person, 50, scale=1.0, reach=1.0)
    assert not score.any()


def test_together_is_the_root_of_the_deviance_of_shared_bins() -> None:
    bins = np.array([0, 0, 1, 1, 2, 2, 3])
    person = np.array([0, 1, 0, 1, 2, 3, 0])
    score = nearness.together(bins, person, 4)
    assert score[0, 1] == score[1, 0] > 0 > score[0, 2]
    chance = 2 * 2 * (3 * 4) / 36  # bin 3 has one person and tells nothing
    assert np.isclose(score[0, 1], np.sqrt(2 * (2 * np.log(2 / chance) - (2 - chance))))
    assert not nearness.together(np.arange(3), np.arange(3), 3).any()


def test_correlated_likes_those_with_the_same_hours() -> None:
    hour = np.array([0, 0, 5, 5, 9, 9, 3, 7])
    person = np.array([0, 1, 0, 1, 0, 1, 2, 3])
    score = nearness.correlated(hour, person, 4)
    assert score[0].argsort()[-2:].tolist() in ([0, 1], [1, 0])


def test_nearest_leaves_out_who_has_no_number() -> None:
    score = nearness.nearest(np.array([100, 102, 0, 500]))
    assert score[0, 1] == 1 / 3
    assert not score[2].any()
    assert not score[:, 2].any()
    crossed = nearness.nearest(np.array([10, 0]), np.array([0, 11]))
    assert crossed[0, 1] == crossed[1, 0] == 0.5


def test_rows_are_spread_over_their_hour_and_equal_ones_stand_together() -> None:
    time = hourly_time(np.array([30, 10, 20, 20]), np.array([1, 0, 1, 1]))
    assert time[1] == 1800.0
    np.testing.assert_allclose(time[2:], 3600.0 + (1 / 6 + 3 / 6) / 2 * 3600.0)
    np.testing.assert_allclose(time[0], 3600.0 + 5 / 6 * 3600.0)


def test_the_control_keeps_everything_but_the_order_inside_an_hour() -> None:
    copy = telling()
    control = shuffled(copy, np.random.default_rng(0))
    before, after = copy.messages, control.messages
    np.testing.assert_array_equal(before.hour, after.hour)
    np.testing.assert_array_equal(before.person, after.person)
    np.testing.assert_array_equal(np.sort(before.id), np.sort(after.id))
    for hour in np.unique(before.hour):
        here = before.hour == hour
        assert set(before.id[here]) == set(after.id[here])
        assert set(zip(before.id[here], before.xmin[here], strict=True)) == set(
            zip(after.id[here], after.xmin[here], strict=True)
        )
    assert (before.id != after.id).mean() > 0.9
    assert set(copy.users.xmax) == set(control.users.xmax)


def test_the_control_keeps_the_rows_of_a_session_key_together() -> None:
    copy = telling()
    keys = copy.session_keys
    doubled = keys.take(np.repeat(np.arange(len(keys)), 2))
    control = shuffled(
        type(copy)(**{n: getattr(copy, n) for n in copy.__slots__} | {"session_keys": doubled}),
        np.random.default_rng(1),
    ).session_keys
    for parent in np.unique(control.parent):
        assert len(set(control.xmin[control.parent == parent])) == 1
