"""What the message flow must not let out: who wrote, exactly when, and any of it in the log."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import psycopg
import pytest
from psycopg import errors

from nosender.schema import ddl
from nosender.server.embedded import EmbeddedServer

from .app import CIPHERTEXT, IDENTITY, KEY, SEALED, SIGNATURE, App, app

ANNA, BORIS = "+15550100001", "+15550100002"

WRITES: dict[str, tuple[Any, ...]] = {
    "register_user": ("+15550100009",),
    "register_person": ("+15550100009", b"p" * 16, b"k", KEY, SIGNATURE, IDENTITY),
    "forget_phone_number": (BORIS,),
    "register_device": (1, b"n" * 16, b"k"),
    "record_sign_count": (1, 5),
    "revoke_device": (1,),
    "publish_public_key": (1, KEY, SIGNATURE, IDENTITY),
    "rotate_session_key": (1, None, "s9", [1], [SEALED]),
    "publish_ephemeral_key": (BORIS, KEY, "x9"),
    "claim_ephemeral_key": (ANNA,),
    "send_message": (BORIS, CIPHERTEXT, "m9"),
    "send_messages": ([BORIS], [CIPHERTEXT], ["m9"]),
    "acknowledge": (1, [1], "read"),
}
READS: dict[str, tuple[Any, ...]] = {
    "find_device": (b"c" * 16,),
    "active_devices": (1,),
    "active_public_key": (ANNA,),
    "session_keys": (1,),
    "fetch_messages": (1,),
}


@pytest.fixture
def session(any_migrated: str) -> Iterator[App]:
    """Anna with device 1, Boris with device 2, one message and one ephemeral key for Anna."""
    with app(any_migrated) as opened:
        opened.user(ANNA)
        opened.user(BORIS)
        opened.send(ANNA, "m1")
        opened.call("publish_ephemeral_key", ANNA, KEY, "x1")
        yield opened


def contents(conninfo: str) -> list[tuple[Any, ...]]:
    """Every row of every table."""
    with psycopg.connect(conninfo) as owner:
        return [
            row
            for table in (
                "users", "webauthn_credentials", "messages", "device_session_keys", "message_deliveries",
                "ephemeral_keys", "messaging_public_keys",
            )
            for row in owner.execute(f"select * from {table} order by id").fetchall()
        ]  # fmt: skip


def test_the_lists_above_are_complete(any_migrated: str) -> None:
    with psycopg.connect(any_migrated) as owner:
        found = owner.execute(
            """
            select proname, provolatile::text from pg_proc
            where pronamespace = 'public'::regnamespace
            and has_function_privilege('nosender_app', oid, 'execute') and prosecdef
            """
        ).fetchall()
    assert {name for name, volatility in found if volatility == "v"} == set(WRITES)
    assert {name for name, volatility in found if volatility == "s"} == set(READS)


@pytest.mark.parametrize("function", WRITES)
def test_a_second_write_is_refused(any_migrated: str, session: App, function: str) -> None:
    """Rows of one transaction share their xmin: a message sent with a row of the sender's would name him."""
    before = contents(any_migrated)
    for taken_back in (False, True):  # what a savepoint takes back leaves the transaction's number behind
        with session.connection.transaction(force_rollback=True):
            with session.connection.transaction(force_rollback=taken_back):
                session.call("record_sign_count", 2, 1)
            with pytest.raises(errors.ActiveSqlTransaction, match="first write"):
                session.rows(function, *WRITES[function])
    assert contents(any_migrated) == before


@pytest.mark.parametrize("function", WRITES)
def test_a_write_of_ones_own_before_is_refused(session: App, function: str) -> None:
    with session.connection.transaction(force_rollback=True):
        session.connection.execute("create temporary table mine ()")
        with pytest.raises(errors.ActiveSqlTransaction):
            session.rows(function, *WRITES[function])


def test_two_writes_in_one_statement_are_refused(session: App) -> None:
    with pytest.raises(errors.ActiveSqlTransaction):
        session.connection.execute(
            "select public.send_message(%s, %s, 'a'), public.send_message(%s, %s, 'b')",
            [ANNA, CIPHERTEXT, BORIS, CIPHERTEXT],
        )


@pytest.mark.parametrize("function", WRITES)
def test_the_first_write_may_follow_reads(session: App, function: str) -> None:
    with session.connection.transaction():
        for read, arguments in READS.items():
            session.rows(read, *arguments)
        session.rows(function, *WRITES[function])


def test_no_transaction_touches_rows_of_two_people(any_migrated: str, session: App) -> None:
    """The same said of the rows: what shares a transaction number belongs to one destination or user."""
    session.call("rotate_session_key", 1, None, "s1", [1], [SEALED])
    session.call("publish_public_key", 2, KEY, SIGNATURE, IDENTITY)
    session.send(BORIS, "m2")
    with psycopg.connect(any_migrated) as owner:
        shared = owner.execute(
            """
            with touched as (
              select xmin::text as number, phone_number as person from users
              union all select webauthn_credentials.xmin::text, phone_number
              from webauthn_credentials join users on users.id = user_id
              union all select xmin::text, destination_phone from messages
              union all select xmin::text, destination_phone from ephemeral_keys
              union all select device_session_keys.xmin::text, phone_number
              from device_session_keys join users on users.id = user_id
              union all select messaging_public_keys.xmin::text, phone_number
              from messaging_public_keys join users on users.id = user_id
            )
            select number from touched group by number having count(distinct person) > 1
            """
        ).fetchall()
    assert shared == []


