"""What callers change once: instants, first writes, a pinned identity, a person in one call, deleting."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import psycopg
import pytest
from psycopg import errors

from .app import CIPHERTEXT, IDENTITY, KEY, OTHER_KEY, SEALED, SIGNATURE, App, app
from .test_flow_contention import blocked_behind

ANNA, BORIS = "+15550100001", "+15550100002"
OTHER_IDENTITY = b"j" * 32
ISOLATIONS = pytest.mark.parametrize("isolation", ["read committed", "repeatable read", "serializable"])


@pytest.fixture
def session(any_migrated: str) -> Iterator[App]:
    with app(any_migrated) as opened:
        yield opened


@pytest.fixture
def owner(any_migrated: str) -> Iterator[psycopg.Connection]:
    with psycopg.connect(any_migrated, options="-c TimeZone=UTC", autocommit=True) as opened:
        yield opened


def count(owner: psycopg.Connection, table: str) -> int:
    row = owner.execute(f"select count(*) from {table}").fetchone()
    assert row is not None
    return int(row[0])


def isolate(session: App, isolation: str) -> None:
    session.connection.execute(f"set default_transaction_isolation to '{isolation}'".encode())


# The first write


def test_what_writes_nothing_is_a_first_write_too(session: App) -> None:
    """A claim that finds no key has said all the same who is about to send."""
    _, [device] = session.user(ANNA)
    session.send(ANNA, "m1")
    for function, arguments in {
        "claim_ephemeral_key": (BORIS,),
        "send_message": (ANNA, CIPHERTEXT, "m1"),
        "acknowledge": (device, [1], "read"),
        "publish_ephemeral_key": (BORIS, KEY, "x"),
        "forget_phone_number": (BORIS,),
    }.items():
        with session.connection.transaction():
            session.rows(function, *arguments)
            with pytest.raises(errors.ActiveSqlTransaction, match="first write") as refused:
                session.send(ANNA, "m2")
        assert "a transaction of its own" in (refused.value.diag.message_hint or "")


# Instants


def test_times_are_instants(session: App) -> None:
    """The session is in Tokyo, and an hour of UTC is the same moment there."""
    user, [device] = session.user(ANNA)
    session.send(ANNA, "m1", expires_in=timedelta(hours=1))
    session.call("rotate_session_key", user, None, "s1", [device], [SEALED], timedelta(hours=1))
    [(_, _, _, time, _, expiry)] = session.rows("fetch_messages", device)
    [(_, _, _, key_expiry, _)] = session.rows("session_keys", device)
    now = datetime.now(UTC)
    assert timedelta() <= now - time < timedelta(hours=1, minutes=1)
    for each in (expiry, key_expiry):
        assert timedelta(minutes=59) < each - now <= timedelta(hours=2)


# The identity


def test_another_identity_needs_to_be_asked_for_and_is_seen(session: App) -> None:
    user, _ = session.user(ANNA)
    publish = (user, KEY, SIGNATURE)
    assert session.call("publish_public_key", *publish, IDENTITY) == 1
    with pytest.raises(errors.ObjectNotInPrerequisiteState, match="identity key is another") as refused:
        session.call("publish_public_key", *publish, OTHER_IDENTITY)
    assert "new_identity => true" in (refused.value.diag.message_hint or "")
    assert session.rows("active_public_key", ANNA) == [(1, KEY, SIGNATURE, IDENTITY, 1)]
    assert session.call("publish_public_key", user, OTHER_KEY, SIGNATURE, IDENTITY) == 2
    assert session.call("publish_public_key", *publish, OTHER_IDENTITY, new_identity=True) == 3
    assert session.call("publish_public_key", *publish, OTHER_IDENTITY) == 4
    assert session.rows("active_public_key", ANNA) == [(4, KEY, SIGNATURE, OTHER_IDENTITY, 3)]
    with pytest.raises(errors.ObjectNotInPrerequisiteState):
        session.call("publish_public_key", *publish, IDENTITY)


@ISOLATIONS
@pytest.mark.parametrize("first", [True, False])
def test_of_two_identities_at_once_one_is_refused(
    any_migrated: str, session: App, owner: psycopg.Connection, isolation: str, first: bool
) -> None:
    user, _ = session.user(ANNA)
    if not first:
        session.call("publish_public_key", user, KEY, SIGNATURE, IDENTITY)
    with (
        psycopg.connect(any_migrated) as winner,
        app(any_migrated) as loser,
        ThreadPoolExecutor(1) as pool,
    ):
        isolate(loser, isolation)
        winner.execute("select publish_public_key(%s, %s, %s, %s)", [user, KEY, SIGNATURE, IDENTITY])
        other = pool.submit(loser.call, "publish_public_key", user, KEY, SIGNATURE, OTHER_IDENTITY)
        blocked_behind(owner, loser, other)
        winner.commit()
        error = other.exception()
    assert isinstance(error, errors.Error)
    assert error.sqlstate == ("55000" if isolation == "read committed" else "40001")
    [row] = session.rows("active_public_key", ANNA)
    assert row[3:] == (IDENTITY, 1)


def test_publishing_at_once_gives_one_version_after_the_other(any_migrated: str, session: App) -> None:
    user, _ = session.user(ANNA)

    def publish(_: int) -> int:
        with app(any_migrated) as each:
            return int(each.call("publish_public_key", user, KEY, SIGNATURE, IDENTITY))

    with ThreadPoolExecutor(6) as pool:
        assert sorted(pool.map(publish, range(12))) == list(range(1, 13))


# A person in one call


def test_a_person_is_registered_in_one_call(session: App, owner: psycopg.Connection) -> None:
    arguments = (b"c" * 16, b"cose", KEY, SIGNATURE, IDENTITY)
    [(user, device)] = session.rows("register_person", ANNA, *arguments, counter=7)
    assert session.rows("find_device", b"c" * 16) == [(device, user, b"cose", 7)]
    assert session.rows("active_public_key", ANNA) == [(1, KEY, SIGNATURE, IDENTITY, 1)]
    with pytest.raises(errors.UniqueViolation, match="number is registered"):
        session.rows("register_person", ANNA, *arguments)
    with pytest.raises(errors.UniqueViolation, match="credential is registered"):
        session.rows("register_person", BORIS, *arguments)
    assert count(owner, "users") == 1  # all of it or nothing
    session.send(ANNA, "m1")
    [(later, _)] = session.rows("register_person", ANNA, *arguments, forget_former=True)
    assert later != user
    assert count(owner, "messages") == 0


# No lock on people


def test_sending_and_publishing_lock_no_more_than_a_foreign_key(
    session: App, owner: psycopg.Connection
) -> None:
    """The transaction that locked a row last stays written in it."""
    user, [device] = session.user(ANNA)
    before = owner.execute("select xmax::text from users").fetchall()
    session.call("publish_ephemeral_key", ANNA, KEY, "x1")
    assert owner.execute("select xmax::text from users").fetchall() == before
    session.send(ANNA, "m1")
    session.call("publish_public_key", user, KEY, SIGNATURE, IDENTITY)
    owner.execute("create extension pgrowlocks")
    held = psycopg.connect(owner.info.dsn)
    for statement, arguments in (
        ("select publish_public_key(%s, %s, %s, %s)", [user, KEY, SIGNATURE, IDENTITY]),
        ("select send_message(%s, %s, 'm2')", [ANNA, CIPHERTEXT]),
        ("select publish_ephemeral_key(%s, %s, 'x2')", [ANNA, KEY]),
    ):
        held.execute(statement, arguments)
        for table in ("users", "webauthn_credentials"):
            found = owner.execute("select modes from pgrowlocks(%s)", [table]).fetchall()
            assert [modes for (modes,) in found] in ([], [["For Key Share"]]), statement
        held.rollback()
    held.close()
    assert device


@ISOLATIONS
def test_no_key_is_left_behind_for_a_forgotten_number(
    any_migrated: str, session: App, owner: psycopg.Connection, isolation: str
) -> None:
    session.user(ANNA)
    with (
        psycopg.connect(any_migrated) as forgetting,
        app(any_migrated) as late,
        ThreadPoolExecutor(1) as pool,
    ):
        isolate(late, isolation)
        forgetting.execute("select forget_phone_number(%s)", [ANNA])
        other = pool.submit(late.rows, "publish_ephemeral_key", ANNA, KEY, "x1")
        blocked_behind(owner, late, other)
        forgetting.commit()
        error = other.exception()
    assert (error is None) is (isolation == "read committed")
    assert count(owner, "ephemeral_keys") == 0
    session.user(ANNA)
    with psycopg.connect(any_migrated) as publishing, ThreadPoolExecutor(1) as pool:
        publishing.execute("select publish_ephemeral_key(%s, %s, 'x1')", [ANNA, KEY])
        gone = pool.submit(session.call, "forget_phone_number", ANNA)
        blocked_behind(owner, session, gone)
        publishing.commit()
        assert gone.result() is True
    assert count(owner, "ephemeral_keys") == 0


# Prekeys


def test_somebodys_own_keys_wait_for_a_month(session: App, owner: psycopg.Connection) -> None:
    session.user(ANNA)
    session.call("publish_ephemeral_key", ANNA, KEY, "x1", timedelta(days=30))
    [(expiry,)] = owner.execute("select expires_at from ephemeral_keys").fetchall()
    assert expiry.minute % 15 == 0
    assert expiry - datetime.now(UTC).replace(tzinfo=None) > timedelta(days=29, hours=23)
    with pytest.raises(errors.InvalidParameterValue, match="greatest age"):
        session.call("publish_ephemeral_key", ANNA, KEY, "x2", timedelta(days=31))


# Delivered means deleted


@pytest.fixture
def deleting(owner: psycopg.Connection) -> None:
    row = owner.execute("select pg_get_functiondef('retention_knobs'::regproc)").fetchone()
    assert row is not None
    assert "'keep'" in row[0]
    owner.execute(row[0].replace("'keep'", "'delete'"))


@pytest.mark.usefixtures("deleting")
def test_the_last_acknowledgement_deletes_the_message(session: App, owner: psycopg.Connection) -> None:
    _, [first, second] = session.user(ANNA, devices=2)
    session.call("send_messages", [ANNA] * 3, [CIPHERTEXT] * 3, ["a", "b", "c"])
    numbers = {row[1]: row[0] for row in session.rows("fetch_messages", first)}
    assert session.call("acknowledge", first, list(numbers.values()), "delivered") == 3
    assert session.call("acknowledge", first, list(numbers.values()), "read") == 0
    assert (count(owner, "messages"), count(owner, "message_deliveries")) == (3, 3)
    assert session.call("acknowledge", second, [numbers["a"]], "failed") == 1
    assert session.call("acknowledge", second, [numbers["a"], numbers["b"]], "read") == 2
    assert owner.execute("select message_id from messages").fetchall() == [("c",)]
    assert session.send(ANNA, "a")  # replay protection ends with the message


@pytest.mark.usefixtures("deleting")
@ISOLATIONS
@pytest.mark.parametrize("last", ["acknowledge", "revoke_device"])
def test_two_last_devices_at_once_leave_no_message(
    any_migrated: str, session: App, owner: psycopg.Connection, isolation: str, last: str
) -> None:
    _, [first, second] = session.user(ANNA, devices=2)
    session.send(ANNA, "m1")
    [(number, *_)] = session.rows("fetch_messages", first)
    arguments = (second, [number], "delivered") if last == "acknowledge" else (second,)
    with (
        psycopg.connect(any_migrated) as winner,
        app(any_migrated) as loser,
        ThreadPoolExecutor(1) as pool,
    ):
        isolate(loser, isolation)
        winner.execute("select acknowledge(%s, %s, 'delivered')", [first, [number]])
        other = pool.submit(loser.rows, last, *arguments)
        blocked_behind(owner, loser, other)
        winner.commit()
        error = other.exception()
        assert error is None or (isolation != "read committed" and error.sqlstate == "40001")  # type: ignore[attr-defined]
        if error is not None:
            loser.rows(last, *arguments)
    assert (count(owner, "messages"), count(owner, "message_deliveries")) == (0, 0)


@pytest.mark.usefixtures("deleting")
@pytest.mark.parametrize("last", ["acknowledge", "revoke_device"])
def test_an_old_snapshot_leaves_no_message_either(
    any_migrated: str, session: App, owner: psycopg.Connection, last: str
) -> None:
    """It was taken before the other device acknowledged, and nothing waits any more."""
    _, [first, second] = session.user(ANNA, devices=2)
    session.send(ANNA, "m1")
    [(number, *_)] = session.rows("fetch_messages", first)
    with app(any_migrated) as old:
        isolate(old, "repeatable read")
        arguments = (second, [number], "delivered") if last == "acknowledge" else (second,)
        with old.connection.transaction(force_rollback=True):
            old.rows("fetch_messages", second)
            session.call("acknowledge", first, [number], "delivered")
            with pytest.raises(errors.SerializationFailure):
                old.rows(last, *arguments)
        old.rows(last, *arguments)
    assert count(owner, "messages") == 0
