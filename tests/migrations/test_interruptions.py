"""What goes wrong while migrating ends in a state that the next run completes, told in one sentence."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

from nosender.errors import IncompleteError, NosenderError, UsageError
from nosender.migrations import runner
from nosender.migrations.apply import Patience
from nosender.migrations.lock import SPACE
from nosender.migrations.revisions import VERSIONS, Chain
from nosender.server.embedded import EmbeddedServer
from nosender.server.pooler import require_sessions
from nosender.server.target import Target

from .extra import add

HASTY = Patience(lock=0.2, attempts=2, pause=0.05, snapshots=0.5)


@contextmanager
def running(*arguments: str, conninfo: str) -> Iterator[subprocess.Popen[str]]:
    """`nosender db …` as a process, ended with the block."""
    environment = {**os.environ, "NOSENDER_URL": conninfo}
    command = [sys.executable, "-m", "nosender", "db", *arguments]
    with subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def wait_until(true: Callable[[], bool]) -> None:
    """Poll a condition that another session brings about."""
    deadline = time.monotonic() + 300
    while not true():
        assert time.monotonic() < deadline, "it did not come about"
        time.sleep(0.01)


def exists(conninfo: str, relation: str) -> bool:
    with psycopg.connect(conninfo) as connection:
        return connection.execute("select to_regclass(%s)", (relation,)).fetchone() != (None,)


# ------------------------------------------------------------------ one at a time


@pytest.mark.parametrize("count", [2, 10])
def test_many_at_once(database: str, count: int) -> None:
    outcomes: list[runner.Receipt | BaseException] = []

    def one() -> None:
        try:
            outcomes.append(runner.upgrade(Target(database)))
        except BaseException as error:
            outcomes.append(error)

    threads = [threading.Thread(target=one) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [o for o in outcomes if not isinstance(o, runner.Receipt)] == []
    applied = [o.applied for o in outcomes if isinstance(o, runner.Receipt)]
    assert sorted(map(bool, applied)) == [False] * (count - 1) + [True]
    assert runner.check(Target(database))[1] == ()


def test_who_waits_is_told_who_holds_the_lock(database: str) -> None:
    said: list[str] = []
    with psycopg.connect(database, autocommit=True, application_name="somebody") as holder:
        holder.execute("select pg_advisory_lock(%s, hashtext('public'))", (SPACE,))
        options = runner.Options(lock_wait=0.3, say=said.append)
        pid = holder.info.backend_pid
        sentence = rf"another migrator is at work on schema public: pid {pid} \(somebody\) from .*, since \d"
        with pytest.raises(NosenderError, match=sentence):
            runner.upgrade(Target(database), options=options)
    assert said[0].startswith(f"waiting for another migrator: pid {pid}")
    assert not exists(database, "alembic_version")
    assert runner.upgrade(Target(database)).applied


def test_another_schema_is_another_lock(database: str) -> None:
    with psycopg.connect(database, autocommit=True) as holder:
        holder.execute("select pg_advisory_lock(%s, hashtext('public'))", (SPACE,))
        assert runner.upgrade(Target(database, "msg")).applied


def test_a_pooler_in_transaction_mode_is_refused(database: str) -> None:
    with Target(database).connect("one", autocommit=True) as lent:
        # what such a pooler does: both ends reach one server session
        with pytest.raises(NosenderError, match="pooler"):
            require_sessions(lent, lent)
        with Target(database).connect("two") as other:
            require_sessions(lent, other)


# ------------------------------------------------------------------ locks of others


def test_a_blocker_outlasts_all_attempts(database: str, versions: Path) -> None:
    target = Target(database)
    runner.upgrade(target)
    add(versions, "0900", "alter table messages add column if not exists more text;\n")
    said: list[str] = []
    options = runner.Options(versions=versions, patience=HASTY, say=said.append)
    with psycopg.connect(database, application_name="a report") as reader:
        reader.execute("lock table messages in access share mode")
        pid = reader.info.backend_pid
        with pytest.raises(
            NosenderError, match=rf"not won in 2 attempts, blocked by pid {pid} \(a report, idle"
        ):
            runner.upgrade(target, options=options)
    assert any("attempt 1 of 2" in line for line in said)
    assert runner.current(target, versions=versions).pending == ("0900",)
    assert runner.upgrade(target, options=options).applied == ("0900",)


def test_the_lock_is_won_when_the_blocker_goes(database: str, versions: Path) -> None:
    target = Target(database)
    runner.upgrade(target)
    add(versions, "0900", "alter table messages add column more text;\n")
    with psycopg.connect(database) as reader:
        reader.execute("lock table messages in access share mode")

        def say(line: str) -> None:
            if "attempt 1" in line:
                reader.rollback()

        patience = Patience(lock=0.2, attempts=20, pause=0.05)
        options = runner.Options(versions=versions, patience=patience, say=say)
        assert runner.upgrade(target, options=options).applied == ("0900",)


# -------------------------------------------------------------------------- steps

STEPS = """
-- step: a column
alter table messages add column if not exists more text;

