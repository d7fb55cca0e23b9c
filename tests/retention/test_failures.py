"""What goes wrong around a sweep: each ends in a sentence, a receipt that is true, and nothing live lost."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from nosender.errors import NosenderError, UsageError
from nosender.migrations.knob_step import statement
from nosender.retention.held import held_about
from nosender.retention.ledger import verify_target
from nosender.retention.policy import declared_plan
from nosender.retention.sweep import Pace, sweep
from nosender.schema import ddl
from nosender.schema.knobs import Knobs
from nosender.server.binaries import Binaries
from nosender.server.embedded import EmbeddedServer
from nosender.server.target import Target

from . import rows

RunNosender = Callable[..., "subprocess.CompletedProcess[str]"]
SMALL = Pace(most=5, target_ms=None, duty=1)
# Ten ways to die in each round, five rounds: fifty kills.
ROUNDS, KILLS = 5, 10


def dying_sweep(target: Target, after: int, die: Callable[[int], None]) -> None:
    """A sweep in a process of its own; once it has told of so many steps, `die` is called with its id."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.close(reading)
            # Alone, or with two workers.
            tell = lambda _: os.write(writing, b".") and None  # noqa: E731
            sweep(target, pace=SMALL, workers=1 + after % 2, progress=tell)
        finally:
            os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb", buffering=0) as steps:
        for _ in range(after):
            if not steps.read(1):
                break
        die(child)
    os.waitpid(child, 0)


@pytest.fixture(scope="module")
def fragile(binaries: Binaries) -> Iterator[EmbeddedServer]:
    """A server of its own, to be killed; what it has committed is written, as on a real one."""
    with EmbeddedServer(binaries, settings={"synchronous_commit": "on", "full_page_writes": "on"}) as server:
        yield server


def opened(conninfo: str) -> psycopg.Connection:
    return psycopg.connect(conninfo, autocommit=True, options="-c TimeZone=UTC")


@pytest.mark.parametrize("round_number", range(ROUNDS))
def test_killed_at_any_moment_nothing_live_is_lost(fragile: EmbeddedServer, round_number: int) -> None:
    chance = random.Random(round_number)  # noqa: S311  # to kill at other moments each round
    with psycopg.connect(fragile.conninfo(), autocommit=True) as admin:
        admin.execute(f"create database killed_{round_number} template template0".encode())
    target = Target(fragile.conninfo(f"killed_{round_number}"))
    with opened(target.conninfo) as owner:
        ddl.load(owner, "public")
        rows.people(owner)
        rows.messages(owner, 40, "now() + interval '2 days'", name="live")
        rows.ephemeral_keys(owner, 20, "now() + interval '2 days'", name="live")
    for kill in range(KILLS):
        with opened(target.conninfo) as owner:
            rows.messages(owner, 60, "now() - n * interval '1 hour'", name=f"old{kill}")
            rows.ephemeral_keys(owner, 30, "now() - interval '1 hour'", name=f"old{kill}")
        by = (lambda child: os.kill(child, signal.SIGKILL)) if kill % 2 else (lambda _: fragile.crash())
        dying_sweep(target, chance.randint(0, 20), by)
        with opened(target.conninfo) as owner:
            assert rows.count(owner, "messages where message_id like 'live%'") == 40
            assert rows.count(owner, "message_deliveries") == 2 * rows.count(owner, "messages")
            assert rows.count(owner, "ephemeral_keys where key_exchange_id like 'live%'") == 20
            while rows.count(owner, "pg_stat_activity where application_name like 'nosender retention%'"):
                pass  # the server has not yet noticed that its client is gone
        assert verify_target(target).problems == ()
    receipt = sweep(target)
    assert receipt.status == "done"
    with opened(target.conninfo) as owner:
        assert rows.count(owner, "messages") == 40
        assert rows.count(owner, "ephemeral_keys") == 20
    verdict = verify_target(target)
    assert verdict.problems == ()
    assert verdict.unfinished > 0, "a run that died stays visible"


def test_the_instant_of_expiry(target: Target, connection: psycopg.Connection) -> None:
    """What expires now has expired; what expires one step of the resolution later has not."""
    connection.autocommit = True
    rows.people(connection)
    hour = "date_trunc('hour', now())"
    quarter = "date_bin('15 minutes', now()::timestamp, '2000-01-01')"
    for step in (-1, 0, 1):
        rows.messages(connection, 1, f"{hour} + {step} * interval '1 hour'", name=f"{step}")
        rows.session_keys(connection, 1, f"{hour} + {step} * interval '1 hour'", name=f"{step}")
        rows.ephemeral_keys(connection, 1, f"{quarter} + {step} * interval '15 minutes'", name=f"{step}")
    stored = {
        what: connection.execute(f"select {what.replace(' ', ', expires_at ', 1)}".encode()).fetchall()
        for what in (
            "message_id from messages",
            "key_exchange_id from ephemeral_keys",
            "session_key_id from device_session_keys where is_active",
        )
    }
    cutoff = sweep(target).cutoff
    for what, before in stored.items():
        left = connection.execute(f"select {what}".encode()).fetchall()
        assert sorted(left) == sorted((row[0],) for row in before if row[1].isoformat() > cutoff)
        assert len(left) < 3


