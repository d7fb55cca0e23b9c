"""What an upgrade would refuse is told by the plan, and what default privileges give is never kept."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from nosender.errors import NosenderError
from nosender.migrations import runner, sql_script
from nosender.migrations.plan import Plan, make_plan
from nosender.migrations.plan_text import as_json, as_text
from nosender.migrations.revisions import Chain
from nosender.server.embedded import EmbeddedServer
from nosender.server.target import Target

ROOT = Path(__file__).parents[2]
HEAD = Chain.load().head
RunNosender = Callable[..., "subprocess.CompletedProcess[str]"]
PLATFORM = """
  create role {0} nologin; create role "{0} Too" nologin;
  alter default privileges in schema public grant all on tables to {0};
  alter default privileges grant all on sequences to {0};
  alter default privileges in schema public grant execute on functions to {0}, "{0} Too";
"""


def execute(conninfo: str, statements: str) -> None:
    with psycopg.connect(conninfo, autocommit=True) as admin:
        admin.execute(statements.encode())


@pytest.fixture
def anon(any_database: str) -> Iterator[str]:
    """A role to which a managed platform gives everything that is made."""
    name = f"anon_{os.getpid()}"
    execute(any_database, PLATFORM.format(name))
    try:
        yield name
    finally:
        execute(any_database, f'drop owned by {name}, "{name} Too" cascade; drop role {name}, "{name} Too"')


@pytest.mark.parametrize("replay", [False, True])
def test_what_default_privileges_give_is_revoked_before_it_is_kept(
    any_database: str, anon: str, server: EmbeddedServer, replay: bool
) -> None:
    target, told = Target(any_database), list[str]()
    plan = make_plan(target, scratch=server.conninfo())
    assert plan.revoked == (anon, f"{anon} Too")
    assert plan.refused == ()
    assert f"default privileges give rights on what is made to {anon}, {anon} Too" in as_text(plan)
    runner.upgrade(target, options=runner.Options(replay=replay, say=told.append))
    assert any(f"that default privileges gave to {anon}, {anon} Too" in line for line in told)
    left = [each for each in runner.check(target)[1] if each.kind != "default privilege"]
    assert left == []
    with psycopg.connect(any_database) as connection:
        readable = connection.execute(
            "select count(*) from pg_class where relkind = 'r' and relnamespace = 'public'::regnamespace"
            " and has_table_privilege(%s, oid, 'select')",
            (anon,),
        ).fetchone()
    assert readable == (0,)
    assert make_plan(target).revoked == ()


def test_who_does_not_look_refuses_them(any_database: str, anon: str, any_server: EmbeddedServer) -> None:
    """Plain Alembic and the script; the sentence holds what clears it."""
    psql = [str(any_server.binaries.program("psql")), "-X", "-q", "-v", "ON_ERROR_STOP=1", any_database]
    alembic = [sys.executable, "-m", "alembic", "upgrade", "head"]
    environment = {**os.environ, "DATABASE_URL": any_database}
    script = sql_script.render("public", "base", "head")
    told = ""
    for command, text in ((alembic, ""), (psql, script)):
        done = subprocess.run(
            command, cwd=ROOT, env=environment, input=text, capture_output=True, text=True, check=False
        )
        assert done.returncode != 0
        assert f"role {anon} is given what is made there, by default privileges" in done.stderr
        told = told or done.stderr
    execute(any_database, told.partition("nothing was changed: run ")[2].partition(" or name another")[0])
    done = subprocess.run(psql, input=script, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert runner.check(Target(any_database)) == (HEAD, ())


def test_what_somebody_granted_is_refused_and_not_taken_back(any_database: str, anon: str) -> None:
    """Only what this upgrade made is its own to close."""
    target = Target(any_database)
    runner.upgrade(target, "0005", runner.Options(replay=True))
    execute(any_database, f"grant select on messages to {anon}")
    with pytest.raises(NosenderError, match="the schema is not what revision 0005 left: grant table"):
        runner.upgrade(target)


# how the database is before, who migrates, and what is told; run what mends, and the upgrade goes through
REFUSED = {
    "no right to create": (
        "", "login createrole", "may not create in schema public",
    ),
    "somebody else may create": (
        "grant create on schema public to public", "login superuser", "everybody may create there",
    ),
    "a table of ours": (
        "create table public.messages ()", "login superuser", "already has a table of our names",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_a_plan_tells_what_an_upgrade_would_refuse(database: str, name: str) -> None:
    before, attributes, told = REFUSED[name]
    role = f"migrator_{os.getpid()}"
    execute(database, f"create role {role} {attributes}")
    try:
        execute(database, before)
        target = Target(make_conninfo(database, user=role))
        plan = foreseen(target)
        refusal = ""
        try:
            runner.upgrade(target)
        except NosenderError as error:
            refusal = str(error)
        assert bool(plan) == bool(refusal), (plan, refusal)
        assert any(told in each for each in plan), plan
    finally:
        execute(database, f"drop owned by {role} cascade; drop role {role}")


def foreseen(target: Target) -> tuple[str, ...]:
    from nosender.migrations.foresight import refused

    chain = Chain.load()
    with target.connect("nosender test", reading=True) as connection:
        return refused(connection, target.schema, chain, 0, chain.revisions, whole=True)


def test_a_plan_copies_what_only_the_server_notes_of_its_columns(database: str) -> None:
    runner.upgrade(Target(database), "0003", runner.Options(replay=True))
    # as minor releases of November 2026 do; what this pg_dump writes of it, no server takes
    noted = (
        "update pg_attribute set attoptions = '{%s}' where attrelid = 'users'::regclass and attname = '%s'"
    )
    execute(database, noted % ("pg_attver=22305080", "id"))
    execute(database, noted % ("n_distinct=5,pg_attver=22305080", "phone_number"))
    assert make_plan(Target(database)).refused == ()


def test_a_plan_shows_it(database: str, run_nosender: RunNosender) -> None:
    runner.upgrade(Target(database), "0003", runner.Options(replay=True))
    execute(database, "drop index idx_messages_expires_at; grant create on schema public to public")
    plan: Plan = make_plan(Target(database))
    assert len(plan.refused) == 2
    text = as_text(plan)
    assert "! db upgrade would refuse: the schema public is not safe to migrate: everybody may create" in text
    assert "! db upgrade would refuse: the schema is not what revision 0003 left: " in text
    assert '"refused": [' in as_json(plan)
    assert run_nosender("--url", database, "db", "plan").returncode == 1


@pytest.mark.parametrize(("listed", "told"), [("", True), ("HSTORE,BTREE_GIST", False), (None, False)])
def test_what_azure_does_not_list_is_told_before(database: str, listed: str | None, told: bool) -> None:
    from nosender.migrations.foresight import refused

    chain = Chain.load()
    with psycopg.connect(database, autocommit=True) as connection:
        if listed is not None:
            connection.execute("select set_config('azure.extensions', %s, false)", [listed])
        found = refused(connection, "public", chain, 0, chain.revisions, whole=True)
    assert any("--name azure.extensions" in each for each in found) is told


def test_what_azure_refuses_names_the_parameter(database: str) -> None:
    from nosender.migrations.apply import refusal

    raised = (
        "do $$ begin raise 'extension \"btree_gist\" is not allow-listed for users'"
        " using hint = 'https://…'; end $$"
    )
    with psycopg.connect(database) as connection, pytest.raises(psycopg.Error) as error:
        connection.execute(raised.encode())
    assert refusal(error.value) == (
        'extension "btree_gist" is not allow-listed for users: put it into the server parameter '
        "azure.extensions, as `nosender platform setup azure` says"
    )