-- step: an index
create index concurrently if not exists more_index on messages (more);

-- step: a comment
comment on column messages.more is 'more';
"""


def test_steps_leave_no_invalid_index_behind(database: str, versions: Path) -> None:
    target = Target(database)
    options = runner.Options(versions=versions, patience=HASTY)
    runner.upgrade(target)
    add(versions, "0900", STEPS, transactional=False)
    with psycopg.connect(database) as old:
        # an old snapshot, for which CONCURRENTLY waits whatever table it is of
        old.execute("set transaction isolation level repeatable read")
        old.execute("select 1 from users")
        with pytest.raises(NosenderError, match=r"revision 0900, step 2: the lock was not won"):
            runner.upgrade(target, options=options)
    with psycopg.connect(database) as connection:
        row = connection.execute(
            "select indisvalid from pg_index where indexrelid = 'more_index'::regclass"
        ).fetchone()
        assert row == (False,)
    said: list[str] = []
    options = runner.Options(versions=versions, say=said.append)
    assert runner.upgrade(target, options=options).applied == ("0900",)
    assert any("dropping the invalid index more_index" in line for line in said)
    assert not any("step 1" in line for line in said)  # it was done and stays done
    with psycopg.connect(database) as connection:
        assert connection.execute(
            "select indisvalid from pg_index where indexrelid = 'more_index'::regclass"
        ).fetchone() == (True,)


def test_a_done_step_that_was_edited_is_refused(database: str, versions: Path) -> None:
    target = Target(database)
    options = runner.Options(versions=versions, patience=HASTY)
    runner.upgrade(target)
    broken = STEPS.replace("comment on column messages.more", "comment on column messages.nowhere")
    add(versions, "0900", broken, transactional=False)
    with pytest.raises(
        NosenderError, match=r"step 3: column .nowhere. of relation .messages. does not exist"
    ):
        runner.upgrade(target, options=options)
    path = versions / "0900_more.up.sql"
    path.write_text(broken.replace("more text", "more bytea"))
    with pytest.raises(NosenderError, match="step 1 was done and has been edited since"):
        runner.upgrade(target, options=options)
    path.write_text(STEPS)
    assert runner.upgrade(target, options=options).applied == ("0900",)


@pytest.mark.parametrize("stop", range(1, 4))
def test_killed_between_steps(database: str, versions: Path, stop: int) -> None:
    """kill -9 while step `stop` waits, then rerun to the end."""
    target = Target(database)
    runner.upgrade(target)
    gate = "-- step: a gate\nselect pg_advisory_lock_shared(42);\n\n"
    pieces = STEPS.split("\n-- step: ")[1:]
    pieces.insert(stop - 1, gate.removeprefix("-- step: "))
    add(versions, "0900", "".join(f"\n-- step: {piece}" for piece in pieces), transactional=False)
    with psycopg.connect(database, autocommit=True) as keeper:
        keeper.execute("select pg_advisory_lock(42)")
        with running(
            "upgrade", "--versions", str(versions), "--lock-timeout", "60", conninfo=database
        ) as process:
            waiting = "select 1 from pg_locks where locktype = 'advisory' and not granted and objid = 42"
            wait_until(lambda: keeper.execute(waiting).fetchone() is not None)
            process.send_signal(signal.SIGKILL)
            process.wait()
    assert runner.current(target, versions=versions).pending == ("0900",)
    assert runner.upgrade(target, options=runner.Options(versions=versions)).applied == ("0900",)
    with psycopg.connect(database) as connection:
        query = "select count(*) from migration_journal where revision = '0900' and step > 0"
        assert connection.execute(query).fetchone() == (4,)


def test_killed_in_every_revision_of_ours(database: str) -> None:
    """kill -9 in the middle of each transactional revision: the next run goes on from the one before."""
    target = Target(database)
    chain = Chain.load()
    runner.upgrade(target, chain.revisions[0].revision, runner.Options(replay=True))
    for revision in chain.revisions[1:]:
        with psycopg.connect(database) as keeper:
            # held back at what each revision does last: it writes the version table
            keeper.execute("lock table alembic_version in exclusive mode")
            arguments = ("upgrade", revision.revision, "--no-verify", "--lock-timeout", "60")
            with running(*arguments, conninfo=database) as process:
                waiting = (
                    "select 1 from pg_locks where relation = 'alembic_version'::regclass and not granted"
                )
                wait_until(lambda: keeper.execute(waiting).fetchone() is not None)  # noqa: B023
                process.kill()
                process.wait()
        done = runner.upgrade(target, revision.revision, runner.Options(replay=True))
        assert done.applied == (revision.revision,)
    assert runner.check(target)[1] == ()


# ------------------------------------------------------------- edits, drift, history


def test_an_edited_revision_is_refused_and_accepted(database: str, versions: Path) -> None:
    target = Target(database)
    options = runner.Options(versions=versions)
    runner.upgrade(target)
    path = versions / "0001_tables.up.sql"
    text = path.read_text()
    path.write_text(
        "-- a licence\r\n/* and /* another */ comment */\r\n" + text.replace("\n", "\r\n") + "\n\n"
    )
    assert runner.upgrade(target, options=options).applied == ()
    path.write_text(text.replace("create table users", "create table  users", 1))
    assert runner.upgrade(target, options=options).applied == ()
    path.write_text(text.replace("varchar(20)", "varchar(21)", 1))
    with pytest.raises(
        NosenderError, match=r"revision 0001 was changed after it was applied: applied as \w{12}, now \w{12}"
    ):
        runner.upgrade(target, options=options)
    assert runner.accept(target, "0001", options) == "0001"
    assert runner.upgrade(target, options=options).applied == ()
    with psycopg.connect(database) as connection:
        query = "select direction from migration_journal where revision = '0001' order by id"
        assert connection.execute(query).fetchall() == [("up",), ("accept",)]


def test_drift_is_one_line_and_stops_the_next_upgrade(database: str, versions: Path) -> None:
    target = Target(database)
    options = runner.Options(versions=versions)
    runner.upgrade(target)
    with psycopg.connect(database) as connection:
        connection.execute("alter table messages add column sender text")
    revision, (found,) = runner.check(target, options)
    assert revision == Chain.load().head
    assert found.line == "column public.messages.sender: expected absent, found present"
    assert found.sql == "alter table public.messages drop column sender;"
    add(versions, "0900", "select 1;\n")
    assert runner.check(target, options)[1] == (found,)  # what is pending is no drift
    with pytest.raises(NosenderError, match=r"is not what revision \d+ left: column public.messages.sender"):
        runner.upgrade(target, options=options)
    assert runner.current(target, versions=versions).pending == ("0900",)


def test_drift_by_hand_during_an_upgrade_is_seen(database: str) -> None:
    target = Target(database)
    last, before = Chain.load().revisions[-1], Chain.load().revisions[-2]
    runner.upgrade(target, before.revision)

    def say(line: str) -> None:
        if line == f"applying {last.revision}":
            with psycopg.connect(database) as connection:
                connection.execute("alter table messages disable trigger messages_guard")

    with pytest.raises(
        NosenderError, match=rf"not what revision {last.revision} promises: trigger messages_guard"
    ):
        runner.upgrade(target, options=runner.Options(say=say))
    assert runner.current(target).pending == (last.revision,)


def test_restored_from_an_older_backup(database: str, server: EmbeddedServer, tmp_path: Path) -> None:
    target = Target(database)
    runner.upgrade(target, "0002")
    bindir = server.binaries.bindir
    backup = tmp_path / "backup.sql"
    subprocess.run([bindir / "pg_dump", "-f", backup, database], check=True)
    runner.upgrade(target)
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute("drop schema public cascade")
        connection.execute("create schema public")
    subprocess.run([bindir / "psql", "-Xq", "-f", backup, database], check=True, capture_output=True)
    assert runner.current(target).revision == "0002"
    assert runner.upgrade(target).applied[0] == "0003"
    # pg_dump carries no statistics target of an index that serves a constraint
    (lost,) = runner.check(target)[1]
    assert (lost.severity, lost.field) == ("low", "statistics targets")
    with psycopg.connect(database) as connection:
        connection.execute(lost.sql.encode())
    assert runner.check(target)[1] == ()


def test_a_revision_from_the_future(database: str) -> None:
    target = Target(database)
    runner.upgrade(target)
    with psycopg.connect(database) as connection:
        connection.execute("update alembic_version set version_num = '9999'")
    for act in (runner.upgrade, runner.check, runner.current):
        with pytest.raises(NosenderError, match="at revision 9999, which this version of"):
            act(target)


def test_a_table_of_our_names_is_refused_with_nothing_half_applied(database: str) -> None:
    with psycopg.connect(database) as connection:
        connection.execute("create table users (id int); create table messages (id int)")
    for options in (runner.Options(), runner.Options(replay=True)):
        with pytest.raises(NosenderError, match=r"already has tables of our names \(messages, users\)"):
            runner.upgrade(Target(database), options=options)
    assert not exists(database, "alembic_version")
    with psycopg.connect(database) as connection:
        query = "select count(*) from pg_class where relnamespace = 'public'::regnamespace"
        assert connection.execute(query).fetchone() == (2,)


def test_a_failing_revision_leaves_nothing(database: str, versions: Path) -> None:
    target = Target(database)
    options = runner.Options(versions=versions)
    runner.upgrade(target)
    add(versions, "0900", "create table half (a int);\nselect 1 / 0;\n")
    with pytest.raises(NosenderError, match="revision 0900: division by zero; nothing of it was kept"):
        runner.upgrade(target, options=options)
    assert not exists(database, "half")


def test_a_value_of_a_row_is_in_no_message(database: str, versions: Path) -> None:
    target = Target(database)
    options = runner.Options(versions=versions)
    runner.upgrade(target)
    with psycopg.connect(database, options="-c TimeZone=UTC") as connection:
        connection.execute("insert into users (phone_number) values ('+15550001111')")
    add(versions, "0900", "alter table users add constraint no check (phone_number = 'x');\n")
    with pytest.raises(NosenderError) as caught:
        runner.upgrade(target, options=options)
    assert "15550001111" not in str(caught.value)


# -------------------------------------------------------------------------- files


def test_two_heads(database: str, versions: Path) -> None:
    add(versions, "0900", "select 1;\n")
    add(versions, "0901", "select 1;\n", below=Chain.load(VERSIONS).head)
    with pytest.raises(NosenderError, match="two heads: the revisions 0900 and 0901 both follow"):
        runner.upgrade(Target(database), options=runner.Options(versions=versions))
    assert not exists(database, "users")


def test_a_syntax_error(database: str, versions: Path) -> None:
    (versions / "0900_broken.py").write_text("revision = '0900'\ndef upgrade(:\n")
    with pytest.raises(NosenderError, match=r"revision file 0900_broken.py, line 2 is not valid Python"):
        runner.upgrade(Target(database), options=runner.Options(versions=versions))


def test_a_revision_without_its_sql(database: str, versions: Path) -> None:
    add(versions, "0900", "select 1;\n")
    (versions / "0900_more.up.sql").unlink()
    with pytest.raises(NosenderError, match=r"revision 0900 has no 0900_more\.up\.sql beside it"):
        runner.upgrade(Target(database), options=runner.Options(versions=versions))


@pytest.mark.parametrize(
    ("up", "transactional", "problem"),
    [
        ("create index concurrently i on users (id);\n", True, "CONCURRENTLY cannot stand in its up.sql"),
        ("select 1;\ncommit;\n", True, "COMMIT cannot stand in its up.sql"),
        ("select 1;\n", False, "no `-- step: ` line"),
        ("\n-- step: two\nselect 1; select 2;\n", False, "a step is one statement, this is 2"),
        ("\n-- step: once\ncreate table t (a int);\n", False, "after a crash it may run twice"),
    ],
)
def test_a_revision_that_mixes_both_is_refused(
    database: str, versions: Path, up: str, transactional: bool, problem: str
) -> None:
    add(versions, "0900", up, transactional=transactional)
    with pytest.raises(NosenderError, match=re.escape(problem)):
        runner.upgrade(Target(database), options=runner.Options(versions=versions))


def test_an_unknown_revision(database: str) -> None:
    with pytest.raises(UsageError, match="revision 1234 does not exist; the revisions are 0001, 0002"):
        runner.upgrade(Target(database), "1234")
    with pytest.raises(IncompleteError, match="records no revision"):
        runner.check(Target(database))


# ---------------------------------------------------------------------- downgrade


def test_a_downgrade_that_loses_rows_says_how_many(database: str) -> None:
    target = Target(database)
    runner.upgrade(target)
    with psycopg.connect(database, options="-c TimeZone=UTC") as connection:
        connection.execute("insert into users (phone_number) values ('+15550001111'), ('+15550002222')")
    with pytest.raises(NosenderError, match=r"would delete 2 rows \(2 in users\); nothing was changed"):
        runner.downgrade(target, "base")
    assert runner.current(target).pending == ()
    done = runner.downgrade(target, "base", runner.Options(allow_data_loss=True))
    assert done.applied == tuple(r.revision for r in reversed(Chain.load().revisions))
    assert not exists(database, "users")


# ---------------------------------------------------------------------- the server


def test_a_server_that_goes_away_in_mid_statement(database: str, versions: Path) -> None:
    target = Target(database)
    options = runner.Options(versions=versions)
    runner.upgrade(target)
    add(versions, "0900", "create table half (a int);\nselect pg_terminate_backend(pg_backend_pid());\n")
    with pytest.raises(NosenderError, match=r"the connection was lost in the middle: .* run the same"):
        runner.upgrade(target, options=options)
    assert not exists(database, "half")
    (versions / "0900_more.up.sql").write_text("create table half (a int);\n")
    assert runner.upgrade(target, options=options).applied == ("0900",)
