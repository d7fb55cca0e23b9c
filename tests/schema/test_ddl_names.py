"""The DDL names what is ours with its schema, wherever that is, and nothing else is looked up there."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import psycopg
import pytest
from alembic.runtime.migration import MigrationContext
from hypothesis import given
from hypothesis import strategies as st
from psycopg import sql

from nosender.errors import NosenderError, UsageError
from nosender.migrations.revision_module import load_module
from nosender.migrations.revisions import Chain
from nosender.schema import ddl
from nosender.schema.observe import differences, observe, reference

ROOT = Path(__file__).parents[2]
ODD = [
    "msg",
    "public_public",
    'We "ird',
    "it's",
    "100%",
    "schema public",
    "public.",
    "'public'::",
    "ü",
    "user",
]
NOT_OURS = re.compile(r"pg_|information_schema\Z|.*\$\w*\$", re.DOTALL)
NAMES = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1).filter(
    lambda name: (
        len(name.encode()) <= 63 and not re.match(r"pg_|information_schema\Z|.*\$\w*\$", name, re.DOTALL)
    )
)

PIECES = {
    "select * from public.users": "select * from {n}.users",
    "grant usage on schema public to a": "grant usage on schema {n} to a",
    "revoke all on table public.users from public": "revoke all on table {n}.users from public",
    "select 'public.users'::regclass": "select '{c}.users'::regclass",
    "select to_regclass('public.' || quote_ident(x))": "select to_regclass('{c}.' || quote_ident(x))",
    "select 'public'::regnamespace": "select '{c}'::regnamespace",
    "select 'public.f(integer)'::regprocedure": "select '{c}.f(integer)'::regprocedure",
    "-- of public.users, it's": "-- of public.users, it's",
    "/* public.users */ select 1": "/* public.users */ select 1",
    'select publicist.a, "of public." from x': 'select publicist.a, "of public." from x',
    "raise 'nothing for the public, it''s ours'": "raise 'nothing for the public, it''s ours'",
    "do $b$ begin perform public.f(); end $b$": "do $b$ begin perform {n}.f(); end $b$",
}
REFUSED = [
    "execute 'select * from public.users'", "format('%I public.x', a)", "format('public.%I', a)",
    "select 'public'", 'select * from "public".users', "select * from public . users",
    "set search_path to public", "set search_path = public, pg_temp", "grant all on x to a, public",
    "select * from Public.users", "execute e'from\\npublic.users'", "execute 'on schema public'",
    "select 'open", 'select "open', "/* open",
]  # fmt: skip


@given(NAMES)
def test_every_place_is_written_for_any_schema(name: str) -> None:
    quoted = ddl.name_of(name)
    for text, form in PIECES.items():
        wanted = form.format(n=quoted, c=quoted.replace("'", "''"))
        assert ddl.render(text, name) == wanted


@pytest.mark.parametrize("text", REFUSED)
def test_what_cannot_be_rendered_is_refused(text: str) -> None:
    with pytest.raises(NosenderError, match="line 2 cannot be written for another schema"):
        ddl.render(f"select 1;\n{text}", "msg")


@pytest.mark.parametrize("name", ["", "x" * 64, "ü" * 32, "nul\0"])
def test_a_name_that_no_schema_can_have(name: str) -> None:
    with pytest.raises(UsageError, match=r"no name for a schema|PostgreSQL cuts it after 63"):
        ddl.script(name)


@pytest.mark.parametrize("revision", [each for each in Chain.load().revisions if each.written_for])
@pytest.mark.parametrize("name", ["public", *ODD])
def test_a_revision_writes_itself_as_the_ddl_is_written(revision: object, name: str) -> None:
    """It brings its own rendering, so that it runs under anybody's Alembic."""
    context = MigrationContext.configure(
        dialect_name="postgresql", opts={"as_sql": True, "version_table_schema": name}
    )
    module = load_module(revision, context)  # type: ignore[arg-type]
    for direction in ("up", "down"):
        text = revision.sql(direction)  # type: ignore[attr-defined]
        assert module._in_place(text) == ddl.render(text, name)


@pytest.mark.parametrize("file", ddl.files(), ids=lambda file: file.name)
def test_a_file_looks_nothing_up_elsewhere(file: ddl.DdlFile) -> None:
    statements = re.sub(r"(?m)^\s*--.*\n", "", file.sql)
    assert statements.lstrip().startswith("set search_path = pg_catalog, pg_temp;\n")
    assert not re.search(r"current_schema|search_path from current|search_path to", statements)
    made = re.findall(r"^create (?:function|procedure) (\S+?)\(", statements, re.MULTILINE)
    assert all(name.startswith("public.") for name in made)


@pytest.mark.parametrize("schema", ["public", *ODD])
def test_loaded_into_any_schema_it_is_as_promised(database: str, schema: str) -> None:
    with psycopg.connect(database) as connection:
        connection.execute(sql.SQL("create schema if not exists {}").format(sql.Identifier(schema)))
        ddl.load(connection, schema)
        assert differences(reference(schema), observe(connection, schema), schema) == ()


def test_the_line_of_sed_makes_the_same() -> None:
    text = (ROOT / "docs" / "migrations.md").read_text()
    (line,) = re.findall(r"^cat schema/ddl/\*\.sql \| (sed .*) \| psql", text, re.MULTILINE)
    shell = shutil.which("sh")
    assert shell is not None
    done = subprocess.run(
        [shell, "-c", f"cat schema/ddl/*.sql | {line}"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout == "".join(ddl.render(file.sql, "msg") for file in ddl.files())


def test_each_file_in_a_session_of_its_own_makes_the_same(database: str) -> None:
    """Whatever that session's search_path is: here one with a schema of somebody else's first."""
    plant = "create operator hostile.~ (leftarg = varchar, rightarg = text, function = hostile.matches)"
    with psycopg.connect(database, autocommit=True) as owner:
        owner.execute("create schema hostile")
        owner.execute(
            "create function hostile.matches(varchar, text) returns boolean language sql return true"
        )
        owner.execute(plant)
        owner.execute("create domain hostile.text as pg_catalog.text")
    for file in ddl.files():
        options = "-c TimeZone=UTC -c search_path=hostile,public,pg_catalog"
        with psycopg.connect(database, options=options, autocommit=True) as session:
            session.execute(file.sql.encode())
    with psycopg.connect(database) as connection:
        assert differences(reference("public"), observe(connection, "public"), "public") == ()
        bound = "select from pg_depend where refobjid = 'hostile.~(varchar,text)'::regoperator"
        assert connection.execute(bound).fetchone() is None
