"""Several sessions on one table: no row twice, none left, and every count true, whoever is killed."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable

import psycopg
import pytest

from nosender.errors import NosenderError
from nosender.retention.ledger import verify_target
from nosender.retention.session import State
from nosender.retention.stop import Stop
from nosender.retention.sweep import Pace, SweepReceipt, sweep
from nosender.server.target import Target

from . import rows

SMALL = Pace(most=5, target_ms=None, duty=1)
WORKER = "pg_stat_activity where application_name = 'nosender retention worker'"


@pytest.fixture
def owner(any_migrated: str) -> psycopg.Connection:
    connection = psycopg.connect(any_migrated, autocommit=True, options="-c TimeZone=UTC")
    rows.people(connection)
    return connection


@pytest.fixture
def target(any_migrated: str) -> Target:
    return Target(any_migrated)


def witness(owner: psycopg.Connection) -> None:
    """Write down which session deletes which message, in the transaction that deletes it."""
    owner.execute("create table gone (id bigint, pid integer)")
    owner.execute(
        "create function witness() returns trigger language plpgsql security definer set search_path = public"
        " as $$begin insert into gone values (old.id, pg_backend_pid()); return null; end$$"
    )
    owner.execute("create trigger witness after delete on messages for each row execute function witness()")


def told(owner: psycopg.Connection, table: str) -> tuple[str, int, int]:
    found = owner.execute(
        "select status, deleted, children from retention_ledger() where phase = 'swept' and table_name = %s",
        [table],
    ).fetchall()
    assert len(found) == 1
    status, deleted, children = found[0]
    return status, deleted, children


@pytest.mark.parametrize("scattered", [False, True], ids=["by expiry", "by place"])
def test_two_share_a_table_and_no_row(target: Target, owner: psycopg.Connection, *, scattered: bool) -> None:
    expiry = "now() - n * interval '1 hour'"
    count, pace = 300, SMALL
    if scattered:
        owner.execute("set session_replication_role = replica")
        expiry = "date_trunc('hour', now() + (random() - 0.5) * interval '7 days')"
        count, pace = 20_000, Pace(most=50, target_ms=None, duty=1)
    rows.messages(owner, count, expiry)
    owner.execute("set session_replication_role = origin")
    rows.ephemeral_keys(owner, 50, "now() - interval '1 hour'", used=True)
    rows.session_keys(owner, 20, "now() - interval '1 hour'")
    owner.execute("analyze messages")
    due = rows.count(owner, "messages where expires_at <= now() at time zone 'utc'")
    witness(owner)
    shown: list[int] = []

    receipt = sweep(
        target, pace=pace, workers=2, progress=lambda s: shown.append(s["total"]["deleted"] + s["deleted"])
    )

    assert receipt.status == "done"
    # A snapshot of somebody else's, as autovacuum's, may keep the vacuum from old rows.
    assert all(each.startswith("settled, not vacuumed") for each in receipt.warnings)
    assert (receipt.deleted, receipt.children, receipt.deactivated) == (due + 50, 2 * due, 20)
    assert told(owner, "messages") == ("done", due, 2 * due)
    assert rows.count(owner, "messages where expires_at <= now() at time zone 'utc'") == 0
    assert rows.count(owner, "gone") == due
    assert rows.count(owner, "(select distinct id from gone) as each") == due
    assert shown == sorted(shown)
    assert shown[-1] == receipt.deleted
    assert verify_target(target).problems == ()
    assert rows.count(owner, "pg_locks where locktype = 'advisory'") == 0


def killing(owner: psycopg.Connection, kills: int) -> Callable[[State], None]:
    """Progress that ends a worker's session, the one that is at work or the other, until so many are gone."""
    killed: set[int] = set()

    def progress(state: State) -> None:
        if len(killed) >= kills or state["deleted"] < 20 * (len(killed) + 1):
            return
        row = owner.execute(f"select pid from {WORKER} limit 1".encode()).fetchone()
        if row is not None and row[0] not in killed:
            killed.add(row[0])
            owner.execute("select pg_terminate_backend(%s, 10000)", [row[0]])

    return progress


