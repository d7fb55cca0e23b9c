"""The chain: what breaks it, what it is taken of, and what it is held against."""

from __future__ import annotations

import base64
import hashlib
import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest

from nosender.errors import UsageError
from nosender.retention.ledger import GENESIS, Head, head_of_report, read, row_text, verify, verify_target
from nosender.retention.sweep import sweep
from nosender.server.target import Target

from . import rows

RunNosender = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def swept(target: Target, connection: psycopg.Connection) -> psycopg.Connection:
    """The owner's session on a database that was swept three times, its triggers off: an insider."""
    connection.autocommit = True
    rows.people(connection)
    rows.messages(connection, 4, "now() - interval '1 hour'")
    for _ in range(3):
        sweep(target)
    connection.execute("set session_replication_role = replica")
    return connection


@pytest.mark.usefixtures("swept")
def test_the_chain_of_sweeps_holds(target: Target) -> None:
    verdict = verify_target(target)
    assert verdict.problems == verdict.unseen == ()
    assert (verdict.rows, verdict.runs, verdict.unfinished) == (verdict.head.length, 3, 0)


def test_an_empty_ledger_holds(target: Target) -> None:
    assert verify_target(target).head == Head(0, GENESIS)


TAMPERED = [
    pytest.param(
        "update retention_runs set deleted = 7 where id = 9", "row 9 is not what was written", id="edited"
    ),
    pytest.param(
        "update retention_runs set error_class = 'x' where id = 5", "row 5 is not what was", id="word"
    ),
    pytest.param(
        "update retention_runs set clock_after = clock_after + interval '1 microsecond' where id = 3",
        "row 3 is not what was written",
        id="microsecond",
    ),
    pytest.param(
        "delete from retention_runs where id = 6", "row 6 of retention_runs are missing", id="removed"
    ),
    pytest.param("delete from retention_runs where id between 4 and 8", "rows 4 to 8 of ret", id="several"),
    pytest.param(
        "delete from retention_runs where id <= 5", "begins with row 6, and no receipt", id="beginning"
    ),
    pytest.param(
        """
        update retention_runs set id = -id where id in (7, 8);
        update retention_runs set id = case id when -7 then 8 else 7 end where id < 0
        """,
        "row 7 does not follow row 6",
        id="moved",
    ),
    pytest.param(
        """
        update retention_runs set id = id + 100 where id > 7;
        update retention_runs set id = id - 99 where id > 100;
        insert into retention_runs
        select r.* from retention_runs as seven,
          jsonb_populate_record(null::retention_runs, to_jsonb(seven) || '{"id": 8}') as r
        where seven.id = 7
        """,
        "row 8 does not follow row 7",
        id="inserted",
    ),
    pytest.param(
        """
        delete from retention_runs where id > 10;
        insert into retention_runs
        select r.* from retention_runs as five,
          jsonb_populate_record(null::retention_runs, to_jsonb(five) || '{"id": 11}') as r
        where five.id = 5
        """,
        "row 11 does not follow row 10",
        id="end",
    ),
]


@pytest.mark.parametrize(("statements", "problem"), TAMPERED)
def test_tampering_is_found(target: Target, swept: psycopg.Connection, statements: str, problem: str) -> None:
    swept.execute(statements.encode())
    assert any(problem in each for each in verify_target(target).problems)


def test_a_rewritten_chain_is_found_by_an_earlier_report(
    target: Target, swept: psycopg.Connection, tmp_path: Path, run_nosender: RunNosender
) -> None:
    report = tmp_path / "report.json"
    answer = run_nosender("--url", target.conninfo, "retention", "verify", "--format", "json")
    assert answer.returncode == 0
    report.write_text(answer.stdout)
    sweep(target)
    again = ["--url", target.conninfo, "retention", "verify", "--since", str(report)]
    assert run_nosender(*again).returncode == 0

    rows.forge(swept, "true")
    assert run_nosender(*again[:-2]).returncode == 0, "a whole chain by itself proves nothing"
    found = run_nosender(*again)
    assert found.returncode == 1
    assert "is not the one that the report saw" in found.stdout


def test_a_cut_tail_is_found_by_an_earlier_report(target: Target, swept: psycopg.Connection) -> None:
    before = verify_target(target).head
    swept.execute("delete from retention_runs where id > 10")
    assert verify_target(target).problems == ()
    assert verify_target(target, before).problems == (
        f"the ledger ends at row 10, but the report saw {before.length}: its end is cut off",
    )


