"""The sweep beside others: rows they hold, rows they move, tables they alter, snapshots they keep."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager

import psycopg
import pytest

from nosender.errors import NosenderError
from nosender.retention.status import read_status
from nosender.retention.sweep import FAST, Pace, SweepReceipt, sweep
from nosender.server.target import Target

from . import rows

BRIEF = Pace(target_ms=None, duty=1, patience_ms=50)
PATIENT = Pace(target_ms=None, duty=1, patience_ms=60_000)


@pytest.fixture
def owner(any_migrated: str) -> Iterator[psycopg.Connection]:
    with psycopg.connect(any_migrated, autocommit=True, options="-c TimeZone=UTC") as connection:
        rows.people(connection)
        yield connection


@pytest.fixture
def any_target(any_migrated: str) -> Target:
    return Target(any_migrated)


@contextmanager
def holding(target: Target, *statements: str) -> Iterator[psycopg.Connection]:
    """Another session with an open transaction in which these have run."""
    with psycopg.connect(target.conninfo, options="-c TimeZone=UTC") as other:
        for statement in statements:
            other.execute(statement.encode())
        yield other
        other.rollback()


@contextmanager
def sweeping(target: Target, pace: Pace, owner: psycopg.Connection) -> Iterator[Future[SweepReceipt]]:
    """A sweep in a thread of its own, which waits for somebody's lock when this is entered."""
    with ThreadPoolExecutor(1) as pool:
        future = pool.submit(sweep, target, pace=pace)
        waiting = (
            "pg_stat_activity where application_name = 'nosender retention' and wait_event_type = 'Lock'"
        )
        while not rows.count(owner, waiting) and not future.done():
            pass
        yield future


def test_a_row_extended_while_the_sweep_waits_for_it_survives(
    any_target: Target, owner: psycopg.Connection
) -> None:
    rows.messages(owner, 20, "now() - interval '1 hour'")
    rows.session_keys(owner, 5, "now() - interval '1 hour'")
    with (
        holding(
            any_target,
            "update messages set expires_at = now() + interval '1 day' where message_id = 'm-7'",
            "update device_session_keys set expires_at = now() + interval '1 day'"
            " where session_key_id = 's-3'",
        ) as other,
        sweeping(any_target, PATIENT, owner) as future,
    ):
        other.commit()
        receipt = future.result()
    assert (receipt.status, receipt.deleted, receipt.deactivated) == ("done", 19, 4)
    assert rows.count(owner, "messages where message_id = 'm-7'") == 1
    assert rows.count(owner, "message_deliveries") == 2
    assert rows.count(owner, "device_session_keys where is_active and session_key_id = 's-3'") == 1


@pytest.mark.parametrize(
    ("lock", "stays"),
    [
        pytest.param("select from messages where message_id = 'm-7' for update", 1, id="message"),
        pytest.param(
            "select from message_deliveries where message_id in"
            " (select id from messages where message_id in ('m-7', 'm-41')) for update",
            2,
            id="deliveries",
        ),
        pytest.param(
            "select from messages where message_id in ('m-1', 'm-10', 'm-11', 'm-12') for key share",
            4,
            id="several",
        ),
    ],
)
def test_locked_rows_stay_and_are_told(
    any_target: Target, owner: psycopg.Connection, lock: str, stays: int
) -> None:
    rows.messages(owner, 50, "now() - interval '1 hour'")
    with holding(any_target, lock):
        receipt = sweep(any_target, pace=BRIEF)
        assert rows.count(owner, "messages") == stays
    assert (receipt.status, receipt.blocked, receipt.deleted) == ("partial", stays, 50 - stays)
    assert str(stays) in receipt.warnings[0]
    told = owner.execute(
        "select status, blocked, oldest_remaining is not null from retention_ledger()"
        " where table_name = 'messages' and phase = 'swept'"
    ).fetchall()
    assert told == [("partial", stays, True)]
    assert sweep(any_target, pace=BRIEF).deleted == stays


def test_a_locked_session_key_stays_active(any_target: Target, owner: psycopg.Connection) -> None:
    rows.session_keys(owner, 30, "now() - interval '1 hour'")
    with holding(any_target, "select from device_session_keys where session_key_id = 's-9' for update"):
        receipt = sweep(any_target, pace=Pace(most=8, target_ms=None, duty=1, patience_ms=50))
    assert (receipt.status, receipt.deactivated, receipt.blocked) == ("partial", 29, 1)
    assert sweep(any_target).deactivated == 1


