"""Ids that say no more than the day: drawn at random, never twice, wherever a row comes from."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime
from itertools import pairwise
from typing import Any

import psycopg
import pytest
from psycopg import errors, sql

from nosender.server.embedded import EmbeddedServer

from ..conftest import clone
from .app import CIPHERTEXT, KEY, SEALED, SIGNATURE, app
from .rows import ANNA, GOOD, insert, two_people
from .test_flow_contention import blocked_behind

DAILY = {"messages": "new_message_id", "message_deliveries": "new_delivery_id"}
DRAWN = DAILY | {
    "device_session_keys": "new_session_key_id",
    "ephemeral_keys": "new_ephemeral_key_id",
    "messaging_public_keys": "new_public_key_id",
}
BITS = 39


def today() -> int:
    return (datetime.now(UTC).date() - date(2020, 1, 1)).days


@pytest.fixture
def people(any_migrated: str) -> Iterator[psycopg.Connection]:
    with psycopg.connect(any_migrated, options="-c TimeZone=UTC", autocommit=True) as connection:
        two_people(connection)
        yield connection


def ids(connection: psycopg.Connection, table: str) -> list[int]:
    query = sql.SQL("select id from {} where id > 2").format(sql.Identifier(table))
    return [id_ for (id_,) in connection.execute(query)]


@pytest.mark.parametrize("table", DRAWN)
def test_a_default_draws_a_number(people: psycopg.Connection, table: str) -> None:
    days = {today()}
    insert(people, table, GOOD[table])
    [id_] = ids(people, table)
    if table in DAILY:
        assert id_ < 2**53
        assert id_ >> BITS in days | {today()}
    else:
        assert id_ < 2**31


@pytest.mark.parametrize("table", DRAWN)
def test_numbers_fill_their_bits_and_keep_no_order(people: psycopg.Connection, table: str) -> None:
    """Of 2,000 numbers every bit is set in half, and the next is as often higher as lower."""
    query = sql.SQL("select {}() from generate_series(1, 2000)").format(sql.Identifier(DRAWN[table]))
    found = [id_ for (id_,) in people.execute(query)]
    bits = BITS if table in DAILY else 31
    assert len(set(found)) > 1995
    for bit in range(bits):
        assert 850 < sum(id_ >> bit & 1 for id_ in found) < 1150
    low = [id_ & (2**bits - 1) for id_ in found]
    assert 850 < sum(b > a for a, b in pairwise(low)) < 1150


@pytest.mark.parametrize("table", DRAWN)
def test_a_number_that_a_row_has_is_drawn_again(people: psycopg.Connection, table: str) -> None:
    """With two bits of chance the table fills to its last number, within one statement too."""
    function = DRAWN[table]
    definition = people.execute("select pg_get_functiondef(%s::regproc)", [function]).fetchone()
    assert definition is not None
    fewer = definition[0].replace("549755813887", "3").replace("2147483647", "3")
    assert fewer != definition[0]
    people.execute(fewer)
    people.execute("set session_replication_role = replica")  # what rows refer to is not asked here
    people.execute(sql.SQL("truncate {} cascade").format(sql.Identifier(table)))
    row = GOOD[table] | {"webauthn_credential_id": 1} if table == "message_deliveries" else GOOD[table]
    columns = [column for column in row if column != "id"]
    unique = {"message_id", "session_key_id", "key_exchange_id", "key_version"}
    values = [
        sql.SQL("{} || n" if isinstance(row[column], str) else "{} + n").format(sql.Literal(row[column]))
        if column in unique
        else sql.Literal(row[column])
        for column in columns
    ]
    if "is_active" not in columns and table == "messaging_public_keys":
        columns, values = [*columns, "is_active"], [*values, sql.SQL("false")]
    many = 4 if table in DAILY else 3  # nought is no number of a serial
    people.execute(
        sql.SQL("insert into {} ({}) select {} from generate_series(1, {}) as n").format(
            sql.Identifier(table),
            sql.SQL(", ").join(map(sql.Identifier, columns)),
            sql.SQL(", ").join(values),
            sql.Literal(many),
        )
    )
    query = sql.SQL("select id & 3 from {} order by 1").format(sql.Identifier(table))
    assert [low for (low,) in people.execute(query)] == list(range(4))[4 - many :]


@pytest.mark.parametrize("table", ["device_session_keys", "ephemeral_keys"])
def test_a_number_that_somebody_is_writing_is_drawn_again(migrated: str, table: str) -> None:
    """No look finds it before it is committed: whoever waited for it is neither refused nor called taken."""
    with psycopg.connect(migrated, autocommit=True) as owner, app(migrated) as session:
        user, devices = session.user(ANNA)
        owner.execute("create sequence drawn start 7")
        owner.execute(
            f"create or replace function {DRAWN[table]}() returns integer language sql security definer "
            "return nextval('drawn')::integer"
        )
        calls: dict[str, tuple[Any, ...]] = {
            "device_session_keys": ("rotate_session_key", user, None, "s1", devices, [SEALED]),
            "ephemeral_keys": ("publish_ephemeral_key", ANNA, KEY, "x1"),
        }
        with ThreadPoolExecutor(1) as pool:
            with owner.transaction():
                insert(owner, table, GOOD[table] | {"id": 7})
                owner.execute("select setval('drawn', 7, false)")
                waiting = pool.submit(session.call, *calls[table])
                blocked_behind(owner, session, waiting)
            waiting.result()
        assert ids(owner, table) == [7, 8]


@pytest.mark.parametrize("isolation", ["read committed", "repeatable read", "serializable"])
def test_a_number_that_is_taken_is_no_message_id_that_is(any_migrated: str, isolation: str) -> None:
    """With three bits of chance eight messages are stored, one after the other, and none is refused."""
    with psycopg.connect(any_migrated, options="-c TimeZone=UTC", autocommit=True) as owner:
        fewer(owner, "send_message(text,bytea,text,text,interval)", 7)
        with app(any_migrated) as session:
            session.user(ANNA)
            session.connection.execute(f"set default_transaction_isolation to '{isolation}'".encode())
            assert all(session.send(ANNA, f"m{number}") for number in range(8))
            assert [session.send(ANNA, f"m{number}") for number in range(8)] == [False] * 8
        assert sorted(id_ & 7 for id_ in ids(owner, "messages")) == list(range(8))
        assert sorted(id_ & 7 for id_ in ids(owner, "message_deliveries")) == list(range(8))


def test_a_batch_whose_numbers_are_taken_is_called_again(any_migrated: str) -> None:
    with psycopg.connect(any_migrated, options="-c TimeZone=UTC", autocommit=True) as owner:
        fewer(owner, "send_messages(text[],bytea[],text[],text[],interval[])", 1)
        with app(any_migrated) as session:
            session.user(ANNA)
            for _ in range(200):  # two of two numbers, each of two tables: one in four goes through
                try:
                    answers = session.call("send_messages", [ANNA] * 2, [CIPHERTEXT] * 2, ["a", "b"])
                except errors.SerializationFailure as met:
                    assert "call again" in str(met)  # noqa: PT017
                else:
                    break
            assert answers == [True, True]
            assert len(ids(owner, "messages")) == len(ids(owner, "message_deliveries")) == 2
            with pytest.raises(errors.SerializationFailure):
                session.call("send_messages", [ANNA], [CIPHERTEXT], ["c"])


def fewer(owner: psycopg.Connection, function: str, mask: int) -> None:
    """Leave a function that few bits to draw from."""
    row = owner.execute("select pg_get_functiondef(%s::regprocedure)", [function]).fetchone()
    assert row is not None
    assert "549755813887" in row[0]
    owner.execute(row[0].replace("549755813887", str(mask)))


def test_what_the_functions_store_is_drawn_and_the_sequences_stand_still(any_migrated: str) -> None:
    with psycopg.connect(any_migrated, autocommit=True) as owner, app(any_migrated) as session:
        user, devices = session.user(ANNA, devices=2)
        session.send(ANNA, "m1")
        session.call("send_messages", [ANNA], [CIPHERTEXT], ["m2"])
        session.call("rotate_session_key", user, None, "s1", devices, [SEALED] * 2)
        session.call("publish_ephemeral_key", ANNA, KEY, "x1")
        session.call("publish_public_key", user, KEY, SIGNATURE, KEY)
        for table in DRAWN:
            found = ids(owner, table)
            assert found
            assert table not in DAILY or {id_ >> BITS for id_ in found} <= {today() - 1, today()}
            used = owner.execute(f"select is_called from {table}_id_seq").fetchone()
            assert used == (False,)


def test_a_page_is_filled_day_by_day_and_sorted_by_the_hour(any_migrated: str) -> None:
    with (
        psycopg.connect(any_migrated, options="-c TimeZone=UTC", autocommit=True) as owner,
        app(any_migrated) as session,
    ):
        _, [device] = session.user(ANNA)
        for number in range(6):
            session.send(ANNA, f"m{number}")
        for number in range(6):  # two days, and the hours of each backwards
            owner.execute(
                "update messages set timestamp = date '2030-01-01' + interval '1 day' * %s"
                " - interval '1 hour' * %s where message_id = %s",
                [number // 3, number, f"m{number}"],
            )
        owner.execute("set session_replication_role = replica")
        owner.execute(
            "update messages set id = id - (1::bigint << 39) where message_id in ('m0', 'm1', 'm2')"
        )
        owner.execute(
            "update message_deliveries set message_id = messages.id from messages"
            " where message_deliveries.message_id = messages.id + (1::bigint << 39)"
            " and messages.message_id in ('m0', 'm1', 'm2')"
        )
        assert session.waiting(device) == ["m2", "m1", "m0", "m5", "m4", "m3"]
        assert set(session.waiting(device, 3)) == {"m0", "m1", "m2"}


def test_a_dump_is_restored_and_goes_on_drawing(server: EmbeddedServer, migrated: str) -> None:
    with app(migrated) as session:
        session.user(ANNA)
        session.send(ANNA, "m1")
    dumped = subprocess.run(
        [server.binaries.program("pg_dump"), "-d", migrated], capture_output=True, check=True
    ).stdout
    with clone(server) as restored:
        # the roles and the extension's schema are the cluster's
        done = subprocess.run(
            [server.binaries.program("psql"), "-X", "-q", "-v", "ON_ERROR_STOP=1", "-d", restored],
            input=dumped,
            capture_output=True,
            check=False,
        )
        assert done.stderr == b""
        with psycopg.connect(restored, options="-c TimeZone=UTC", autocommit=True) as owner:
            with app(restored) as session:
                assert not session.send(ANNA, "m1")
                assert session.send(ANNA, "m2")
            before = ids(owner, "messages")
            with (
                owner.cursor() as cursor,
                cursor.copy(
                    "copy messages (destination_phone, encrypted_content, message_id) from stdin"
                ) as copy,
            ):
                for number in range(500):
                    copy.write_row((ANNA, b"e" * 28, f"copied {number}"))
            after = set(ids(owner, "messages")) - set(before)
            assert len(after) == 500
            assert {id_ >> BITS for id_ in after} <= {today() - 1, today()}
            owner.execute(
                "insert into messages (id, destination_phone, encrypted_content, message_id)"
                " values (nextval('messages_id_seq'), %s, %s, 'direct')",
                [ANNA, b"e" * 28],
            )
