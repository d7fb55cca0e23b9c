"""The chain refuses, before its first statement, a schema where others may create or with code not ours."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from nosender.errors import NosenderError
from nosender.migrations import runner, sql_script
from nosender.migrations.revisions import Chain
from nosender.server.embedded import EmbeddedServer
from nosender.server.target import Target

from ..conftest import run_module

ROOT = Path(__file__).parents[2]
SAFE = "create or replace function public.f(integer) returns integer language sql return $1"
STRANGERS = {
    "a function": (f"{SAFE};", "function public.f(integer) is not ours"),
    "an operator": (
        f"{SAFE}; create operator public.@# (rightarg = integer, function = public.f)",
        "operator public.@#(NONE,integer) is not ours",
    ),
    "a domain": ("create domain public.text as pg_catalog.text", "type public.text is not ours"),
    "a type": ("create type public.pair as (a integer, b integer)", "type public.pair is not ours"),
    "a member that is no C code": (
        f"{SAFE}; create extension btree_gist with schema public;"
        " alter extension btree_gist add function public.f(integer)",
        "function public.f(integer) is not ours",
    ),
    "a cast": (
        "create function public.f(point) returns integer language sql return 1;"
        " create cast (point as integer) with function public.f(point)",
        "cast (pg_catalog.point AS integer) is not ours",
    ),
}
CREATORS = {
    "everybody": ("grant create on schema public to public", "everybody may create there"),
    "a role": (
        "create role {role}; grant create on schema public to {role}",
        "role {role} may create there",
    ),
}

Migrate = Callable[[str, EmbeddedServer], str]


def by_ours(conninfo: str, _: EmbeddedServer) -> str:
    try:
        runner.upgrade(Target(conninfo), options=runner.Options(replay=True))
    except NosenderError as error:
        return str(error)
    return ""


def by_alembic(conninfo: str, _: EmbeddedServer) -> str:
    done = run_module("alembic", "upgrade", "head", cwd=ROOT, env={**os.environ, "DATABASE_URL": conninfo})
    return "" if done.returncode == 0 else done.stderr


def by_script(conninfo: str, server: EmbeddedServer) -> str:
    command = [str(server.binaries.program("psql")), "-X", "-q", "-v", "ON_ERROR_STOP=1", conninfo]
    script = sql_script.render("public", "base", "head")
    done = subprocess.run(command, input=script, capture_output=True, text=True, check=False)
    return "" if done.returncode == 0 else done.stderr


WAYS = [by_ours, by_alembic, by_script]


def _execute(conninfo: str, statements: str) -> None:
    with psycopg.connect(conninfo, autocommit=True) as admin:
        admin.execute(statements.encode())


def _stands(conninfo: str) -> int:
    with psycopg.connect(conninfo) as connection:
        row = connection.execute("select count(*) from pg_tables where schemaname = 'public'").fetchone()
    return int(row[0]) if row else 0


@pytest.mark.parametrize("migrate", WAYS)
@pytest.mark.parametrize("name", STRANGERS)
def test_code_that_is_not_ours(database: str, server: EmbeddedServer, migrate: Migrate, name: str) -> None:
    made, told = STRANGERS[name]
    _execute(database, made)
    refusal = migrate(database, server)
    assert "the schema public is not safe to migrate" in refusal
    assert told in refusal
    assert _stands(database) == 0


@pytest.mark.parametrize("migrate", WAYS)
@pytest.mark.parametrize("name", CREATORS)
def test_others_who_may_create(database: str, server: EmbeddedServer, migrate: Migrate, name: str) -> None:
    role = f"planter_{os.getpid()}_{migrate.__name__}"
    made, told = (text.format(role=role) for text in CREATORS[name])
    _execute(database, made)
    try:
        refusal = migrate(database, server)
        assert told in refusal
        assert _stands(database) == 0
    finally:
        _execute(database, f"do $$ begin drop owned by {role}; exception when others then null; end $$")
        _execute(database, f"drop role if exists {role}")


def test_the_sentence_holds_what_clears_it(any_database: str) -> None:
    """And a function of the chain is ours only at the revision that made it."""
    target = Target(any_database)
    runner.upgrade(target, "0003", runner.Options(replay=True))
    _execute(
        any_database,
        "grant create on schema public to public;"
        " create function public.retention_due(text) returns text language sql return $1;"
        " create function public.audit_whole(text, integer) returns boolean language sql return true;",
    )
    with pytest.raises(NosenderError, match="not safe to migrate: everybody may create there") as refused:
        runner.upgrade(target)
    clearing = str(refused.value).partition("nothing was changed: run ")[2].partition(" or name another")[0]
    assert clearing.count(";") == 3
    _execute(any_database, clearing)
    assert runner.upgrade(target).after == Chain.load().head


def test_a_role_that_was_let_in_to_migrate_is_no_stranger(database: str) -> None:
    role = f"migrator_{os.getpid()}"
    _execute(
        database,
        f"create role {role} login createrole; grant create on schema public to {role};"
        " create extension btree_gist with schema public",
    )
    try:
        with pytest.raises(NosenderError, match="expected USAGE") as refused:
            runner.upgrade(Target(make_conninfo(database, user=role)))
        wanted = str(refused.value).partition("have an administrator run: ")[2].rpartition(")")[0]
        assert "revoke" not in wanted
        _execute(database, wanted)
        assert runner.upgrade(Target(make_conninfo(database, user=role))).loaded
    finally:
        _execute(database, f"drop owned by {role}; drop role {role}")


def test_what_an_extension_brought_in_c_is_no_stranger(database: str) -> None:
    _execute(database, "create extension btree_gist with schema public")
    assert runner.upgrade(Target(database), options=runner.Options(replay=True)).after == Chain.load().head


def test_plain_alembic_still_says_where_it_stands(database: str) -> None:
    runner.upgrade(Target(database))
    _execute(database, "grant create on schema public to public")
    done = run_module("alembic", "current", cwd=ROOT, env={**os.environ, "DATABASE_URL": database})
    assert (done.returncode, done.stdout.strip()) == (0, f"{Chain.load().head} (head)")
