"""On a server that somebody else runs: what its platform did is no drift, and a plan does without it."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest
from psycopg import sql

from nosender.migrations.leaned_on import leaned_on
from nosender.schema.observe import differences, observe, reference
from nosender.server.embedded import EmbeddedServer
from nosender.server.scratch import scratch_database

from ..conftest import RunNosender


@pytest.fixture
def theirs(server: EmbeddedServer) -> Iterator[str]:
    """A database as a platform hands it over: one of its groups owns it, may do everything in public, and is
    given rights on what the platform's own administrator creates; with an extension that nobody asked for.
    """
    with scratch_database(server.conninfo()) as conninfo:
        name = psycopg.conninfo.conninfo_to_dict(conninfo)["dbname"]
        group, admin = sql.Identifier(f"{name}_group"), sql.Identifier(f"{name}_admin")
        with psycopg.connect(conninfo, autocommit=True) as owner:
            owner.execute(
                sql.SQL(
                    "create role {group}; create role {admin}; alter database {name} owner to {group};"
                    "grant all on schema public to {group};"
                    "alter default privileges for role {admin} in schema public"
                    " grant all on tables to {group};"
                    "create schema extensions; create extension pg_trgm schema extensions;"
                    "create extension btree_gist schema extensions"
                ).format(group=group, admin=admin, name=sql.Identifier(str(name)))
            )
        yield conninfo
        with psycopg.connect(conninfo, autocommit=True) as owner:
            owner.execute(
                sql.SQL(
                    "alter database {name} owner to current_user; drop owned by {group}, {admin} cascade;"
                    "drop role {group}, {admin}"
                ).format(group=group, admin=admin, name=sql.Identifier(str(name)))
            )


def test_upgrade_check_and_plan_do_without_the_platform(theirs: str, run_nosender: RunNosender) -> None:
    done = run_nosender("--url", theirs, "db", "upgrade", "0008")
    assert done.returncode == 0, done.stderr
    planned = run_nosender("--url", theirs, "db", "plan")
    assert planned.returncode == 0, planned.stderr
    done = run_nosender("--url", theirs, "db", "upgrade")
    assert done.returncode == 0, done.stderr
    checked = run_nosender("--url", theirs, "db", "check")
    assert checked.returncode == 0, checked.stdout
    with psycopg.connect(theirs) as connection:
        group = connection.execute(
            "select datdba::regrole::text from pg_database where datname = current_database()"
        ).fetchone()
        assert group is not None
        connection.execute("create role somebody")
        connection.execute("grant create on schema public to somebody")
        found = differences(reference(), observe(connection, "public"), "public")
        connection.rollback()
    assert [each for each in found if group[0] in str(each)] == []
    assert any("somebody" in str(each) for each in found)


def test_a_copy_takes_along_what_the_schema_leans_on(server: EmbeddedServer) -> None:
    with scratch_database(server.conninfo()) as conninfo, psycopg.connect(conninfo) as connection:
        connection.execute(
            'create schema ours; create schema "their types"; create schema deep; create schema apart;'
            "create schema extensions; create extension hstore schema extensions;"
            "create extension pg_trgm schema apart;"
            'create domain deep.word as text; create type "their types".pair as (one deep.word, two int);'
            "create function deep.now() returns int language sql as 'select 1';"
            'create table ours.t (a "their types".pair, b extensions.hstore, c int default deep.now());'
            "create table apart.leans_on_us (t ours.t)"
        )
        found = leaned_on(connection, "ours")
    assert found.schemas == ("deep", "ours", "their types")
    assert found.extensions == (("hstore", "extensions"),)
