"""Every score on worlds where the answer is known: where all is told it finds the pairs, where nothing is, none."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from nosender.errors import UsageError
from nosender.linkability.channel import CHANNELS
from nosender.linkability.grading import named_first
from nosender.linkability.nearness import NOBODY
from nosender.linkability.score import Score, discover
from nosender.linkability.scores.absent_member import absent
from nosender.linkability.scores.rotation_chain import chains

from .handmade import PEOPLE, settled, telling, truth

SCORES = discover()
OF_CONTACTS = [
    score for score in SCORES if score.names == "contacts" and score.slug != "same-transaction"
]
WEAK = {"hour-of-sending", "page-counts", "presence", "counts", "day", "hour", "marks"}
"""Hours and pages of so few rows tell less than order does, but far more than chance (1 in 39)."""


def success(score: Score, copy) -> float:  # type: ignore[no-untyped-def]
    return float(named_first(score.function(copy), truth(copy).contacts).mean())


@pytest.mark.parametrize("score", OF_CONTACTS, ids=lambda score: f"{score.channel}-{score.slug}")
def test_a_score_finds_the_pairs_where_its_channel_tells_them(score: Score) -> None:
    assert success(score, telling()) > (0.25 if score.slug in WEAK else 0.85)


@pytest.mark.parametrize(
    "score",
    [score for score in OF_CONTACTS if not score.channel.startswith("copy-")],
    ids=lambda score: f"{score.channel}-{score.slug}",
)
def test_a_score_finds_nothing_where_the_tables_tell_nothing(score: Score) -> None:
    found = np.mean([success(score, settled(telling(seed), seed)) for seed in range(4)])
    assert found < 0.13  # chance is .026; 160 people


def test_a_group_of_one_transaction_tells_what_its_hour_tells() -> None:
    """Rows settled hour by hour: no order and times by the day, but each hour has a transaction of its own."""
    (score,) = (score for score in SCORES if score.slug == "same-transaction")
    copy = telling()
    quiet = settled(copy)
    by_hour = dataclasses.replace(quiet, messages=dataclasses.replace(quiet.messages, xmin=copy.messages.hour))
    assert success(score, by_hour) > 0.4
    assert success(score, quiet) < 0.2
    assert success(score, copy) < 0.2  # a transaction of its own for each row: nothing to share


def test_every_channel_has_two_scores() -> None:
    by_channel = {channel.slug: 0 for channel in CHANNELS}
    for score in SCORES:
        by_channel[score.channel] += 1
    by_channel.pop("never-back")  # that of the others, on some of the people
    assert min(by_channel.values()) >= 2, by_channel


def test_scores_are_pure() -> None:
    copy = telling()
    for score in SCORES:
        first, second = score.function(copy), score.function(copy)
        np.testing.assert_array_equal(first, second)


def group_rows(utterances: list[tuple[int, tuple[int, ...]]]) -> tuple[np.ndarray, np.ndarray]:
    person = [member for sender, members in utterances for member in members if member != sender]
    return np.arange(len(person)), np.array(person)


def test_the_absent_member_is_the_sender() -> None:
    group, other = (3, 5, 8, 9), (1, 2, 4)
    said = [(3, group), (5, group), (1, other), (3, group), (2, other), (5, group), (1, other), (2, other)]
    order, person = group_rows(said)
    guess = absent(order, person, 12)
    expected = [sender for sender, members in said for _ in range(len(members) - 1)]
    named = guess != NOBODY
    assert named.mean() > 0.8
    np.testing.assert_array_equal(guess[named], np.array(expected)[named])


def test_nobody_is_named_where_rows_of_groups_are_scattered() -> None:
    random = np.random.default_rng(3)
    order, person = group_rows([(sender, (3, 5, 8, 9, 11)) for sender in (3, 5, 8, 9) * 5])
    guess = absent(random.permutation(order), np.concatenate([person, random.integers(0, 400, 0)]), 12)
    assert (guess != NOBODY).mean() < 0.6
    assert (absent(np.arange(3), np.array([1, 2, 3]), 12) == NOBODY).all()
    assert absent(np.zeros(0, dtype=int), np.zeros(0, dtype=int), 12).shape == (0,)


def test_a_replaced_key_and_its_successor_are_one_chain() -> None:
    """The link before is lost: the key between was marked in its turn, and its xmin went with that."""
    keys = telling().session_keys
    chain = chains(keys)
    for person in range(PEOPLE):
        mine = np.flatnonzero(keys.person == person)
        first, second, third = mine[np.argsort(keys.id[mine])]
        assert chain[second] == chain[third]
        assert chain[first] != chain[second]


def test_a_stranger_adds_a_score_in_one_file(tmp_path: Path) -> None:
    mine = tmp_path / "mine.py"
    mine.write_text(
        "import numpy as np\n"
        "from nosender.linkability.score import Score\n"
        "SCORE = Score('mine', 'my-channel', lambda copy: np.eye(copy.people)[::-1])\n"
    )
    assert [score.slug for score in discover([mine]) if score.channel == "my-channel"] == ["mine"]
    with pytest.raises(UsageError, match="has a score mine already"):
        discover([mine, mine])


@pytest.mark.parametrize(
    ("text", "told"), [("", "holds neither"), ("SCORES = [1]", "holds neither"), ("1 / 0", "ZeroDivisionError")]
)
def test_a_file_that_is_no_score_is_refused_in_one_sentence(tmp_path: Path, text: str, told: str) -> None:
    (tmp_path / "bad.py").write_text(text)
    with pytest.raises(UsageError, match=told):
        discover([tmp_path / "bad.py"])
