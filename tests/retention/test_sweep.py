"""What goes, what stays, and what the receipts say of it."""

from __future__ import annotations

import json
from collections.abc import Iterator

import psycopg
import pytest

from nosender.errors import NosenderError
from nosender.retention.policy import declared_plan
from nosender.retention.stop import Stop
from nosender.retention.sweep import FAST, Pace, sweep
from nosender.server.target import Target

from . import rows

PACES = [
    pytest.param(FAST, id="fast"),
    pytest.param(Pace(), id="gentle"),
    pytest.param(Pace(most=7), id="tiny"),
]


@pytest.fixture
def any_target(any_migrated: str) -> Target:
    """The migrated database of every major, as the commands see it."""
    return Target(any_migrated)


@pytest.fixture
def owner(any_migrated: str) -> Iterator[psycopg.Connection]:
    """The owner's session, with one user."""
    with psycopg.connect(any_migrated, autocommit=True, options="-c TimeZone=UTC") as connection:
        rows.people(connection)
        yield connection


@pytest.mark.parametrize("pace", PACES)
def test_what_has_expired_goes_and_nothing_else(
    any_target: Target, owner: psycopg.Connection, pace: Pace
) -> None:
    rows.messages(owner, 30, "now() - interval '3 days' + n * interval '1 hour'", name="old")
    rows.messages(owner, 20, "now() + interval '1 hour'", name="new")
    rows.messages(owner, 10, "null", name="kept")
    rows.session_keys(owner, 12, "now() - interval '2 hours'", name="old")
    rows.session_keys(owner, 5, "now() + interval '1 hour'", name="new")
    rows.session_keys(owner, 3, "null", name="kept")
    rows.ephemeral_keys(owner, 25, "now() - interval '1 hour'", name="old")
    rows.ephemeral_keys(owner, 9, "now() + interval '1 hour'", used=True, name="used")
    rows.ephemeral_keys(owner, 8, "now() + interval '1 hour'", name="new")

    receipt = sweep(any_target, pace=pace)

    assert receipt.status == "done"
    assert (receipt.deleted, receipt.deactivated, receipt.children) == (30 + 25 + 9, 12, 60)
    assert (
        rows.count(owner, "messages") == rows.count(owner, "messages where message_id not like 'old%'") == 30
    )
    assert rows.count(owner, "message_deliveries") == 60
    assert rows.count(owner, "device_session_keys where not is_active and session_key_id like 'old%'") == 12
    assert rows.count(owner, "device_session_keys where is_active") == 8
    assert rows.count(owner, "ephemeral_keys") == rows.count(owner, "ephemeral_keys where not used") == 8