def test_a_clock_that_went_back_is_told(
    target: Target, connection: psycopg.Connection, run_nosender: RunNosender
) -> None:
    connection.autocommit = True
    sweep(target)
    connection.execute("set session_replication_role = replica")
    ahead = "update retention_runs set clock_after = clock_after + interval '1 hour' where id = "
    last = "(select max(id) from retention_runs)"
    connection.execute(f"{ahead}{last}".encode())
    rows.forge(connection, "false")
    receipt = sweep(target)
    assert (receipt.status, receipt.error_class) == ("partial", "clock-went-back")
    assert verify_target(target).problems == ()
    connection.execute(f"{ahead}{last}".encode())
    rows.forge(connection, "false")
    answer = run_nosender("--url", target.conninfo, "retention", "sweep")
    assert answer.returncode == 3
    assert "clock is behind the last receipt" in answer.stderr


def test_a_missing_table_is_named(target: Target, connection: psycopg.Connection) -> None:
    connection.execute("drop table ephemeral_keys cascade")
    connection.commit()
    with pytest.raises(
        NosenderError, match="the table ephemeral_keys of the retention policy does not exist"
    ):
        sweep(target)
    assert rows.count(connection, "retention_runs") == 0


def test_a_table_that_goes_meanwhile_is_receipted(target: Target, connection: psycopg.Connection) -> None:
    connection.autocommit = True
    rows.people(connection)
    rows.ephemeral_keys(connection, 4, "now() - interval '1 hour'")

    def drop(state: dict[str, object]) -> None:
        if state["at"] == 2:  # of the tables: the two before are done
            connection.execute("drop table messages cascade")

    with pytest.raises(NosenderError, match="missing"):
        sweep(target, progress=drop)
    last = connection.execute(
        "select phase, status, error_class, deleted from retention_ledger_tail()"
    ).fetchone()
    assert last == ("finished", "failed", "42P01", 4)
    assert verify_target(target).problems == ()


def test_the_procedure_fails_with_a_receipt(connection: psycopg.Connection) -> None:
    connection.autocommit = True
    rows.people(connection)
    rows.messages(connection, 4, "now() - interval '1 hour'")
    connection.execute(
        "create function refuse() returns trigger language plpgsql as"
        " $$begin raise exception 'no' using errcode = 'P0042'; end$$"
    )
    connection.execute(
        "create trigger refuse before delete on messages for each row execute function refuse()"
    )
    with pytest.raises(psycopg.Error) as caught:
        connection.execute("call retention_sweep()")
    assert caught.value.sqlstate == "P0042"
    last = connection.execute("select phase, status, error_class from retention_ledger_tail()").fetchone()
    assert last == ("finished", "failed", "P0042")
    locks = "pg_locks where locktype = 'advisory'"
    assert rows.count(connection, locks) == 0
    assert rows.count(connection, "messages") == 4


def test_a_cancelled_procedure_leaves_a_receipt(target: Target, connection: psycopg.Connection) -> None:
    connection.autocommit = True
    rows.people(connection)
    rows.messages(connection, 1, "now() - interval '1 hour'")
    with psycopg.connect(target.conninfo, autocommit=True) as session:
        session.execute("set statement_timeout = '300ms'")
        with pytest.raises(psycopg.errors.QueryCanceled):
            session.execute("call retention_sweep(rate => 1)")  # sleeps for a second after the message
    last = connection.execute("select phase, status, deleted from retention_ledger_tail()").fetchone()
    assert last == ("finished", "interrupted", 1)


def test_a_role_without_rights(
    target: Target, connection: psycopg.Connection, run_nosender: RunNosender
) -> None:
    role = f"nobody_{os.getpid()}"
    connection.execute(f"create role {role}".encode())
    connection.commit()
    try:
        url = f"{target.conninfo}&options=-c%20role%3D{role}"
        for command in ("sweep", "plan", "status", "verify", "erase"):
            answer = run_nosender("--url", url, "retention", command)
            assert answer.returncode == 4, (command, answer.stderr)
            assert answer.stderr.startswith("nosender: ")
            assert len(answer.stderr.strip().splitlines()) == 1
    finally:
        connection.execute(f"drop role {role}".encode())
        connection.commit()