@pytest.mark.parametrize("kills", [1, 2])
def test_a_worker_that_is_killed_leaves_its_part_to_the_others(
    target: Target, owner: psycopg.Connection, kills: int
) -> None:
    """Both gone, the sweep's own session does the rest."""
    rows.messages(owner, 400, "now() - n * interval '1 hour'")
    rows.messages(owner, 7, "now() + interval '1 day'", name="live")
    witness(owner)
    receipt = sweep(target, pace=SMALL, workers=2, progress=killing(owner, kills))
    assert (receipt.status, receipt.deleted, receipt.children) == ("done", 400, 800)
    assert receipt.warnings[0].startswith(f"{kills} of the workers' connections broke")
    assert rows.count(owner, "gone") == 400
    assert rows.count(owner, "messages") == 7
    assert verify_target(target).problems == ()


def test_a_batch_whose_answer_was_lost_counts_if_it_was_committed(
    target: Target, owner: psycopg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The connection breaks in the moment of the commit, once after it and once before."""
    rows.messages(owner, 200, "now() - n * interval '1 hour'")
    commit = psycopg.Connection.commit
    breaks = iter(["after", "before"])
    lock = threading.Lock()

    def fragile(self: psycopg.Connection) -> None:
        row = self.execute("select pg_current_xact_id_if_assigned() is not null").fetchone()
        with lock:
            when = next(breaks, None) if row is not None and row[0] else None
        if when == "after":
            commit(self)
        if when is None:
            commit(self)
            return
        owner.execute("select pg_terminate_backend(%s, 10000)", [self.info.backend_pid])
        self.execute("select 1")

    monkeypatch.setattr(psycopg.Connection, "commit", fragile)
    receipt = sweep(target, pace=SMALL, workers=2)
    assert (receipt.status, receipt.deleted, receipt.children) == ("done", 200, 400)


def test_one_interrupt_ends_them_all_with_one_receipt(target: Target, owner: psycopg.Connection) -> None:
    rows.messages(owner, 400, "now() - n * interval '1 hour'")
    stop = Stop()

    def progress(state: State) -> None:
        if state["deleted"] >= 50:
            stop.set()

    receipt = sweep(target, pace=SMALL, workers=3, progress=progress, stop=stop)
    left = rows.count(owner, "messages")
    assert receipt.status == "interrupted"
    assert 0 < left < 400
    assert (receipt.deleted, receipt.children) == (400 - left, 2 * (400 - left))
    ends = rows.count(owner, "retention_ledger() where phase = 'finished'")
    assert ends == 1
    assert verify_target(target).problems == ()


def test_an_error_in_one_ends_them_all(target: Target, owner: psycopg.Connection) -> None:
    rows.messages(owner, 200, "now() - n * interval '1 hour'")
    owner.execute(
        "create function refuse() returns trigger language plpgsql as"
        " $$begin if old.message_id = 'm-60' then raise exception 'no' using errcode = 'P0042'; end if;"
        " return old; end$$"
    )
    owner.execute("create trigger refuse before delete on messages for each row execute function refuse()")
    with pytest.raises(NosenderError, match="P0042"):
        sweep(target, pace=SMALL, workers=2)
    left = rows.count(owner, "messages")
    last = owner.execute("select status, error_class, deleted from retention_ledger_tail()").fetchone()
    assert last == ("failed", "P0042", 200 - left)


def test_locked_rows_are_told_by_all_together(target: Target, owner: psycopg.Connection) -> None:
    rows.messages(owner, 100, "now() - n * interval '1 hour'")
    with psycopg.connect(target.conninfo) as other:
        other.execute("select from messages where message_id in ('m-7', 'm-70') for update")
        receipt = sweep(target, pace=Pace(most=5, target_ms=None, duty=1, patience_ms=50), workers=2)
        assert (receipt.status, receipt.blocked, receipt.deleted) == ("partial", 2, 98)
    assert sweep(target, workers=2).deleted == 2


def test_without_a_session_to_be_had_one_does_it(target: Target, owner: psycopg.Connection) -> None:
    """The role may hold one connection, which is the sweep's own."""
    rows.messages(owner, 50, "now() - n * interval '1 hour'")
    name = f"lonely_{os.getpid()}"
    owner.execute(f"create role {name} login connection limit 1 in role nosender_sweeper".encode())
    try:
        receipt: SweepReceipt = sweep(
            Target(psycopg.conninfo.make_conninfo(target.conninfo, user=name)), pace=SMALL, workers=2
        )
    finally:
        owner.execute(f"drop role {name}".encode())
    assert (receipt.status, receipt.deleted) == ("done", 50)
    assert receipt.warnings[0].startswith("2 of the workers")