def test_no_batch_is_larger_than_asked_for_though_all_expire_at_once(
    any_target: Target, owner: psycopg.Connection
) -> None:
    rows.messages(owner, 500, "now() - interval '1 hour'")
    rows.session_keys(owner, 300, "now() - interval '1 hour'")
    rows.ephemeral_keys(owner, 400, "now() - interval '1 hour'")
    batches: list[int] = []

    receipt = sweep(
        any_target,
        pace=Pace(most=64, target_ms=None, duty=1),
        progress=lambda state: batches.append(0 if "held" in state else state.get("affected", 0)),
    )

    assert max(batches) == 64
    assert receipt.batches == sum(-(-each // 64) for each in (500, 300, 400))


def test_the_ledger_tells_each_table(target: Target, connection: psycopg.Connection) -> None:
    rows.people(connection)
    rows.messages(connection, 3, "now() - interval '1 hour'")
    connection.commit()
    receipt = sweep(target)
    ledger = connection.execute(
        "select phase, table_name, status, deleted, children, oldest_remaining from retention_ledger()"
        " where phase <> 'settled'"
    ).fetchall()
    assert ledger == [
        ("started", None, None, 0, 0, None),
        ("swept", "device_session_keys", "done", 0, 0, None),
        ("swept", "ephemeral_keys", "done", 0, 0, None),
        ("swept", "messages", "done", 3, 6, None),
        ("finished", None, "done", 3, 6, None),
    ]
    assert receipt.ledger_id == rows.count(connection, "retention_runs")


@pytest.mark.parametrize("statement", ["update {} set deleted = 0", "delete from {}", "truncate {}"])
def test_the_ledger_only_grows(target: Target, connection: psycopg.Connection, statement: str) -> None:
    sweep(target)
    with pytest.raises(psycopg.errors.RestrictViolation, match="append-only"):
        connection.execute(statement.format("retention_runs").encode())


def test_a_row_that_does_not_continue_the_chain_is_refused(
    target: Target, connection: psycopg.Connection
) -> None:
    sweep(target)
    with pytest.raises(psycopg.errors.RestrictViolation, match="does not continue"):
        connection.execute(
            """
            insert into retention_runs
            select r.* from retention_ledger_tail() as t,
              jsonb_populate_record(null::retention_runs, to_jsonb(t) || '{"id": 6, "deleted": 99}') as r
            """
        )


def test_the_role_can_sweep_and_nothing_more(target: Target, connection: psycopg.Connection) -> None:
    rows.people(connection)
    rows.messages(connection, 5, "now() - interval '1 hour'")
    rows.messages(connection, 5, "now() + interval '1 hour'", name="new")
    connection.commit()
    sweeper = Target(f"{target.conninfo}&options=-c%20role%3Dnosender_sweeper")
    assert sweep(sweeper).deleted == 5
    with psycopg.connect(sweeper.conninfo, autocommit=True) as session:
        for table in (
            "messages",
            "message_deliveries",
            "ephemeral_keys",
            "device_session_keys",
            "retention_runs",
        ):
            for statement in (f"select from {table}", f"delete from {table}"):
                with pytest.raises(psycopg.errors.InsufficientPrivilege):
                    session.execute(statement.encode())
        # The state of a sweep is the caller's to hand in; it may say anything, and lose nothing live.
        begun = session.execute("select retention_begin()").fetchone()
        assert begun is not None
        state = begun[0] | {"cutoff": "2999-01-01T00:00:00", "at": 2, "left": False}
        for state["pass"] in ("keys", "last", "blocks"):
            answer = session.execute("select retention_step(%s)", [json.dumps(state)]).fetchone()
            assert answer is not None
            assert answer[0]["affected"] == 0
        with pytest.raises(psycopg.errors.InvalidParameterValue, match="no sweep of this state"):
            session.execute("select retention_step(%s)", [json.dumps(state | {"pass": "end"})])
    assert rows.count(connection, "messages") == 5


@pytest.mark.parametrize(
    "forged",
    [{"run": "00000000-0000-0000-0000-000000000000"}, {"policy": "00" * 32}, {"started": 0}],
    ids=str,
)
def test_a_receipt_names_the_run_that_started(
    connection: psycopg.Connection, forged: dict[str, object]
) -> None:
    """And its policy; under another cutoff only a row that has expired by the clock goes, as told above."""
    begun = connection.execute("select retention_begin()").fetchone()
    assert begun is not None
    connection.commit()
    connection.execute("set role nosender_sweeper")
    state = json.dumps(begun[0] | forged)
    for call in ("retention_step(%s)", "retention_stop(%s, 'done')"):
        with pytest.raises(psycopg.errors.InvalidParameterValue, match="no sweep of this state"):
            connection.execute(f"select {call}".encode(), [state])
        connection.rollback()
    cutoff = json.dumps(begun[0] | {"cutoff": "2020-01-01T00:00:00"})
    with pytest.raises(psycopg.errors.InvalidParameterValue, match="no sweep of this state"):
        connection.execute("select retention_step(%s)", [cutoff])
    connection.rollback()


def test_the_procedure_does_the_same(any_migrated: str, owner: psycopg.Connection) -> None:
    rows.messages(owner, 40, "now() - n * interval '1 hour'")
    rows.messages(owner, 5, "now() + interval '1 hour'", name="new")
    rows.ephemeral_keys(owner, 6, "now() - interval '1 hour'")
    with psycopg.connect(any_migrated, autocommit=True) as session:
        session.execute("set role nosender_sweeper")
        session.execute("set search_path to pg_catalog")  # as a scheduler's may be
        session.execute("call public.retention_sweep(most => 16, target_ms => null, duty => 1)")
        ledger = session.execute(
            "select phase, status, deleted, children, batches from public.retention_ledger()"
        ).fetchall()
    assert ledger[-1] == ("finished", "done", 46, 80, 3 + 1)
    assert rows.count(owner, "messages") == 5


def test_one_sweep_at_a_time(target: Target, connection: psycopg.Connection) -> None:
    connection.execute("select retention_begin(tables => '{messages}')")
    connection.commit()
    pid = connection.info.backend_pid
    with pytest.raises(NosenderError, match=rf"another sweep of messages is running \(process {pid}\)"):
        sweep(target)
    assert sweep(target, tables=["ephemeral_keys"]).status == "done"


def test_a_sweep_that_is_stopped_leaves_a_receipt(target: Target, connection: psycopg.Connection) -> None:
    rows.people(connection)
    rows.messages(connection, 100, "now() - interval '1 hour'")
    connection.commit()
    stop = Stop()

    def after_the_first_messages(state: dict[str, int]) -> None:
        if state["deleted"]:
            stop.set()

    receipt = sweep(target, pace=Pace(most=10), progress=after_the_first_messages, stop=stop)

    assert (receipt.status, receipt.deleted) == ("interrupted", 10)
    assert rows.count(connection, "messages") == 90
    last = connection.execute("select phase, status, deleted from retention_ledger_tail(2)").fetchall()
    assert last == [("finished", "interrupted", 10), ("swept", "interrupted", 10)]


def test_the_database_carries_the_policy_of_the_catalogue(connection: psycopg.Connection) -> None:
    row = connection.execute("select encode(retention_policy_hash(), 'hex')").fetchone()
    assert row == (declared_plan().hash,)


def test_another_policy_in_the_database_is_refused(target: Target, connection: psycopg.Connection) -> None:
    rows.people(connection)
    rows.messages(connection, 3, "now() - interval '1 hour'")
    definition = connection.execute("select pg_get_functiondef('retention_policy'::regproc)").fetchone()
    assert definition is not None
    connection.execute(definition[0].replace("'messages', 'expires_at'", "'messages', 'created_at'").encode())
    connection.execute("create role policy_sweeper login in role nosender_sweeper")
    connection.commit()
    with pytest.raises(NosenderError, match="is not the declared one"):  # and would run as the superuser
        sweep(target)
    try:
        login = psycopg.conninfo.make_conninfo(target.conninfo, user="policy_sweeper")
        with pytest.raises(NosenderError, match="different retention"):
            sweep(Target(login))
    finally:
        connection.execute("drop role policy_sweeper")
        connection.commit()
    assert rows.count(connection, "messages") == 3
