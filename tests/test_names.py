"""Names at PostgreSQL's limits: refused before anything is done, or taken as they are by every command."""

from __future__ import annotations

from collections.abc import Iterator

import click
import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from nosender import cli
from nosender.errors import UsageError
from nosender.schema import ddl
from nosender.server.target import Target

from .conftest import RunNosender

WRONG = ("y" * 64, "ü" * 32, "", "pg_mail", "information_schema", "\udce9")


def commands(group: click.Group, *words: str) -> Iterator[tuple[str, ...]]:
    """Every command of ours, in words."""
    context = click.Context(group)
    for name in group.list_commands(context):
        found = group.get_command(context, name)
        if isinstance(found, click.Group):
            yield from commands(found, *words, name)
        else:
            yield (*words, name)


@pytest.mark.parametrize("words", list(commands(cli.root())), ids=" ".join)
def test_every_command_refuses_a_schema_that_is_cut(words: tuple[str, ...]) -> None:
    for name in WRONG:
        with pytest.raises(UsageError, match="nothing was done"):
            cli.root().main(["--embedded=", "--schema", name, *words], standalone_mode=False)


def test_the_longest_name_is_a_name(database: str, run_nosender: RunNosender) -> None:
    longest = "ü" * 31 + "x"
    assert run_nosender("--url", database, "--schema", longest, "db", "upgrade").returncode == 0
    done = run_nosender("--url", database, "--schema", longest + "y", "db", "upgrade")
    assert (done.returncode, done.stderr) == (
        2,
        "nosender: the name of the schema has 64 bytes, and PostgreSQL cuts it after 63: nothing was done\n",
    )
    with psycopg.connect(database) as connection:
        found = connection.execute("select nspname from pg_namespace where nspname like '%ü%'").fetchall()
    assert found == [(longest,)]
    with pytest.raises(UsageError, match="64 bytes"):
        ddl.script(longest + "y")


@pytest.mark.parametrize("part", ["dbname", "user"])
def test_no_other_database_or_role_is_taken_for_one_that_is_cut(
    database: str, part: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(UsageError, match="has 64 bytes"):
        Target(make_conninfo(database, **{part: "y" * 64})).connect("nosender test")
    monkeypatch.setenv({"dbname": "PGDATABASE", "user": "PGUSER"}[part], "ü" * 32)
    with pytest.raises(UsageError, match="has 64 bytes"):
        Target("").connect("nosender test")


def test_a_percent_sign_is_a_letter(database: str, run_nosender: RunNosender) -> None:
    """In every command that takes a schema, and in what the message flow and the sweep send."""
    schema = '%s 100% "a%%b%(c)s'

    def run(*words: str, code: int = 0) -> str:
        done = run_nosender("--url", database, "--schema", schema, *words)
        assert done.returncode == code, (words, done.stdout[-2000:], done.stderr)
        return done.stdout

    run("db", "upgrade", "0003", "--replay")
    run("db", "plan")
    run("db", "upgrade")
    run("db", "current")
    run("db", "check")
    run("catalogue", "check")
    run("traffic", "fill", "--users", "20", "--messages", "60", "--through", "flow")
    run("traffic", "fill", "--users", "20", "--messages", "60", "--seed", "9")
    run("retention", "plan")
    run("retention", "sweep", "--workers", "2")
    run("retention", "sweep", "--canary")
    run("retention", "status", "--format", "prometheus")
    run("retention", "verify")
    run("retention", "erase", "--rewrite", "--yes")
    run("audit", "preflight")
    run("audit", "explore")
    run("audit", "run", "--format", "json")
    run("db", "downgrade", "0008")
    run("db", "downgrade", "0002", "--allow-data-loss", code=4)  # receipts of form 2 do not go back
