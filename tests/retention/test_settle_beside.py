"""Settling beside others: their locks, their crashes, their calls; and what stays in the files."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import threading
from collections.abc import Iterator
from dataclasses import replace

import psycopg
import pytest
from psycopg import sql

from nosender.errors import NosenderError
from nosender.migrations.revisions import RevisionError
from nosender.migrations.runner import downgrade, upgrade
from nosender.retention.ledger import verify_target
from nosender.retention.stop import Stop
from nosender.retention.sweep import FAST, sweep
from nosender.retention.unsettled import FAST_SAMPLE, SAMPLE, read_unsettled
from nosender.schema import ddl
from nosender.server.binaries import Binaries
from nosender.server.embedded import EmbeddedServer
from nosender.server.target import Target

from . import settling
from .settling import at, do, groups, person, send, settle, unsettled


@pytest.fixture
def owner(migrated: str) -> Iterator[psycopg.Connection]:
    """The owner's session; the database's clock is what the other sessions say."""
    with psycopg.connect(migrated, autocommit=True, options="-c TimeZone=UTC") as connection:
        settling.set_back(connection)
        settling.people(migrated, 3)
        yield connection


def last_receipt(owner: psycopg.Connection) -> tuple[str, str | None]:
    row = owner.execute("select status, error_class from retention_runs order by id desc limit 1").fetchone()
    assert row is not None
    return row[0], row[1]


def test_a_row_that_somebody_holds_waits_for_the_next_set(migrated: str, owner: psycopg.Connection) -> None:
    send(migrated, "01:10", 20)
    with psycopg.connect(migrated) as other:
        other.execute("select from messages where message_id in ('m3', 'm4') for share")
        receipt = settle(migrated, "02:10")
        assert receipt.passed_over == 2
        assert "2 rows are in use and settle with the next set" in receipt.warnings
    assert unsettled(owner, "messages") == 2
    told = "select settled, blocked from retention_runs where phase = 'settled' and table_name = 'messages'"
    assert owner.execute(f"{told} order by id desc limit 2".encode()).fetchall() == [(0, 2), (18, 2)]
    send(migrated, "02:30", 9, name="later")
    assert settle(migrated, "03:10").passed_over == 0
    assert groups(owner, "messages") == [18, 11]


def test_others_who_hold_a_whole_sample_do_not_keep_a_sweep_for_ever(
    migrated: str, owner: psycopg.Connection
) -> None:
    send(migrated, "01:10", 20)
    with psycopg.connect(migrated) as other:
        other.execute("select from messages for share")
        assert settle(migrated, "02:10").passed_over == 20
    assert unsettled(owner, "messages") == 20
    settle(migrated, "03:10")
    assert unsettled(owner, "messages") == 0


@pytest.mark.parametrize("steps", range(4, 14))
def test_a_sweep_that_is_killed_is_finished_by_the_next(
    migrated: str, owner: psycopg.Connection, steps: int
) -> None:
    """Between two transactions; inside one, nothing of it was."""
    send(migrated, "01:10", 20)
    do(migrated, "01:20", "select acknowledge(1, array(select id from messages limit 9), 'read')")
    done = 0

    def kill(_state: object) -> None:
        nonlocal done
        done += 1
        if done == steps:
            owner.execute(
                "select pg_terminate_backend(pid) from pg_stat_activity "
                "where application_name like 'nosender retention%' and datname = current_database()"
            )

    with pytest.raises(NosenderError, match="broke"):
        sweep(at(migrated, "02:10"), pace=FAST, progress=kill)
    settle(migrated, "02:20")
    assert unsettled(owner, "messages") == unsettled(owner, "message_deliveries") == 0
    assert groups(owner, "messages") == [20]
    assert groups(owner, "message_deliveries") == [20]
    verdict = verify_target(Target(migrated))
    assert (verdict.problems, verdict.unfinished) == ((), 1)


def test_a_server_process_that_is_killed_inside_a_set_leaves_it_to_the_next(binaries: Binaries) -> None:
    """By SIGKILL, in the statement that writes the set: the server recovers, and nothing of the set was."""
    # What is committed is written at once, and stays when a process is killed.
    with EmbeddedServer(binaries, settings={"synchronous_commit": "on"}) as server:
        conninfo = server.conninfo()
        with psycopg.connect(conninfo, autocommit=True, options="-c TimeZone=UTC") as owner:
            ddl.load(owner, "public")
            settling.set_back(owner)
            settling.people(conninfo, 3)
            send(conninfo, "01:10", 40)
            settle(conninfo, "02:10")
            owner.execute(
                """
                create function stall() returns trigger language plpgsql as $$
                begin
                  if nextval('public.written') = 10 then perform pg_advisory_xact_lock(42); end if;
                  return new;
                end
                $$;
                create sequence written;
                create trigger stall before update on messages for each row
                when (old.created_at <> new.created_at) execute function stall();
                """
            )
            owner.execute("select pg_advisory_lock(42)")
            failed: list[NosenderError] = []

            def sweep_once() -> None:
                try:
                    settle(conninfo, "06:10", pace=replace(FAST, patience_ms=60_000))
                except NosenderError as error:
                    failed.append(error)

            sweeper = threading.Thread(target=sweep_once)
            sweeper.start()
            waiting = "select pid from pg_locks where locktype = 'advisory' and objid = 42 and not granted"
            while (row := owner.execute(waiting.encode()).fetchone()) is None:
                assert sweeper.is_alive()
            os.kill(row[0], signal.SIGKILL)
            sweeper.join()
            with contextlib.suppress(psycopg.OperationalError):
                while True:  # until the server has noticed it, and ends every session
                    owner.execute("select")
        assert failed
        while True:
            with contextlib.suppress(psycopg.OperationalError):
                owner = psycopg.connect(conninfo, autocommit=True, options="-c TimeZone=UTC")
                break
        with owner:
            assert groups(owner, "messages") == [40]
            hours = "select distinct created_at::text from messages"
            assert owner.execute(hours.encode()).fetchall() == [("2031-05-06 01:00:00",)]
            owner.execute("drop trigger stall on messages")
            settle(conninfo, "06:20")
            assert owner.execute(hours.encode()).fetchall() == [("2031-05-06 00:00:00",)]
            assert groups(owner, "messages") == [40]
            assert unsettled(owner, "messages") == unsettled(owner, "message_deliveries") == 0
        verdict = verify_target(Target(conninfo))
        assert (verdict.problems, verdict.unfinished) == ((), 1)


@pytest.mark.parametrize("table", ["messages", "message_deliveries", "device_session_keys", "retention_runs"])
def test_a_set_that_fails_in_the_middle_leaves_nothing(
    migrated: str, owner: psycopg.Connection, table: str
) -> None:
    send(migrated, "01:10", 20)
    owner.execute(
        sql.SQL(
            """
            create sequence written;
            create function fail() returns trigger language plpgsql as $$
            begin
              if new::text like '%settled%' or nextval('public.written') = 10 then
                raise exception 'no';
              end if;
              return new;
            end
            $$;
            create trigger fail before insert or update on {} for each row execute function fail()
            """
        ).format(sql.Identifier(table))
    )
    do(migrated, "01:20", "select 1")
    places = owner.execute("select array_agg(ctid::text order by id) from messages").fetchone()
    settled = "select count(*) from retention_runs where phase = 'settled' and table_name = 'messages'"
    if table == "device_session_keys":
        settle(migrated, "02:10")
    else:
        with pytest.raises(NosenderError):
            settle(migrated, "02:10")
    if table in ("messages", "retention_runs"):
        assert owner.execute("select array_agg(ctid::text order by id) from messages").fetchone() == places
        assert owner.execute(settled.encode()).fetchone() == (0,)
    owner.execute("drop function fail() cascade")
    owner.execute("drop sequence written")
    settle(migrated, "02:20")
    assert unsettled(owner, "messages") == unsettled(owner, "message_deliveries") == 0


@pytest.mark.usefixtures("owner")
def test_forget_revoke_rotate_claim_and_acknowledge_meet_no_deadlock(migrated: str) -> None:
    """Each settle finds everything unsettled, while five others change what it writes."""
    for n in range(4, 44):
        do(
            migrated,
            "00:40",
            f"select register_user('{person(n)}')",
            f"select register_device({n}, sha256('{n}'), '\\x{n:08x}'::bytea)",
        )
        send(migrated, "01:10", 6, to=n, name=f"to{n}-")
    over = threading.Event()
    failed: list[psycopg.Error] = []

    def call(statements: list[str]) -> None:
        with psycopg.connect(at(migrated, "01:30").conninfo, autocommit=True) as connection:
            while not over.is_set():
                for statement in statements:
                    try:
                        connection.execute(statement.encode())
                    except psycopg.Error as error:
                        if error.sqlstate in ("40P01", "40001", "55P03"):
                            failed.append(error)

    def keys(n: int) -> str:
        sealed = "array[decode(repeat('ab', 60), 'hex')]"
        return f"select rotate_session_key({n}, null, gen_random_uuid()::text, array[{n}], {sealed})"

    fresh = "sha256(gen_random_uuid()::text::bytea), gen_random_uuid()::text"
    crew = [
        [f"select forget_phone_number('{person(n)}')" for n in range(4, 14)],
        [f"select revoke_device({n})" for n in range(14, 24)],
        [keys(n) for n in range(24, 34)],
        [
            f"select publish_ephemeral_key('{person(30)}', {fresh})",
            f"select claim_ephemeral_key('{person(30)}')",
        ],
        [
            "select acknowledge(webauthn_credential_id, array_agg(message_id), 'read') "
            "from message_deliveries group by webauthn_credential_id order by 1 limit 1 offset 20"
        ],
    ]
    threads = [threading.Thread(target=call, args=[statements]) for statements in crew]
    for thread in threads:
        thread.start()
    try:
        for hour in range(2, 22, 2):
            receipt = settle(migrated, f"{hour:02}:10")
            assert receipt.status in ("done", "partial")
    finally:
        over.set()
        for thread in threads:
            thread.join()
    assert failed == []


def test_who_may_not_vacuum_is_told_so(migrated: str, owner: psycopg.Connection) -> None:
    owner.execute("drop role if exists settler")
    owner.execute("create role settler login")
    owner.execute("grant nosender_sweeper to settler")
    send(migrated, "01:10", 5)
    receipt = sweep(Target(at(migrated, "02:10").conninfo + " user=settler"), pace=FAST)
    assert (receipt.status, receipt.settled >= 5) == ("done", True)
    assert any(each.startswith("settled, not vacuumed") and "owner" in each for each in receipt.warnings)
    assert last_receipt(owner) == ("done", "settled-not-vacuumed")


def test_an_old_snapshot_keeps_what_the_vacuum_would_take(migrated: str, owner: psycopg.Connection) -> None:
    send(migrated, "01:10", 5)
    with psycopg.connect(migrated) as other:
        other.execute("set transaction isolation level repeatable read")
        other.execute("select count(*) from messages")
        receipt = settle(migrated, "02:10")
        assert any("old snapshot" in each for each in receipt.warnings)
        assert last_receipt(owner) == ("done", "settled-not-vacuumed")
    send(migrated, "02:20", 5, name="n")
    settle(migrated, "03:10")
    assert last_receipt(owner) == ("done", None)


def test_no_old_version_is_left_where_nobody_keeps_it(migrated: str, owner: psycopg.Connection) -> None:
    owner.execute("create extension pageinspect")
    send(migrated, "01:10", 50)
    settle(migrated, "02:10")
    rows = owner.execute(
        "select count(*) from generate_series(0, pg_relation_size('messages') / 8192 - 1) as page, "
        "heap_page_items(get_raw_page('messages', page::integer)) as item where lp_flags = 1"
    ).fetchone()
    assert rows == (50,)


def test_a_ledger_of_both_forms_holds_and_cannot_go_back(database: str) -> None:
    target = Target(database)
    upgrade(target, "0006")
    with psycopg.connect(database, autocommit=True, options="-c TimeZone=UTC") as owner:
        owner.execute("call retention_sweep()")
        upgrade(target)
        sweep(target)
        forms = owner.execute("select distinct form from retention_runs order by 1 nulls first").fetchall()
        assert forms == [(None,), (2,)]
        assert verify_target(target).problems == ()
        (count,) = owner.execute("select count(*) from retention_runs where form = 2").fetchone() or (0,)
        owner.execute("set session_replication_role = replica")
        owner.execute("update retention_runs set version = 'x' where form = 2 and phase = 'finished'")
        assert "is not what was written" in verify_target(target).problems[0]
        with pytest.raises((NosenderError, RevisionError), match=f"{count} receipts"):
            downgrade(target, "0006")


def test_old_rows_are_planned_and_settle_in_random_parts_over_all_of_them(
    migrated: str, owner: psycopg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Interrupted after each part, as often as it takes."""
    for day in ("2031-05-01", "2031-05-02", "2031-05-03"):
        send(migrated, "05:10", 40, name=f"d{day}", day=day)
    planned = {each.table: each for each in read_unsettled(at(migrated, "10:00"))}
    assert planned["messages"].rows == planned["message_deliveries"].rows == 120
    assert planned["messages"].wal > planned["messages"].bytes > 120 * 40
    assert planned["messages"].seconds > planned["messages"].fast_seconds > 0
    body = owner.execute("select pg_get_functiondef('retention_settle'::regproc)").fetchone()
    assert body is not None
    samples = re.findall(r"(?:then|else) (\d{4,5})\b", body[0])
    assert samples == [str(FAST_SAMPLE), str(SAMPLE)], "what the plan reckons with"
    owner.execute(body[0].replace("20000", "25").encode())
    monkeypatch.setattr("nosender.retention.sweep.refuse_replaced", lambda *_, **__: None)
    left = [unsettled(owner, "messages")]

    def settle_a_part() -> None:
        stop = Stop()
        sweep(
            at(migrated, "10:00"),
            pace=FAST,
            stop=stop,
            progress=lambda state: stop.set() if state["settled"] else None,
        )

    while left[-1]:
        settle_a_part()
        left.append(unsettled(owner, "messages"))
        assert left[-1] == max(0, left[-2] - 25)
    assert groups(owner, "messages") == [25] * 4 + [20]
    mixed = owner.execute(
        "select min(days) from "
        "(select count(distinct created_at) as days from messages group by xmin::text) as sets"
    ).fetchone()
    assert mixed == (3,)
    settle(migrated, "10:01")
    assert "message_deliveries" not in {each.table for each in read_unsettled(at(migrated, "10:02"))}
