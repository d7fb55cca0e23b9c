"""No command runs what the planner would work out for whoever reads: here in the tables of the migrations."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from nosender.migrations.rehearsal import scratch_copy
from nosender.privacy_audit.explore.explore import explore
from nosender.privacy_audit.runner import Options, run
from nosender.server.embedded import EmbeddedServer
from nosender.server.still_tables import hold_still
from nosender.server.target import Target

from ..conftest import RunNosender

# The function is immutable, so that it is worked out early, and what it calls is not, so that it may write.
PLANTED = """
create or replace function planted.writes() returns void language plpgsql as $planted$ begin
  if current_setting('is_superuser') = 'on' then
    execute pg_catalog.format(
      'copy (select 1) to %L', pg_catalog.current_setting('data_directory') || '/planned'
    );
  end if;
end $planted$;
create or replace function planted.evil() returns bigint language plpgsql immutable as
$planted$ begin perform planted.writes(); return 1; end $planted$
"""
PLACES = {
    "index": "create index planted on public.{table} ((length({column}) + planted.evil()))",
    "predicate": "create index planted on public.{table} ({column}) where length({column}) > planted.evil()",
    "statistics": "create statistics planted on (length({column}) + planted.evil()), {column} from {table}",
    "check": "alter table public.{table} add check (length({column}) > planted.evil() - 9) not valid",
}
TABLES = {"alembic_version": "version_num", "migration_journal": "revision"}


@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize("place", PLACES)
def test_the_planner_works_out_nothing_for_a_superuser(
    database: str, run_nosender: RunNosender, table: str, place: str
) -> None:
    assert run_nosender("--url", database, "db", "upgrade").returncode == 0
    with psycopg.connect(database, autocommit=True) as owner:
        owner.execute(
            "create schema planted; create function planted.evil() returns bigint language sql immutable as"
            " 'select 1::bigint'"
        )
        owner.execute(PLACES[place].format(table=table, column=TABLES[table]).encode())
        owner.execute(PLANTED.encode())
        owner.execute(f"alter database {owner.info.dbname} set constraint_exclusion = on".encode())
        for command in ("db current", "db history", "db check", "db plan", "retention status"):
            done = run_nosender("--url", database, *command.split())
            if command == "db check":  # which reads both
                assert ("could run what somebody wrote" in done.stderr) == (place != "check"), done.stderr
            ran = owner.execute("select (pg_stat_file('planned', true)).size is not null").fetchone()
            if ran == (True,):
                owner.execute("copy (select 1) to program 'rm -f planned'")
            assert ran == (False,), command


CODE = {
    "index": "create index planted on public.users ((id + planted.evil()))",
    "statistics": "create statistics planted on (id + planted.evil()), created_at from public.users",
}


@pytest.fixture
def evil(any_migrated: str) -> Iterator[str]:
    """A database with a function that does not run in a superuser's rights."""
    with psycopg.connect(any_migrated, autocommit=True) as owner:
        owner.execute(
            """
            create schema planted;
            create function planted.evil() returns bigint language plpgsql immutable as $planted$ begin
              if current_setting('is_superuser') = 'on' then raise exception 'ran'; end if; return 1;
            end $planted$;
            create role %(role)s;
            grant usage on schema planted, public to %(role)s;
            grant create on schema public to %(role)s;
            alter table public.users owner to %(role)s
            """.replace("%(role)s", f"mallory_{owner.info.dbname}").encode()
        )
        yield any_migrated
        owner.execute(
            "drop owned by {0} cascade; drop role {0}".format(f"mallory_{owner.info.dbname}").encode()
        )


def _owner(conninfo: str) -> psycopg.Connection[Any]:
    connection = psycopg.connect(conninfo, options="-c lock_timeout=50ms")
    connection.execute(f"set role mallory_{connection.info.dbname}".encode())
    return connection


@pytest.mark.parametrize("kind", CODE)
def test_nothing_comes_beside_a_table_while_a_superuser_reads(evil: str, kind: str) -> None:
    target = Target(f"{evil}&options=-c%20lock_timeout%3D50ms")
    with _owner(evil) as owner:
        owner.execute(CODE[kind].encode())  # and is not committed: no snapshot shows it
        with target.connect("nosender audit", reading=True) as connection:
            hold_still(connection, "public")
            assert connection.still is not None
            assert ("public", "users") not in connection.still
        owner.rollback()
        with target.connect("nosender audit", reading=True) as connection:
            hold_still(connection, "public")
            assert ("public", "users") in (connection.still or ())
            with (
                connection.transaction(),
                _owner(evil) as late,
                pytest.raises(psycopg.errors.LockNotAvailable),
            ):
                late.execute(CODE[kind].encode())


def test_what_a_superuser_cannot_hold_still_is_not_read(evil: str) -> None:
    target = Target(f"{evil}&options=-c%20lock_timeout%3D50ms")
    with _owner(evil) as owner:
        owner.execute(CODE["index"].encode())
        told = [each.reason or "" for each in run(target, Options()).checks]
        assert any("table users is a materialized view, or locked or new" in each for each in told)
        assert any("rows of public.users" in each for each in explore(target).unseen)
        owner.rollback()
    with target.connect("nosender audit", reading=True) as connection:
        assert connection.still is None


def test_a_rehearsal_runs_what_it_copies_without_rights(evil: str, server: EmbeddedServer) -> None:
    with _owner(evil) as owner:
        owner.execute(CODE["index"].encode())
        owner.commit()
    with scratch_copy(Target(evil), server.conninfo()) as copy:  # where the function is called by its index
        row = copy.connection.execute("select current_setting('is_superuser'), current_user").fetchone()
        assert row is not None
        assert row[0] == "off"
    with psycopg.connect(server.conninfo()) as admin:
        assert admin.execute("select from pg_roles where rolname = %s", [row[1]]).fetchone() is None
