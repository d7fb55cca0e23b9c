"""kill -9 after every exchange with the server in turn, and a server that crashes in mid-statement."""

from __future__ import annotations

import subprocess
import sys
import threading
from pathlib import Path

import psycopg
import pytest

from nosender.errors import NosenderError
from nosender.migrations import runner
from nosender.server.embedded import EmbeddedServer
from nosender.server.target import Target

from .extra import add
from .test_interruptions import exists, wait_until

AT_ONCE = """\
create table letters (id int);
insert into letters values (1);
alter table letters add column more text;
create index letters_more on letters (more);
update letters set more = 'x';
"""

IN_STEPS = """
-- step: a table
create table if not exists letters (id int);

-- step: a column
alter table letters add column if not exists more text;

-- step: one row
insert into letters select 1, 'x' where not exists (select 1 from letters);

-- step: an index
create index concurrently if not exists letters_more on letters (more);

-- step: a comment
comment on table letters is 'letters';
"""


def only_revision(folder: Path, up: str, *, transactional: bool) -> None:
    """A chain of one revision that sends its statements one by one."""
    folder.mkdir()
    add(folder, "0001", up, "drop table if exists letters;\n", transactional=transactional)
    module = folder / "0001_more.py"
    one_by_one = """for statement in text.split(";\\n"):
            if statement.strip():
                op.get_bind().connection.cursor().execute(statement)
        return"""
    text = module.read_text()
    changed = text.replace("op.get_bind().connection.cursor().execute(text)\n        return", one_by_one)
    assert changed != text
    module.write_text(changed)


@pytest.mark.parametrize("transactional", [True, False], ids=["at once", "in steps"])
def test_killed_after_every_statement_in_turn(database: str, tmp_path: Path, *, transactional: bool) -> None:
    """Whatever reached the server last, one more run ends where an undisturbed one does."""
    versions = tmp_path / "versions"
    only_revision(versions, AT_ONCE if transactional else IN_STEPS, transactional=transactional)
    target, options = Target(database), runner.Options(versions=versions)
    command = [sys.executable, str(Path(__file__).with_name("killed.py")), database, str(versions)]
    kills = kept = 0
    with (
        psycopg.connect(database, autocommit=True) as connection,
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as dying,
    ):
        assert dying.stdin
        assert dying.stdout
        while True:
            connection.execute("drop schema public cascade")
            connection.execute("create schema public")
            print(kills + 1, file=dying.stdin, flush=True)
            answer = dying.stdout.readline().strip()
            assert answer in ("killed", "done")
            applied = runner.upgrade(target, options=options).applied
            assert connection.execute("select id, more from letters").fetchall() == [(1, "x")]
            query = "select indisvalid from pg_index where indexrelid = 'letters_more'::regclass"
            assert connection.execute(query).fetchone() == (True,)
            if answer == "done":
                assert applied == ()
                break
            kills += 1
            kept += applied == ()
        dying.stdin.close()
    statements = 5
    assert kills > statements * (1 if transactional else 2)  # those, and for a step its line in the journal
    assert kept < kills  # some died before the revision stood


@pytest.mark.parametrize("transactional", [True, False], ids=["at once", "in steps"])
def test_a_server_that_crashes_in_mid_statement(tmp_path: Path, *, transactional: bool) -> None:
    versions = tmp_path / "versions"
    versions.mkdir()
    gate = "select pg_advisory_lock_shared(42);\n"
    if transactional:
        add(versions, "0001", f"create table letters (id int);\n{gate}")
    else:
        first = "\n-- step: a table\ncreate table if not exists letters (id int);\n"
        add(versions, "0001", f"{first}\n-- step: a gate\n{gate}", transactional=False)
    with EmbeddedServer(settings={"synchronous_commit": "on"}) as server:
        target, options = Target(server.conninfo()), runner.Options(versions=versions)
        errors: list[BaseException] = []

        def one() -> None:
            try:
                runner.upgrade(target, options=options)
            except BaseException as error:
                errors.append(error)

        thread = threading.Thread(target=one)
        with psycopg.connect(server.conninfo(), autocommit=True) as keeper:
            keeper.execute("select pg_advisory_lock(42)")
            thread.start()
            waiting = "select 1 from pg_locks where locktype = 'advisory' and not granted and objid = 42"
            wait_until(lambda: keeper.execute(waiting).fetchone() is not None)
            server.crash()
            thread.join()
        (error,) = errors
        assert isinstance(error, NosenderError)
        assert "the connection was lost in the middle" in str(error)
        assert exists(server.conninfo(), "letters") is not transactional  # a step that was done stays done
        assert runner.upgrade(target, options=options).applied == ("0001",)
        assert exists(server.conninfo(), "letters")
