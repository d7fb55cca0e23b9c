"""Every score on worlds where the answer is known: it finds the pairs that are told, and no others."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from nosender.errors import UsageError
from nosender.linkability.channel import CHANNELS
from nosender.linkability.discovery import discover
from nosender.linkability.grading import named_first
from nosender.linkability.nearness import NOBODY
from nosender.linkability.score import Score
from nosender.linkability.scores.absent_member import absent
from nosender.linkability.scores.rotation_chain import chains

from .handmade import PEOPLE, settled, telling, truth

SCORES = discover()
OF_CONTACTS = [score for score in SCORES if score.names == "contacts" and score.slug != "same-transaction"]
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
    found = np.mean([success(score, settled(seed)) for seed in range(3)])
    assert found < 0.13  # chance is .026; 120 people


def test_a_group_of_one_transaction_tells_what_its_hour_tells() -> None:
    """Rows settled hour by hour: no order, times by the day, but each hour has a transaction of its own."""
    (score,) = (score for score in SCORES if score.slug == "same-transaction")
    copy = telling()
    quiet = settled()
    by_hour = dataclasses.replace(
        quiet, messages=dataclasses.replace(quiet.messages, xmin=copy.messages.hour)
    )
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


@pytest.mark.parametrize("score", SCORES, ids=lambda score: f"{score.channel}-{score.slug}")
def test_the_place_of_a_row_in_the_arrays_tells_nothing(score: Score) -> None:
    """It is the order of the heap in a real copy: a score of another column must not see it."""
    copy = telling()
    order = np.random.default_rng(2).permutation(len(copy.messages))
    other = dataclasses.replace(
        copy,
        messages=copy.messages.take(order),
        deliveries=copy.deliveries.take(order),
        session_keys=copy.session_keys.take(np.arange(len(copy.session_keys))[::-1]),
    )
    if score.names == "senders":
        np.testing.assert_array_equal(score.function(copy)[order], score.function(other))
    else:
        np.testing.assert_allclose(score.function(copy), score.function(other), atol=1e-6)


def test_rows_of_one_transaction_name_no_sender() -> None:
    """A settled group has no order, and the arrays must not lend it one."""
    person, sender = group_rows(np.random.default_rng(8))
    order = np.random.default_rng(9).permutation(len(person))
    guess = absent(np.zeros(len(person), dtype=np.int64), person[order], 400)
    assert ((guess == sender[order]) & (sender[order] != NOBODY)).sum() < 0.1 * len(person)


def group_rows(random: np.random.Generator, scattered: bool = False) -> tuple[np.ndarray, np.ndarray]:
    """[rows] destinations and senders: thirty messages of each of two groups among rows to others."""
    person, sender = [], []
    for _ in range(30):
        for group in ((3, 5, 8, 9, 11), (1, 2, 4, 6)):
            members = random.permutation(group).tolist()
            person += members[1:]
            sender += members[:1] * (len(members) - 1)
            others = random.integers(20, 400, int(random.integers(1, 6))).tolist()
            person += others
            sender += [NOBODY] * len(others)
    if scattered:
        order = random.permutation(len(person))
        return np.array(person)[order], np.array(sender)[order]
    return np.array(person), np.array(sender)


def test_the_absent_member_is_the_sender() -> None:
    person, sender = group_rows(np.random.default_rng(5))
    guess = absent(np.arange(len(person)), person, 400)
    assert (guess == sender).mean() > 0.9


def test_the_order_is_what_the_column_says_not_the_place_in_the_copy() -> None:
    random = np.random.default_rng(6)
    person, sender = group_rows(random)
    order = random.permutation(len(person))
    guess = absent(order, person[order], 400)  # the row in place i comes as number order[i]
    np.testing.assert_array_equal(guess, absent(np.arange(len(person)), person, 400)[order])
    assert (guess == sender[order]).mean() > 0.9


def test_nobody_is_named_where_rows_of_groups_are_scattered() -> None:
    person, sender = group_rows(np.random.default_rng(7), scattered=True)
    guess = absent(np.arange(len(person)), person, 400)
    assert ((guess == sender) & (sender != NOBODY)).sum() < 0.1 * (sender != NOBODY).sum()
    for nothing in (np.zeros(0, dtype=np.int64), np.array([1, 2, 3])):
        assert (absent(np.arange(len(nothing)), nothing, 12) == NOBODY).all()


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
    ("text", "told"),
    [("", "holds neither"), ("SCORES = [1]", "holds neither"), ("1 / 0", "ZeroDivisionError")],
)
def test_a_file_that_is_no_score_is_refused_in_one_sentence(tmp_path: Path, text: str, told: str) -> None:
    (tmp_path / "bad.py").write_text(text)
    with pytest.raises(UsageError, match=told):
        discover([tmp_path / "bad.py"])


def test_the_score_of_the_documentation_runs(tmp_path: Path) -> None:
    text = (Path(__file__).parents[2] / "docs" / "linkability.md").read_text()
    (tmp_path / "shown.py").write_text(text.partition("```python\n")[2].partition("```")[0])
    (shown,) = (
        score
        for score in discover([tmp_path / "shown.py"])
        if score.slug == "neighbours" and score.channel == "id"
    )
    assert success(shown, telling()) > 0.85
