"""The simulator: the same seed is the same world, people behave, and the calls say nothing of who sends."""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import pytest

from nosender.errors import UsageError
from nosender.linkability.simulation import conduct
from nosender.linkability.simulation.world import FETCH, READ, ROTATE, SEND, Call, World, make_world


@pytest.fixture(scope="module")
def world() -> World:
    return make_world(conduct.read(), 300, 40.0, 2, 5)


def test_the_same_seed_is_the_same_world_and_another_is_another(world: World) -> None:
    again, other = (make_world(conduct.read(), 300, 40.0, 2, seed) for seed in (5, 6))
    assert again.calls == world.calls
    assert other.calls != world.calls


def test_a_call_has_no_place_for_a_sender() -> None:
    assert set(Call._fields) == {
        *("time", "kind", "person", "device", "token", "tokens", "size", "hours", "replaced")
    }


def test_it_is_as_busy_as_was_asked(world: World) -> None:
    assert 0.8 < len(world.talk.time) / (300 * 40 * 2 * 46 / 48) < 1.2
    times = [call.time for call in world.calls]
    assert times == sorted(times)
    assert times[-1] < 46 * 3600


def test_few_pairs_have_most_of_the_talk_and_nights_are_quiet(world: World) -> None:
    direct = world.talk.group < 0
    pairs = np.sort(np.stack([world.talk.sender[direct], world.talk.destination[direct]]), axis=0)
    _, counts = np.unique(pairs, axis=1, return_counts=True)
    counts = np.sort(counts)[::-1]
    assert counts[: len(counts) // 5].sum() > 0.4 * counts.sum()
    hour = (world.talk.time // 3600).astype(int) % 24
    assert (hour == 3).sum() < 0.3 * (hour == 13).sum()


def test_answers_come_in_seconds_to_minutes(world: World) -> None:
    answered = np.isfinite(world.talk.answered)
    delay = (world.talk.answered - world.talk.time)[answered]
    assert (delay > 0).all()
    assert 10 < np.median(delay) < 120


def test_contacts_are_those_who_wrote_or_share_a_group(world: World) -> None:
    assert (world.contacts == world.contacts.T).all()
    assert not world.contacts.diagonal().any()
    assert world.contacts[world.talk.sender, world.talk.destination].all()
    assert world.contacts.sum(axis=1).mean() < 0.1 * world.people


def test_a_group_message_has_a_row_for_everybody_but_its_sender(world: World) -> None:
    talk = world.talk
    for utterance in np.unique(talk.utterance[talk.group >= 0])[:50]:
        here = talk.utterance == utterance
        if talk.time[here].max() > world.seconds - 60:
            continue
        members = set(world.society.groups[talk.group[here][0]].tolist())
        assert members - set(talk.destination[here].tolist()) == {talk.sender[here][0]}


def test_devices_that_never_come_back_never_call(world: World) -> None:
    dead = set(np.flatnonzero(world.society.device_dead).tolist())
    assert dead
    assert not dead & {call.device for call in world.calls if call.kind in (FETCH, READ)}


def test_both_sides_store_a_session_key_within_seconds(world: World) -> None:
    stored = [call for call in world.calls if call.kind == ROTATE]
    assert len(stored) > 300
    assert len({call.token for call in stored}) == len(stored)
    assert any(call.replaced for call in stored)
    near = [second.time - first.time for first, second in itertools.pairwise(stored)]
    assert np.median(near) < 60


def test_numbers_and_tokens_say_nothing(world: World) -> None:
    assert (np.diff(world.society.phones) > 0).all()
    tokens = [call.token for call in world.calls if call.kind == SEND]
    assert abs(np.corrcoef(np.argsort(np.argsort(tokens)), np.arange(len(tokens)))[0, 1]) < 0.05
    pairs = world.society.pairs
    assert abs(np.corrcoef(pairs[:, 0], pairs[:, 1])[0, 1]) < 0.9


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (("contacts = 4.4", "contakts = 4.4"), "lacks contacts"),
        (("[group]", "[gruop]"), "lacks group"),
        (("[group]", "[group"), "does not read as TOML"),
    ],
)
def test_a_file_of_parameters_is_complete_or_refused(
    tmp_path: Path, change: tuple[str, str], told: str
) -> None:
    file = tmp_path / "conduct.toml"
    file.write_text(conduct.DEFAULT.read_text().replace(*change))
    with pytest.raises(UsageError, match=told):
        conduct.read(file)
