"""What a rotation leaves behind: no equal counters, no second successor, no transaction number beside."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from threading import Thread

import psycopg
import pytest
from psycopg import errors

from .app import SEALED, App, app

ANNA, BORIS = "+15550100001", "+15550100002"


@pytest.fixture
def session(any_migrated: str) -> Iterator[App]:
    with app(any_migrated) as opened:
        yield opened


@pytest.fixture
def owner(any_migrated: str) -> Iterator[psycopg.Connection]:
    with psycopg.connect(any_migrated, options="-c TimeZone=UTC", autocommit=True) as opened:
        yield opened


class Side:
    """One person's side of conversations."""

    def __init__(self, session: App, phone: str, devices: int = 1) -> None:
        self.session = session
        self.user, self.devices = session.user(phone, devices)

    def rotate(self, replaced: str | None, name: str, life: timedelta | None = None) -> int:
        sealed = [SEALED] * len(self.devices)
        return int(
            self.session.call("rotate_session_key", self.user, replaced, name, self.devices, sealed, life)
        )


def test_a_session_starts_anywhere_and_counts_up(session: App) -> None:
    anna = Side(session, ANNA)
    starts = [anna.rotate(None, f"s{number}") for number in range(60)]
    assert len(set(starts)) == 60
    assert all(0 <= start < 2**31 for start in starts)
    assert 10 < sum(start >= 2**30 for start in starts) < 50
    assert anna.rotate("s7", "t7") == starts[7] + 1
    assert anna.rotate("t7", "u7") == starts[7] + 2


def test_a_replaced_key_is_never_replaced_again(session: App, owner: psycopg.Connection) -> None:
    anna = Side(session, ANNA, devices=2)
    for life in (None, timedelta(hours=1), timedelta(days=20)):
        anna.rotate(None, f"a{life}", life)
        anna.rotate(f"a{life}", f"b{life}", life)
    for later in ("0 days", "1 hour", "2 days", "500 days"):
        owner.execute(
            "update device_session_keys set expires_at = expires_at - %s::interval,"
            " created_at = created_at - %s::interval where true",
            [later, later],
        )
        for life in (None, timedelta(hours=1), timedelta(days=20)):
            with pytest.raises(errors.ObjectNotInPrerequisiteState, match="replaced already"):
                anna.rotate(f"a{life}", "fork")


@pytest.mark.parametrize("swept", [False, True])
def test_a_key_that_only_expired_is_replaced_once(
    session: App, owner: psycopg.Connection, swept: bool
) -> None:
    anna = Side(session, ANNA)
    start = anna.rotate(None, "a", timedelta(hours=1))
    owner.execute(
        "update device_session_keys set expires_at = now() - interval '2 days', is_active = %s", [not swept]
    )
    assert anna.rotate("a", "b") == start + 1
    with pytest.raises(errors.ObjectNotInPrerequisiteState, match="replaced already"):
        anna.rotate("a", "c")


def test_a_settle_finds_what_a_rotation_touched(session: App, owner: psycopg.Connection) -> None:
    """As docs/decisions/replaced-session-keys.md has it: the old key by the new."""
    anna = Side(session, ANNA, devices=2)
    for name in ("a", "other"):
        anna.rotate(None, name, timedelta(days=30))
    owner.execute("update device_session_keys set created_at = created_at - interval '40 days'")
    anna.rotate("a", "b")
    query = """
    select distinct session_key_id from device_session_keys
    where xmin::text in (select xmin::text from device_session_keys where session_key_id = 'b')
    """
    touched = {name for (name,) in owner.execute(query)}
    found = owner.execute(
        """
        select distinct old.session_key_id
        from device_session_keys as new
        join device_session_keys as old
        on old.user_id = new.user_id and old.key_rotation_counter = new.key_rotation_counter - 1
        where
          new.created_at >= date_trunc('day', now() at time zone 'utc')
          and not old.is_active and old.expires_at is null
        """
    ).fetchall()
    assert touched == {"a", "b"}
    assert found == [("a",)]
    assert session.call("revoke_device", anna.devices[1])
    ended = owner.execute(
        "select session_key_id from device_session_keys"
        " where not is_active and expires_at >= date_trunc('day', now() at time zone 'utc') order by 1"
    ).fetchall()
    assert ended == [("b",), ("other",)]


def test_times_are_by_the_day(session: App, owner: psycopg.Connection) -> None:
    anna = Side(session, ANNA)
    anna.rotate(None, "a")
    [(created,)] = owner.execute("select created_at from device_session_keys").fetchall()
    assert created == datetime.now(UTC).replace(tzinfo=None, hour=0, minute=0, second=0, microsecond=0)


def test_a_rotation_takes_one_transaction_number(session: App, owner: psycopg.Connection) -> None:
    """An exception block would have one of its own, and the new key's would be next to the old key's."""
    anna = Side(session, ANNA)
    anna.rotate(None, "a")
    anna.rotate("a", "b")
    assert owner.execute("select count(distinct xmin::text) from device_session_keys").fetchone() == (1,)


@pytest.mark.parametrize("isolation", ["read committed", "repeatable read", "serializable"])
def test_a_lost_race_for_an_id_names_nobody(any_migrated: str, session: App, isolation: str) -> None:
    """Both look before either has stored; the one that loses must say nothing of the other."""
    first, second = Side(session, ANNA), Side(session, BORIS)
    said: list[errors.Error] = []
    with psycopg.connect(any_migrated) as winner, app(any_migrated) as loser:
        loser.connection.execute(f"set default_transaction_isolation to '{isolation}'".encode())
        backend = loser.connection.info.backend_pid
        winner.execute(
            "select rotate_session_key(%s, null, 's1', %s, %s)", [first.user, first.devices, [SEALED]]
        )

        def lose() -> None:
            second.session = loser
            try:
                second.rotate(None, "s1")
            except errors.Error as error:
                said.append(error)

        thread = Thread(target=lose)
        thread.start()
        waiting = "select from pg_locks where pid = %s and not granted"
        while thread.is_alive() and not session.connection.execute(waiting, [backend]).fetchall():
            pass
        winner.commit()
        thread.join()
    [error] = said
    assert error.sqlstate == ("23505" if isolation == "read committed" else "40001")
    assert error.diag.message_detail is None
    assert "exclude" not in str(error)