def test_no_exact_time_gets_in_through_any_function(any_migrated: str, session: App) -> None:
    session.call("rotate_session_key", 1, None, "s1", [1], [SEALED], timedelta(minutes=7, seconds=3))
    for key in (KEY, IDENTITY):
        session.call("publish_public_key", 1, key, SIGNATURE, IDENTITY)
    session.send(ANNA, "m2", expires_in=timedelta(minutes=7, seconds=3))
    session.call(
        "send_messages", [ANNA], [CIPHERTEXT], ["m3"], None, [timedelta(hours=5, minutes=7, microseconds=1)]
    )
    numbers = [row[0] for row in session.rows("fetch_messages", 1)]
    session.call("acknowledge", 1, numbers, "read")
    with psycopg.connect(any_migrated) as owner:
        columns = owner.execute(
            """
            select relname, attname from pg_attribute join pg_class on pg_class.oid = attrelid
            where relnamespace = 'public'::regnamespace and relkind = 'r' and attnum > 0
            and atttypid = 'timestamp'::regtype and relname = any (%s)
            """,
            [["users", "webauthn_credentials", "messages", "device_session_keys", "message_deliveries",
              "ephemeral_keys", "messaging_public_keys"]],
        ).fetchall()  # fmt: skip
        assert len(columns) == 13
        for table, column in columns:
            found = [time for (time,) in owner.execute(f"select {column} from {table}") if time is not None]
            assert found, (table, column)
            step = 15 if (table, column) == ("ephemeral_keys", "expires_at") else 60
            assert all(time.minute % step == time.second == time.microsecond == 0 for time in found)


REFUSED: list[tuple[str, tuple[Any, ...]]] = [
    ("register_user", (ANNA,)),
    ("register_user", ("+1555hushed",)),
    ("register_device", (1, b"hushed", b"k")),
    ("register_device", (99, b"hushed device id", b"k")),
    ("register_device", (2, ANNA.encode() + b"/" + b"\x00" * 16, b"k")),
    ("publish_public_key", (1, b"hushed", SIGNATURE, IDENTITY)),
    ("publish_public_key", (1, b"\x00" * 32, b"hushed", IDENTITY)),
    ("publish_public_key", (99, b"hushed" * 5 + b"..", SIGNATURE, IDENTITY)),
    ("rotate_session_key", (1, "hushed", "hushed 2", [1], [SEALED])),
    ("rotate_session_key", (1, None, "hushed", [1], [b"hushed"])),
    ("rotate_session_key", (1, None, "hushed", [2], [b"hushed" * 10])),
    ("publish_ephemeral_key", (ANNA, b"hushed", "x5")),
    ("publish_ephemeral_key", (ANNA, b"\x00" * 32, "hushed")),
    ("publish_ephemeral_key", (BORIS, b"hushed" * 5 + b"..", "x1")),
    ("claim_ephemeral_key", ("+1555hushed",)),
    ("send_message", (ANNA, b"hushed", "m5")),
    ("send_message", ("+1555hushed", CIPHERTEXT, "m5")),
    ("send_message", (BORIS, b"hushed" * 9, "m1")),
    ("send_messages", ([BORIS, ANNA], [b"hushed" * 9] * 2, ["m5", "hushed" * 99])),
    ("send_messages", ([BORIS, ANNA], [b"hushed" * 9] * 2, ["m1", "m5"])),
    ("acknowledge", (1, [1], "hushed")),
]


def test_no_refusal_carries_a_number_or_a_key_into_the_log() -> None:
    """Under PostgreSQL's own defaults, with parameters sent apart from the statement as drivers do."""
    defaults = {
        "log_error_verbosity": "default",
        "log_min_error_statement": "error",
        "log_min_messages": "warning",
    }
    with EmbeddedServer(settings=defaults) as server:
        with psycopg.connect(server.conninfo()) as owner:
            ddl.load(owner, "public")
        with app(server.conninfo()) as session:
            session.user(ANNA)
            session.user(BORIS)
            session.send(ANNA, "m1")
            session.call("publish_ephemeral_key", ANNA, KEY, "x1")
            for function, arguments in REFUSED:
                with pytest.raises(psycopg.Error) as refused:
                    session.rows(function, *arguments)
                assert refused.value.diag.message_detail is None, function
        log = server.log.read_text()
    assert log.count("ERROR:") == len(REFUSED)
    for hushed in ("5550100", "hushed", b"hushed".hex(), CIPHERTEXT.hex()[:16], ANNA.encode().hex()):
        assert hushed not in log
