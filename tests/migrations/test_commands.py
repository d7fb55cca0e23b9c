"""`nosender db` as a script sees it: output, exit codes, one sentence for a failure."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable

import psycopg
import pytest

from nosender.migrations.revisions import Chain

RunNosender = Callable[..., "subprocess.CompletedProcess[str]"]
HEAD = Chain.load().head


def test_the_life_of_a_schema(database: str, run_nosender: RunNosender) -> None:
    def db(*arguments: str) -> subprocess.CompletedProcess[str]:
        return run_nosender("--url", database, "db", *arguments)

    assert db("current").stdout.startswith("base (")
    assert db("check").returncode == 3
    done = db("upgrade")
    assert (done.returncode, done.stdout.partition(";")[0]) == (0, f"at {HEAD}")
    assert db("upgrade").stdout == f"at {HEAD}, nothing to do\n"
    assert db("current").stdout == f"{HEAD} (head)\n"
    assert db("plan").stdout == f"at {HEAD}, nothing to do\n"
    assert db("sql").stdout == ""
    clean = db("check")
    assert (clean.returncode, clean.stdout) == (0, "")
    with psycopg.connect(database) as connection:
        connection.execute("grant select on messages to public")
        connection.execute("alter table users set (fillfactor = 80)")
    drifted = db("check")
    assert drifted.returncode == 1
    assert drifted.stdout.splitlines() == [
        "low: table public.users, options: expected none, found fillfactor=80",
        "    alter table public.users reset (fillfactor);",
        "strict: grant table public.messages to PUBLIC: expected absent, found SELECT",
        "    revoke select on table public.messages from public cascade;",
    ]
    document = json.loads(db("check", "--format", "json").stdout)
    assert [item["severity"] for item in document["differences"]] == ["low", "strict"]
    with psycopg.connect(database) as connection:
        connection.execute("revoke select on messages from public")
    assert db("check").returncode == 1
    assert db("check", "--fail-on", "strict").returncode == 0
    one = db("downgrade", "-1", "--lock-wait", "5")
    assert (one.returncode, one.stdout.partition(" ")[0]) == (0, "at")
    assert db("current").stdout.endswith(f"(1 pending: {HEAD})\n")
    reverted = db("downgrade", "base")
    assert (reverted.returncode, reverted.stdout.partition(";")[0]) == (0, "at base")


def test_failures_are_one_sentence(database: str, run_nosender: RunNosender) -> None:
    with psycopg.connect(database) as connection:
        connection.execute("create table users (id int)")
    for arguments, code, words in (
        (("upgrade",), 4, "already has a table of our names (users)"),
        (("plan",), 4, "already has a table of our names (users)"),
        (("check",), 3, "nosender db plan shows what an upgrade would make, or refuse, of it"),
        (("upgrade", "1234"), 2, "revision 1234 does not exist"),
        (("downgrade", "base"), 2, "nothing to revert"),
        (("sql", "0001", "--from", "0002"), 2, "0001 lies behind 0002"),
    ):
        done = run_nosender("--url", database, "db", *arguments)
        assert done.returncode == code, done.stderr
        assert done.stderr.startswith("nosender: ")
        assert words in done.stderr
        assert done.stderr.count("\n") == 1
        assert done.stdout == ""


@pytest.mark.parametrize("recorded", ["0012", None])
def test_a_version_row_that_the_journal_left_behind_is_told_and_written_back(
    database: str, run_nosender: RunNosender, recorded: str | None
) -> None:
    """A restore of one table alone, or of all but its rows: `db check` must not mend the schema backwards."""
    run_nosender("--url", database, "db", "upgrade")
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute("delete from alembic_version")
        if recorded:
            connection.execute("insert into alembic_version values (%s)", [recorded])
    for words in (("check",), ("plan",), ("upgrade",), ("downgrade", "0006")):
        done = run_nosender("--url", database, "db", *words)
        assert (done.returncode, done.stdout) == (4, ""), (words, done.stderr)
        assert f"says {recorded or 'nothing'}, and migration_journal that {HEAD} was applied" in done.stderr
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute(done.stderr.partition("write it back (")[2].partition(");")[0].encode())
    assert run_nosender("--url", database, "db", "check").returncode == 0


def test_a_misspelt_schema_makes_no_second_set(migrated: str, run_nosender: RunNosender) -> None:
    def upgrade() -> subprocess.CompletedProcess[str]:
        return run_nosender("--url", migrated, "--schema", "publik", "db", "upgrade")

    refused = upgrade()
    assert (refused.returncode, refused.stderr) == (
        2,
        "nosender: there is no schema publik, and public holds our tables already: name that one, or make "
        "the other schema first if a second set is meant\n",
    )
    with psycopg.connect(migrated) as connection:
        connection.execute("create schema publik")
    assert upgrade().returncode == 0


def test_a_role_without_rights(database: str, run_nosender: RunNosender) -> None:
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute(
            "do $$ begin create role nobody_much login; exception when duplicate_object then null; end $$"
        )
    url = psycopg.conninfo.make_conninfo(database, user="nobody_much")
    done = run_nosender("--url", url, "db", "upgrade")
    assert done.returncode == 4
    assert done.stderr.startswith("nosender: the schema could not be made: ")
    assert done.stderr.count("\n") == 1


def test_a_role_that_may_not_read_the_revision(database: str, run_nosender: RunNosender) -> None:
    assert run_nosender("--url", database, "db", "upgrade").returncode == 0
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute("create role current_reader login")
    try:
        url = psycopg.conninfo.make_conninfo(database, user="current_reader")
        answer = run_nosender("--url", url, "db", "current")
    finally:
        with psycopg.connect(database, autocommit=True) as connection:
            connection.execute("drop role current_reader")
    assert (answer.returncode, answer.stdout) == (4, "")
    assert answer.stderr.startswith("nosender: the role current_reader may not read public.alembic_version: ")


def test_history_needs_no_database(run_nosender: RunNosender) -> None:
    done = run_nosender("db", "history")
    assert done.returncode == 0
    lines = done.stdout.splitlines()
    assert [line.partition(" ")[0] for line in lines] == [each.revision for each in Chain.load().revisions]
    assert all("sha256/1:" in line for line in lines)


@pytest.mark.parametrize("module", ["alembic", "sqlalchemy", "postgast"])
def test_current_imports_psycopg_only(database: str, module: str) -> None:
    code = (
        "import sys; from nosender.migrations import runner; from nosender.server.target import Target;"
        f"runner.current(Target({database!r})); sys.exit({module!r} in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
