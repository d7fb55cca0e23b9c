"""Grading: ties share, nobody is right by accident, and the order statistic is calibrated."""

from __future__ import annotations

import dataclasses

import numpy as np

from nosender.linkability import grading
from nosender.linkability.channel import channel_of
from nosender.linkability.copied import NONE

from .handmade import PEOPLE, telling, truth


def test_the_highest_of_a_row_is_named_and_ties_share() -> None:
    contacts = np.array([[False, True, False], [True, False, False], [False, False, False]])
    score = np.array([[9.0, 2.0, 1.0], [0.0, 9.0, 0.0], [0.0, 0.0, 9.0]])
    np.testing.assert_array_equal(grading.named_first(score, contacts), [1.0, 0.5, 0.0])


def test_no_answer_is_a_guess() -> None:
    copy = telling()
    known = truth(copy)
    for nothing in (np.zeros((PEOPLE, PEOPLE)), np.full((PEOPLE, PEOPLE), np.nan)):
        np.testing.assert_allclose(grading.named_first(nothing, known.contacts), 1 / (PEOPLE - 1))


def test_who_is_graded() -> None:
    copy = telling()
    known = truth(copy)
    assert grading.graded_people(channel_of("id"), copy, known).all()
    assert grading.graded_people(channel_of("never-back"), copy, known).sum() == 10
    some = dataclasses.replace(copy, session_keys=copy.session_keys.take(copy.session_keys.person < 6))
    assert grading.graded_people(channel_of("user-lock"), some, known).sum() == 6


def test_one_row_of_a_group_message_is_enough_and_counts_once() -> None:
    copy = telling()
    count = len(copy.messages)
    utterance = np.full(count, NONE)
    utterance[:4], utterance[4:6] = 7, 8
    known = dataclasses.replace(truth(copy), utterance=utterance, sender=np.full(count, 3))
    guess = np.full(count, NONE)
    guess[2] = 3
    right, named = grading.senders_named(guess, known)
    assert right.tolist() == [1.0, 0.0]
    assert named.tolist() == [1.0, 0.0]
    guess[2] = 4
    assert grading.senders_named(guess, known)[0].tolist() == [0.0, 0.0]


def test_the_order_statistic_is_about_one_by_chance_and_large_for_any_order() -> None:
    random = np.random.default_rng(0)
    period, turn = np.repeat(np.arange(20), 100), np.arange(2000)
    by_chance = [grading.order_statistic(random.permutation(2000), period, turn)[0] for _ in range(300)]
    assert 0.6 < np.mean(by_chance) < 1.0  # of a normal: .80
    assert np.mean([value > 3.09 for value in by_chance]) < 0.02
    for kept in (turn, -turn):
        assert grading.order_statistic(kept, period, turn)[0] > 40
    days = period * 1000 + random.permutation(2000) % 1000  # days in order, inside them chance
    assert grading.order_statistic(days, period, turn)[0] < 4
    assert grading.order_statistic(np.zeros(2000, dtype=int), period, turn) == (0.0, 0)


def test_settled_rows_are_those_that_share_a_transaction() -> None:
    copy = telling()
    xmin = copy.messages.xmin.copy()
    xmin[:50] = 5
    table = dataclasses.replace(copy.messages, xmin=xmin)
    assert table.is_settled[:50].all()
    assert not table.is_settled[50:].any()
    assert len(table.fresh) == len(table) - 50