def test_a_database_without_our_functions(database: str, run_nosender: RunNosender) -> None:
    for command in ("sweep", "plan", "status", "verify"):
        answer = run_nosender("--url", database, "retention", command)
        assert answer.returncode == 4
        assert "run `nosender db upgrade` first" in answer.stderr


@pytest.mark.parametrize("command", ["sweep", "watch --sweeps 1"])
def test_a_database_set_read_only(target: Target, run_nosender: RunNosender, command: str) -> None:
    url = f"{target.conninfo}&options=-c%20default_transaction_read_only%3Don"
    answer = run_nosender("--url", url, "retention", *command.split())
    assert answer.returncode == 4
    assert "is read-only" in answer.stderr


@pytest.fixture
def standby(server: EmbeddedServer) -> Iterator[str]:
    """The conninfo of a hot standby of the running server."""
    folder = Path(tempfile.mkdtemp(prefix="standby-", dir=server.directory))
    server._own(folder)
    data = folder / "data"
    options = server._process_options()
    subprocess.run(
        [
            *(server.binaries.program("pg_basebackup"), "-D", data, "-h", server.directory, "-U", "postgres"),
            *("-R", "-X", "stream", "-c", "fast"),
        ],
        check=True,
        capture_output=True,
        **options,
    )
    process = subprocess.Popen(
        [
            *(server.binaries.program("postgres"), "-D", data, "-c", f"unix_socket_directories={folder}"),
            *("-c", "listen_addresses=", "-c", "max_connections=100", "-c", "max_prepared_transactions=4"),
        ],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        **options,
    )
    try:
        yield f"postgresql://postgres@/{{}}?host={folder}"
    finally:
        process.send_signal(signal.SIGQUIT)
        process.wait()
        shutil.rmtree(folder, ignore_errors=True)


def test_a_standby_is_named(standby: str, connection: psycopg.Connection, run_nosender: RunNosender) -> None:
    url = standby.format(connection.info.dbname)
    while True:  # until it has caught up with the creation of the database
        try:
            psycopg.connect(url).close()
            break
        except psycopg.OperationalError:
            pass
    answer = run_nosender("--url", url, "retention", "sweep")
    assert answer.returncode == 4
    assert "sweep its primary" in answer.stderr
    assert run_nosender("--url", url, "retention", "verify").returncode == 0
    assert run_nosender("--url", url, "retention", "status").returncode == 0
    with psycopg.connect(url, options="-c role=nosender_app") as application:  # what only reads
        assert application.execute("select * from public.active_public_key('+15550100001')").fetchall() == []
    assert len(held_about(Target(url), "+15550100001")) == 7


@pytest.fixture
def full_disk(server: EmbeddedServer, connection: psycopg.Connection) -> Iterator[str]:
    """The name of a tablespace on a file system of one megabyte."""
    folder = Path(tempfile.mkdtemp(prefix="small-", dir=server.directory))
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", folder], capture_output=True, check=False
    )
    if mounted.returncode != 0:
        folder.rmdir()
        pytest.skip(f"no file system of a megabyte can be mounted here: {mounted.stderr.decode().strip()}")
    name = f"small_{os.getpid()}"
    try:
        server._own(folder)
        connection.autocommit = True
        connection.execute(
            sql.SQL("create tablespace {} location {}").format(sql.Identifier(name), str(folder))
        )
        yield name
    finally:
        subprocess.run(["umount", "-l", folder], check=True)


def test_a_full_disk_is_named_and_receipted(
    target: Target, connection: psycopg.Connection, full_disk: str
) -> None:
    rows.people(connection)
    rows.ephemeral_keys(connection, 3, "now() - interval '1 hour'")
    connection.execute(f"alter table device_session_keys set tablespace {full_disk}".encode())
    stored = 0
    while True:  # a key at a time, until there is no page for one more
        try:
            rows.session_keys(connection, 1, "now() - interval '1 hour'", name=f"s{stored}")
        except psycopg.errors.DiskFull:
            break
        stored += 1
    with pytest.raises(NosenderError, match=r"disk of .* is full"):
        sweep(target)
    ledger = connection.execute("select phase, status, error_class from retention_ledger()").fetchall()
    assert ledger[-1] == ("finished", "failed", "53100")
    told = connection.execute(
        "select status, deactivated from retention_ledger() where phase = 'swept'"
    ).fetchall()
    left = rows.count(connection, "device_session_keys where is_active")
    assert told == [("failed", stored - left)]
    assert verify_target(target).problems == ()