def test_a_row_that_is_let_go_in_time_goes(any_target: Target, owner: psycopg.Connection) -> None:
    rows.messages(owner, 1, "now() - interval '1 hour'")
    with (
        holding(any_target, "select from messages for update") as other,
        sweeping(any_target, PATIENT, owner) as future,
    ):
        other.commit()
        assert future.result().deleted == 1


def test_a_locked_table_is_named_and_receipted(any_target: Target, owner: psycopg.Connection) -> None:
    rows.messages(owner, 5, "now() - interval '1 hour'")
    with (
        holding(any_target, "lock table messages in share mode"),
        pytest.raises(NosenderError, match="locked"),
    ):
        sweep(any_target, pace=BRIEF)
    last = owner.execute("select phase, status, error_class from retention_ledger_tail()").fetchone()
    assert last == ("finished", "failed", "55P03")
    assert sweep(any_target).deleted == 5


def test_an_old_snapshot_is_named(any_target: Target, owner: psycopg.Connection) -> None:
    with psycopg.connect(any_target.conninfo) as other:
        other.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        other.execute("select from users")
        owner.execute("insert into users (phone_number) values ('+15550100002')")
        holders = read_status(any_target).holders
        name = f"process {other.info.backend_pid}"
    assert [(each.kind, each.name) for each in holders] == [("session", name)]
    assert holders[0].transactions >= 1


def test_who_makes_a_sweep_free_nothing_is_told(target: Target, connection: psycopg.Connection) -> None:
    """From a minute on; nobody can be that old in a test, so the answer is put in the function's place."""
    connection.execute(
        """
        create or replace function retention_holders()
        returns table (kind text, name text, transactions bigint, seconds bigint, complete boolean)
        language sql as
        $$
          values
          ('session', 'process 7', 12::bigint, 61::bigint, true), ('session', 'process 8', 1, 5, true),
          ('replication slot', 'unread', 12, null, true)
        $$
        """
    )
    connection.execute("create role holders_sweeper login in role nosender_sweeper")
    connection.commit()
    login = Target(psycopg.conninfo.make_conninfo(target.conninfo, user="holders_sweeper"))
    try:
        warnings = sweep(login).warnings
    finally:
        connection.execute("drop role holders_sweeper")
        connection.commit()
    assert warnings == (
        "session process 7 keeps deleted rows from being vacuumed away, for 61 seconds now",
        "replication slot unread keeps deleted rows from being vacuumed away",
    )


def test_messages_that_arrive_meanwhile_stay(any_target: Target, owner: psycopg.Connection) -> None:
    rows.messages(owner, 200, "now() - interval '1 hour'")
    arrived = threading.Event()

    def meanwhile(state: dict[str, int]) -> None:
        if state["deleted"] and not arrived.is_set():
            arrived.set()
            rows.messages(owner, 9, "now() + interval '1 hour'", name="new")

    assert sweep(any_target, pace=Pace(most=50, target_ms=None, duty=1), progress=meanwhile).deleted == 200
    assert rows.count(owner, "messages") == 9


def test_scattered_rows_are_walked_by_place_and_go_the_same(
    any_target: Target, owner: psycopg.Connection
) -> None:
    owner.execute("set session_replication_role = replica")
    rows.messages(owner, 20_000, "date_trunc('hour', now() + (random() - 0.5) * interval '7 days')")
    owner.execute("analyze messages")
    expired = rows.count(owner, "messages where expires_at <= now() at time zone 'utc'")
    passes: set[str] = set()
    largest = 0

    def progress(state: dict[str, object]) -> None:
        nonlocal largest
        passes.add(str(state["pass"]))
        if not state.get("settling"):  # a set is larger than a batch
            largest = max(largest, int(str(state["affected"])))

    receipt = sweep(any_target, pace=Pace(most=700, target_ms=None, duty=1), progress=progress)
    assert "blocks" in passes
    assert largest <= 700
    assert (receipt.deleted, receipt.children) == (expired, 2 * expired)
    assert rows.count(owner, "messages where expires_at <= now() at time zone 'utc'") == 0


def test_cascaded_rows_are_counted_without_statistics(any_target: Target, owner: psycopg.Connection) -> None:
    rows.messages(owner, 6, "now() - interval '1 hour'")
    uncounted = Target(f"{any_target.conninfo}&options=-c%20track_counts%3Doff")
    assert sweep(uncounted, pace=FAST).children == 12
