"""Half of the probes are asked in a second session: at once, of the same snapshot, or else in the first."""

from __future__ import annotations

from collections.abc import Collection
from concurrent.futures import Future

import psycopg
import pytest
from psycopg import sql

from nosender.privacy_audit.reading import read_snapshot
from nosender.privacy_audit.runner import run
from nosender.privacy_audit.snapshot.probes.functions import probe_names
from nosender.privacy_audit.snapshot.probes.second_session import HALF, Answers, SecondSession
from nosender.schema.catalogue import load
from nosender.schema.observe import reference
from nosender.server.target import Target

NAMES = ("audit_order", *sorted(HALF))


def shared(conninfo: str, target: Target, asking: str) -> dict[str, object]:
    """What one value is in the session of each probe."""

    def ask(session: psycopg.Connection, some: Collection[str]) -> Answers:
        row = session.execute(asking.encode()).fetchone()
        return {name: ({"value": row and row[0]},) for name in some}

    with psycopg.connect(conninfo) as connection:
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        with connection.transaction():
            second = SecondSession(target, connection, 5000)
            answers = second.share(connection, NAMES, ask)
    return {name: rows[0]["value"] for name, rows in answers.items() if isinstance(rows, tuple)}


def test_both_sessions_see_one_snapshot_and_the_second_can_write_nothing(any_migrated: str) -> None:
    target = Target(any_migrated)
    backends = shared(any_migrated, target, "select pg_catalog.pg_backend_pid()")
    assert len(set(backends.values())) == 2
    assert backends["audit_order"] not in [backends[name] for name in HALF]
    seen = shared(any_migrated, target, "select pg_catalog.pg_current_snapshot()::text")
    assert len(set(seen.values())) == 1
    writes = shared(any_migrated, target, "select pg_catalog.current_setting('transaction_read_only')")
    assert {writes[name] for name in HALF} == {"on"}


def test_what_is_committed_meanwhile_is_seen_by_neither(migrated: str) -> None:
    with psycopg.connect(migrated, autocommit=True) as other:
        counting = "select count(*) from public.users"

        def ask(session: psycopg.Connection, some: Collection[str]) -> Answers:
            row = session.execute(counting.encode()).fetchone()
            return {name: ({"value": row and row[0]},) for name in some}

        with psycopg.connect(migrated) as connection:
            connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
            with connection.transaction():
                second = SecondSession(Target(migrated), connection, 5000)
                other.execute("select public.register_user('+14155550100')")
                answers = second.share(connection, NAMES, ask)
    assert [answers[name] for name in NAMES] == [({"value": 0},)] * len(NAMES)


def test_where_no_second_session_is_to_be_had_the_first_asks_all(migrated: str) -> None:
    wrong = Target(psycopg.conninfo.make_conninfo(migrated, user="nobody_who_is_there"))
    assert len(set(shared(migrated, wrong, "select pg_catalog.pg_backend_pid()").values())) == 1
    # another database of the same server takes no snapshot of this one
    elsewhere = Target(psycopg.conninfo.make_conninfo(migrated, dbname="postgres"))
    assert len(set(shared(migrated, elsewhere, "select pg_catalog.current_database()").values())) == 1


def test_a_login_that_may_connect_once_is_answered_whole(migrated: str) -> None:
    with psycopg.connect(migrated, autocommit=True) as admin:
        role = sql.Identifier(f"once_{admin.info.backend_pid}")
        admin.execute(
            sql.SQL("create role {} login connection limit 1 in role nosender_auditor").format(role)
        )
    try:
        as_role = Target(psycopg.conninfo.make_conninfo(migrated, user=role.as_string().strip('"')))
        audit = run(as_role)
        assert not [each for each in audit.unseen() if "not called" in (each.reason or "")]
    finally:
        with psycopg.connect(migrated, autocommit=True) as admin:
            admin.execute(sql.SQL("drop role {}").format(role))


def test_a_role_that_may_export_no_snapshot_asks_in_one_session(migrated: str) -> None:
    with psycopg.connect(migrated, autocommit=True) as admin:
        admin.execute("revoke execute on function pg_catalog.pg_export_snapshot() from public")
        role = sql.Identifier(f"plain_{admin.info.backend_pid}")
        admin.execute(sql.SQL("create role {} login in role nosender_auditor").format(role))
    try:
        as_role = psycopg.conninfo.make_conninfo(migrated, user=role.as_string().strip('"'))
        backends = shared(as_role, Target(as_role), "select pg_catalog.pg_backend_pid()")
        assert len(set(backends.values())) == 1
    finally:
        with psycopg.connect(migrated, autocommit=True) as admin:
            admin.execute(sql.SQL("drop role {}").format(role))


def test_both_ways_answer_alike(any_migrated: str) -> None:
    names = frozenset(probe_names(reference("public")))
    with Target(any_migrated).connect("nosender audit", reading=True) as connection:
        alone = read_snapshot(connection, "public", load(), call_probes=names)
        beside = read_snapshot(connection, "public", load(), call_probes=names, target=Target(any_migrated))
    assert alone.snapshot.probes == beside.snapshot.probes


def test_a_second_session_that_is_ended_is_never_an_answer(migrated: str) -> None:
    """What was asked there is asked again in the first session, or is unseen."""

    def ask(session: psycopg.Connection, some: Collection[str]) -> Answers:
        if HALF & set(some) and session.info.backend_pid != first:
            with psycopg.connect(migrated, autocommit=True) as killer:
                killer.execute("select pg_catalog.pg_terminate_backend(%s, 5000)", [session.info.backend_pid])
        row = session.execute("select pg_catalog.pg_backend_pid()").fetchone()
        return {name: ({"value": row and row[0]},) for name in some}

    with psycopg.connect(migrated) as connection:
        first = connection.info.backend_pid
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        with connection.transaction():
            answers = SecondSession(Target(migrated), connection, 5000).share(connection, NAMES, ask)
    assert [answers[name] for name in NAMES] == [({"value": first},)] * len(NAMES)


def test_who_interrupts_waits_for_neither_session(migrated: str) -> None:
    started: Future[None] = Future()

    def ask(session: psycopg.Connection, some: Collection[str]) -> Answers:
        if HALF & set(some):
            started.set_result(None)
            session.execute("select pg_catalog.pg_sleep(600)")
        started.result()
        raise KeyboardInterrupt

    with psycopg.connect(migrated) as connection:
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        with pytest.raises(KeyboardInterrupt), connection.transaction():
            SecondSession(Target(migrated), connection, 5000).share(connection, NAMES, ask)