BAD_POLICIES = [
    ("messages", 'column = "expires_at"', 'column = "created_at"', "which is not a moment of expiry"),
    ("messages", 'column = "expires_at"', 'column = "timestamp"', "which is not a moment of expiry"),
    (
        "messages",
        'action = "delete"',
        'action = "delete"\nmax_age = "1 hour"\nmax_age_column = "created_at"',
        "within the resolution",
    ),
    (
        "messages",
        'action = "delete"',
        'action = "delete"\nmax_age = "30 days"\nmax_age_column = "expires_at"',
        "not a moment in its past",
    ),
]


@pytest.mark.parametrize(("table", "old", "new", "reason"), BAD_POLICIES)
def test_a_policy_that_would_delete_what_has_not_expired_is_refused(
    tmp_path: Path, table: str, old: str, new: str, reason: str
) -> None:
    from nosender.schema import catalogue

    folder = tmp_path / "catalogue"
    shutil.copytree(Path(catalogue.__file__).parent, folder)
    file = folder / f"{table}.toml"
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new, 1))
    with pytest.raises(UsageError, match=reason) as caught:
        declared_plan(folder)
    assert f"{table}.toml:" in str(caught.value)


def test_a_maximum_age_spares_what_has_not_expired(connection: psycopg.Connection) -> None:
    """Declared for messages, it takes those without an expiry and no other."""
    connection.autocommit = True
    rows.people(connection)
    connection.execute(statement("public", Knobs(messages=timedelta(days=30))).encode())
    rows.messages(connection, 7, "null", name="forever")
    rows.messages(connection, 5, "now() + interval '1 day'", name="live")
    rows.messages(connection, 3, "null", name="young")
    connection.execute(
        "update messages set created_at = now() - interval '31 days' where message_id ~ '^(forever|live)'"
    )
    connection.execute("call retention_sweep(most => 2)")
    assert rows.count(connection, "messages where message_id like 'forever%'") == 0
    assert rows.count(connection, "messages") == 8
    last = connection.execute("select deleted, children from retention_ledger_tail()").fetchone()
    assert last == (7, 14)


def test_a_maximum_age_deletes_what_was_marked_inactive(connection: psycopg.Connection) -> None:
    """Decision by whoever declares it: old session keys stay unless an age says otherwise."""
    connection.autocommit = True
    rows.people(connection)
    connection.execute(statement("public", Knobs(session_keys=timedelta(days=30))).encode())
    rows.session_keys(connection, 7, "now() - interval '2 days'", name="old")
    rows.session_keys(connection, 5, "now() + interval '1 day'", name="live")
    rows.session_keys(connection, 3, "now() - interval '2 days'", name="young")
    connection.execute(
        "update device_session_keys set created_at = now() - interval '31 days'"
        " where session_key_id ~ '^(old|live)'"
    )
    connection.execute("call retention_sweep(most => 2)")
    left = connection.execute(
        "select left(session_key_id, 1), is_active, count(*) from device_session_keys"
        " group by 1, 2 order by 1"
    ).fetchall()
    assert left == [("l", True, 5), ("y", False, 3)]
    last = connection.execute("select deleted, deactivated from retention_ledger_tail()").fetchone()
    assert last == (7, 10)


def test_a_crash_of_ours_is_told_as_one(target: Target) -> None:
    """Interrupted in the middle by an error of our own, the run has an end in the ledger all the same."""

    def broken(_: dict[str, object]) -> None:
        raise RuntimeError

    with pytest.raises(RuntimeError):
        sweep(target, progress=broken)
    assert verify_target(target).unfinished == 0


def test_options_out_of_range_are_wrong_usage(target: Target, run_nosender: RunNosender) -> None:
    for words in (["--batch", "0"], ["--duty", "2"], ["--rate", "x"], ["--patience", "-1"], ["--table"]):
        assert run_nosender("--url", target.conninfo, "retention", "sweep", *words).returncode == 2
    unknown = run_nosender("--url", target.conninfo, "retention", "sweep", "--table", "users")
    assert unknown.returncode == 2
    assert "no sweep goes to the table users; it goes to" in unknown.stderr


def test_the_json_of_a_sweep(target: Target, run_nosender: RunNosender) -> None:
    answer = run_nosender("--url", target.conninfo, "retention", "sweep", "--format", "json")
    receipt = json.loads(answer.stdout)
    assert receipt["status"] == "done"
    assert receipt["policy_hash"] == declared_plan().hash
    assert sys.getsizeof(receipt["ledger_hash"])