def test_counts_that_do_not_add_up_are_found(target: Target, swept: psycopg.Connection) -> None:
    rows.forge(swept, "id = 4")
    (end,) = swept.execute("select min(id) from retention_runs where phase = 'finished'").fetchone() or (0,)
    told = f"row {end} tells other counts than the tables of its run"
    assert verify_target(target).problems == (told,)
    swept.execute("update retention_runs set settled = settled + 1 where id = 5 and phase = 'settled'")
    rows.forge(swept, "false")
    assert verify_target(target).problems == (told,)


def test_the_text_of_a_row_is_the_documented_one(swept: psycopg.Connection) -> None:
    """By hand, as a reviewer would with sha256sum; the database's own function writes the same."""
    entries = list(read(swept, "public"))
    row = swept.execute(
        "select retention_row_text(r), encode(r.row_hash, 'hex') from retention_runs r where id = 4"
    )
    text, digest = row.fetchone() or ("", "")
    assert text.encode() == row_text(entries[3])
    assert hashlib.sha256(text.encode()).hexdigest() == digest
    lines = text.splitlines()
    assert lines[0] == "nosender.retention_runs/2"
    assert lines[1] == "id=4"
    assert lines[3:7] == ["phase=swept", "table_name=messages", "status=done", "error_class="]
    assert lines[11] == "deleted=4"
    assert lines[-6:-1] == [
        "version=",
        "schema_name=public",
        f"node={entries[3]['node']}",
        "settled=0",
        "settled_until=",
    ]
    assert lines[-1] == f"previous_hash={entries[2]['row_hash']}"


def test_old_rows_go_and_the_chain_still_holds(target: Target, swept: psycopg.Connection) -> None:
    swept.execute("update retention_runs set clock_after = clock_after - interval '401 days' where id <= 10")
    rows.forge(swept, "false")
    before = verify_target(target).head
    swept.execute("set session_replication_role = origin")

    sweep(target)

    ids = [row[0] for row in swept.execute("select id from retention_runs order by id").fetchall()]
    assert ids == list(range(11, ids[-1] + 1))
    verdict = verify_target(target, before)
    assert verdict.problems == verdict.unseen == ()
    anchor = swept.execute(
        "select table_name, deleted, anchor_id from retention_runs where anchor_id is not null"
    ).fetchall()
    assert anchor == [("retention_runs", 10, 10)]
    assert verify_target(target, Head(10, "00" * 32)).problems != ()
    assert verify_target(target, Head(7, "00" * 32)).unseen != ()


def test_rows_within_their_age_cannot_be_taken_off(swept: psycopg.Connection) -> None:
    swept.execute("set session_replication_role = origin")
    with pytest.raises(psycopg.errors.RestrictViolation, match="keeps its rows"):
        swept.execute(
            """
            select retention_append(jsonb_populate_record(r, jsonb_build_object(
              'phase', 'swept', 'table_name', 'retention_runs', 'status', 'done',
              'anchor_id', 10, 'anchor_hash', r.row_hash
            )))
            from retention_runs as r where id = 10
            """
        )


def test_a_run_without_an_end_is_told(target: Target, connection: psycopg.Connection) -> None:
    connection.execute("select retention_begin()")
    connection.commit()
    verdict = verify_target(target)
    assert (verdict.problems, verdict.runs, verdict.unfinished) == ((), 1, 1)


EMPTY = {"length": 0, "head": None}


def test_a_report_of_an_empty_ledger(tmp_path: Path) -> None:
    path = tmp_path / "report.json"
    path.write_text(json.dumps({"run": {"ledger": EMPTY}}))
    assert head_of_report(path) == Head(0, GENESIS)


HEAD = {"length": 3, "head": "sha256:" + "ab" * 32}
SIGNED = {"payload": base64.b64encode(json.dumps({"predicate": {"ledger": HEAD}}).encode()).decode()}


@pytest.mark.parametrize("report", [{"ledger": HEAD}, {"run": {"ledger": HEAD}}, SIGNED])
def test_reports_say_where_the_ledger_ended(tmp_path: Path, report: object) -> None:
    path = tmp_path / "report.json"
    path.write_text(json.dumps(report))
    assert head_of_report(path) == Head(3, "ab" * 32)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        "null",
        '{"ledger": {"length": true, "head": "' + "ab" * 32 + '"}}',
        '{"ledger": {"length": 3, "head": "sha256:xyz"}}',
        '{"payload": "%%%"}',
        "[" * 100000,
    ],
)
def test_what_is_no_report_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "report.json"
    path.write_text(text)
    with pytest.raises(UsageError):
        head_of_report(path)


def test_verify_needs_no_database() -> None:
    assert verify([]).problems == ()
