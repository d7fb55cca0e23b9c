"""The message flow when many call it at once: exactly once, nobody deadlocks, nothing slips through."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from threading import Barrier
from typing import Any

import psycopg
import pytest
from psycopg import errors

from .app import CIPHERTEXT, IDENTITY, KEY, SEALED, SIGNATURE, App, app

ANNA, BORIS = "+15550100001", "+15550100002"


@pytest.fixture
def session(migrated: str) -> Iterator[App]:
    with app(migrated) as opened:
        yield opened


@pytest.fixture
def owner(migrated: str) -> Iterator[psycopg.Connection]:
    """Looks behind the functions."""
    with psycopg.connect(migrated, options="-c TimeZone=UTC", autocommit=True) as opened:
        yield opened


def at_once(conninfo: str, number: int, act: Callable[[App, int], Any]) -> list[Any]:
    """What each of several sessions got, an exception included, when all start together."""
    start = Barrier(number)

    def one(place: int) -> Any:
        with app(conninfo) as session:
            start.wait()
            try:
                return act(session, place)
            except psycopg.Error as error:
                return error

    with ThreadPoolExecutor(number) as pool:
        return list(pool.map(one, range(number)))


def blocked_behind(owner: psycopg.Connection, session: App, running: Future[Any]) -> None:
    """Return when the session waits for a lock."""
    while not owner.execute(
        "select from pg_stat_activity where pid = %s and wait_event_type = 'Lock'",
        [session.connection.info.backend_pid],
    ).fetchall():
        assert not running.done(), running.result()


@pytest.mark.parametrize("clients", [8, 16])
def test_every_key_is_claimed_once_and_every_client_gets_one(
    migrated: str, session: App, owner: psycopg.Connection, clients: int
) -> None:
    session.user(ANNA)
    for number in range(20 * clients):
        session.call("publish_ephemeral_key", ANNA, KEY, f"x{number}")
    claims = at_once(
        migrated, clients, lambda app, _: [app.rows("claim_ephemeral_key", ANNA) for _ in range(10)]
    )
    assert all(len(rows) == 1 for mine in claims for rows in mine)  # there was one for each, so each got one
    claimed = [rows[0][0] for mine in claims for rows in mine]
    assert len(set(claimed)) == len(claimed) == 10 * clients
    assert owner.execute("select count(*) from ephemeral_keys").fetchone() == (10 * clients,)


def test_a_claim_that_is_rolled_back_leaves_the_key(migrated: str, session: App) -> None:
    session.user(ANNA)
    session.call("publish_ephemeral_key", ANNA, KEY, "x1")
    with app(migrated) as other, other.connection.transaction(force_rollback=True):
        assert other.rows("claim_ephemeral_key", ANNA) == [("x1", KEY)]
        assert session.rows("claim_ephemeral_key", ANNA) == []  # passes over it, and does not wait
    assert session.rows("claim_ephemeral_key", ANNA) == [("x1", KEY)]


def test_one_message_id_is_stored_once(migrated: str, session: App, owner: psycopg.Connection) -> None:
    session.user(ANNA, devices=2)
    answers = at_once(migrated, 8, lambda app, _: app.send(ANNA, "m1"))
    assert sorted(answers) == [False] * 7 + [True]
    assert owner.execute("select count(*) from message_deliveries").fetchone() == (2,)


def test_one_message_id_for_two_destinations_is_stored_for_one(migrated: str, session: App) -> None:
    session.user(ANNA)
    session.user(BORIS)
    answers = at_once(migrated, 8, lambda app, place: app.send((ANNA, BORIS)[place % 2], "m1"))
    assert answers.count(True) == 1
    assert answers.count(False) == 3  # the replays for the winner
    assert sum(isinstance(answer, errors.UniqueViolation) for answer in answers) == 4


def test_batches_with_ids_in_common_do_not_deadlock(migrated: str, session: App) -> None:
    session.user(ANNA)
    ids = [f"m{number}" for number in range(300)]

    def send(app: App, place: int) -> list[bool]:
        mine = ids if place % 2 else ids[::-1]
        return list(app.call("send_messages", [ANNA] * 300, [CIPHERTEXT] * 300, mine))

    answers = at_once(migrated, 6, send)
    assert [answer for answer in answers if isinstance(answer, psycopg.Error)] == []
    assert sum(map(sum, answers)) == 300


def test_versions_of_a_public_key_have_no_gap(migrated: str, session: App, owner: psycopg.Connection) -> None:
    user, _ = session.user(ANNA)
    versions = at_once(
        migrated, 8, lambda app, _: app.call("publish_public_key", user, KEY, SIGNATURE, IDENTITY)
    )
    assert sorted(versions) == list(range(1, 9))
    assert owner.execute("select key_version from messaging_public_keys where is_active").fetchall() == [(8,)]


def test_one_rotation_wins(migrated: str, session: App) -> None:
    user, devices = session.user(ANNA, devices=2)
    start = session.call("rotate_session_key", user, None, "s", devices, [SEALED] * 2)
    counters = at_once(
        migrated,
        6,
        lambda app, place: app.call("rotate_session_key", user, "s", f"s{place}", devices, [SEALED] * 2),
    )
    assert counters.count(start + 1) == 1
    assert sum(isinstance(answer, errors.ObjectNotInPrerequisiteState) for answer in counters) == 5


def test_two_users_race_for_a_session_key_id(migrated: str, session: App, owner: psycopg.Connection) -> None:
    people = [session.user(f"+1555010{number:04}") for number in range(6)]

    def store(app: App, place: int) -> Any:
        user, devices = people[place]
        return app.call("rotate_session_key", user, None, "shared", devices, [SEALED])

    answers = at_once(migrated, 6, store)
    refusals = [answer for answer in answers if not isinstance(answer, int)]
    assert len(refusals) == 5
    for refused in refusals:
        assert isinstance(refused, errors.UniqueViolation)
        assert refused.diag.message_detail is None
    assert owner.execute("select count(distinct user_id) from device_session_keys").fetchone() == (1,)


def test_a_device_cannot_come_between_a_rotation(
    migrated: str, session: App, owner: psycopg.Connection
) -> None:
    user, devices = session.user(ANNA)
    with ExitStack() as stack, ThreadPoolExecutor() as pool:
        rotating = stack.enter_context(app(migrated))
        with rotating.connection.transaction():
            rotating.call("rotate_session_key", user, None, "s1", devices, [SEALED])
            running = pool.submit(session.call, "register_device", user, b"n" * 16, b"k")
            blocked_behind(owner, session, running)
        assert running.result() > 0


@pytest.mark.parametrize("change", ["revoke", "forget"])
def test_a_message_on_its_way_when_its_device_or_person_goes(
    migrated: str, session: App, owner: psycopg.Connection, change: str
) -> None:
    """The change waits for the message, and then takes it along."""
    _, [device] = session.user(ANNA)
    with ExitStack() as stack, ThreadPoolExecutor() as pool:
        sending = stack.enter_context(app(migrated))
        with sending.connection.transaction():
            sending.send(ANNA, "m1")
            running = (
                pool.submit(session.call, "revoke_device", device)
                if change == "revoke"
                else pool.submit(session.call, "forget_phone_number", ANNA)
            )
            blocked_behind(owner, session, running)
        assert running.result() is True
    assert owner.execute("select count(*) from message_deliveries").fetchone() == (0,)
    assert owner.execute("select count(*) from messages").fetchone() == (0,)


@pytest.mark.parametrize("change", ["revoke", "forget"])
@pytest.mark.parametrize("batch", [False, True])
def test_a_message_that_comes_while_its_device_or_person_goes(
    migrated: str, session: App, owner: psycopg.Connection, change: str, batch: bool
) -> None:
    """The message waits for the change, and then finds nobody."""
    _, [device] = session.user(ANNA)
    with ExitStack() as stack, ThreadPoolExecutor() as pool:
        changing = stack.enter_context(app(migrated))
        with changing.connection.transaction():
            if change == "revoke":
                changing.call("revoke_device", device)
            else:
                changing.call("forget_phone_number", ANNA)
            running = (
                pool.submit(session.call, "send_messages", [ANNA], [CIPHERTEXT], ["m1"])
                if batch
                else pool.submit(session.send, ANNA, "m1")
            )
            blocked_behind(owner, session, running)
        assert running.result() in (True, [True])
    assert owner.execute("select count(*) from message_deliveries").fetchone() == (0,)
    assert owner.execute("select count(*) from messages").fetchone() == (0,)


def test_an_ephemeral_key_that_comes_while_its_person_goes(
    migrated: str, session: App, owner: psycopg.Connection
) -> None:
    session.user(ANNA)
    with ExitStack() as stack, ThreadPoolExecutor() as pool:
        changing = stack.enter_context(app(migrated))
        with changing.connection.transaction():
            changing.call("forget_phone_number", ANNA)
            running = pool.submit(session.rows, "publish_ephemeral_key", ANNA, KEY, "x1")
            blocked_behind(owner, session, running)
        running.result()
    assert owner.execute("select count(*) from ephemeral_keys").fetchone() == (0,)
