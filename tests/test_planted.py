"""Somebody with rights in the database plants objects; no command runs them or sees what they want."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict

from nosender.errors import NosenderError
from nosender.migrations import plan as plans
from nosender.migrations import runner
from nosender.privacy_audit import runner as audits
from nosender.retention import erase, ledger, policy, status
from nosender.retention.sweep import FAST, sweep
from nosender.schema.observe import observe
from nosender.server.embedded import EmbeddedServer
from nosender.server.target import Target
from nosender.traffic.fill import fill

Act = Callable[[Target], object]

_PLANT_FIRST = """
create schema evil;
do $plant$
declare
  r record;
  body text;
begin
  for r in
    select
      o.oprname, o.oprleft::regtype::text as l, o.oprright::regtype::text as r,
      o.oprresult::regtype::text as t
    from pg_operator as o
    where o.oprleft <> 0 and o.oprnamespace = 'pg_catalog'::regnamespace and o.oprresult <> 0
  loop
    begin
      body := format(
        'begin raise log %L; return $1 operator(pg_catalog.%s) $2; end',
        'PLANTED ' || replace(format('%s (%s, %s)', r.oprname, r.l, r.r), '%', '%%'), r.oprname
      );
      execute format(
        'create function evil.%I(%s, %s) returns %s language plpgsql as %L',
        r.oprname || r.l || r.r, r.l, r.r, r.t, body
      );
      execute format(
        'create operator evil.%s (leftarg = %s, rightarg = %s, function = evil.%I)',
        r.oprname, r.l, r.r, r.oprname || r.l || r.r
      );
    exception when others then null; -- pseudo-types
    end;
  end loop;
  for r in
    select p.proname, p.proargtypes::oid[]::regtype[]::text[] as types, p.prorettype::regtype::text as t
    from pg_proc as p
    where
      p.pronamespace = 'pg_catalog'::regnamespace
      and p.prokind = 'f' and not p.proretset and p.provariadic = 0
  loop
    begin
      execute format(
        'create function evil.%I(%s) returns %s language plpgsql as %L',
        r.proname, array_to_string(r.types, ', '), r.t,
        format(
          'begin raise log %L; return pg_catalog.%I(%s); end', 'PLANTED ' || r.proname, r.proname,
          (select string_agg('$' || n, ', ' order by n) from generate_series(1, cardinality(r.types)) as n)
        )
      );
    exception when others then null;
    end;
  end loop;
end $plant$;
"""


def _lines(server: EmbeddedServer) -> Iterator[str]:
    return (line for line in server.log.read_text(errors="replace").splitlines() if "PLANTED" in line)


def _count(server: EmbeddedServer) -> int:
    return sum(1 for _ in _lines(server))


def _refused(target: Target) -> None:
    """What has receipts of form 2 does not go below 0008."""
    with pytest.raises(NosenderError, match="receipts have a form that older functions cannot verify"):
        runner.downgrade(target, "0004", runner.Options(allow_data_loss=True))


COMMANDS: dict[str, Act] = {
    "fill": lambda target: fill(target, 5, 20, seed=3),
    "flow": lambda target: fill(target, 5, 20, seed=4, through="flow"),
    "sweep": lambda target: sweep(target, pace=FAST),
    "workers": lambda target: sweep(target, pace=FAST, workers=2, canary=True),
    "status": status.read_status,
    "plan": lambda target: policy.live_plan(target.connect("test", reading=True), target.schema),
    "verify": ledger.verify_target,
    "measures": lambda target: erase.measures(target, rewrite=True),
    "erase": erase.erase,
    "rewrite": lambda target: erase.erase(target, rewrite=True),
    "current": runner.current,
    "check": runner.check,
    "audit": audits.run,
    "db plan": lambda target: plans.make_plan(target, scratch=target.conninfo),
    "downgrade": lambda target: runner.downgrade(target, "0008", runner.Options(allow_data_loss=True)),
    "refused": lambda target: _refused(target),
    "upgrade": runner.upgrade,
    "accept": lambda target: runner.accept(target, "0004"),
}


def test_no_statement_of_a_command_is_resolved_through_a_stored_path(any_server, any_database) -> None:  # type: ignore[no-untyped-def]
    """A schema first in the stored path has everything that pg_catalog has, and tells of each call."""
    target = Target(any_database)
    runner.upgrade(target)
    name = sql.Identifier(str(conninfo_to_dict(any_database)["dbname"]))
    with psycopg.connect(any_database, autocommit=True) as admin:
        admin.execute(_PLANT_FIRST.encode())
        admin.execute(sql.SQL("alter database {} set search_path = evil, pg_catalog, public").format(name))
    before = _count(any_server)
    with psycopg.connect(any_database) as unpinned:
        unpinned.execute("select lower('a') = 'a'")
    assert _count(any_server) - before == 2  # or the plants are duds
    for command, act in COMMANDS.items():
        before = _count(any_server)
        act(target)
        assert _count(any_server) == before, (command, list(_lines(any_server))[before:][:5])


_number = count()


@pytest.fixture
def mallory(any_migrated: str) -> Iterator[str]:
    """A role with a login that is nothing else."""
    name = f"mallory_{os.getpid()}_{next(_number)}"
    with psycopg.connect(any_migrated, autocommit=True) as admin:
        admin.execute(f"create role {name} login".encode())
        yield name
        admin.execute(
            f"reassign owned by {name} to postgres; drop owned by {name}; drop role {name}".encode()
        )


def _as(role: str, conninfo: str, *statements: str) -> None:
    with psycopg.connect(conninfo, autocommit=True) as admin:
        admin.execute(sql.SQL("set role {}").format(sql.Identifier(role)))
        for statement in statements:
            admin.execute(statement.encode())


def _is_superuser(role: str, conninfo: str) -> bool:
    with psycopg.connect(conninfo) as admin:
        row = admin.execute("select rolsuper from pg_roles where rolname = %s", [role]).fetchone()
    assert row is not None
    return bool(row[0])


def _rises(role: str) -> str:
    """The body of a function that makes the role a superuser, where it may."""
    return f"""
        begin
          if current_setting('is_superuser') = 'on' then execute 'alter role {role} superuser'; end if;
    """


READING: dict[str, Act] = {
    name: act
    for name, act in COMMANDS.items()
    if name in ("status", "plan", "verify", "current", "check", "audit")
}


@pytest.mark.parametrize("command", READING)
def test_an_operator_that_fits_better_is_not_run_by_a_command(
    any_migrated: str, mallory: str, command: str
) -> None:
    """Who may create in the schema plants an equality of varchar, which pg_catalog has of text only."""
    with psycopg.connect(any_migrated, autocommit=True) as admin:
        admin.execute(f"grant create on schema public to {mallory}".encode())
    _as(
        mallory,
        any_migrated,
        "create function public.same(varchar, varchar) returns boolean language plpgsql as $$"
        f"{_rises(mallory)} return $1::text operator(pg_catalog.=) $2::text; end $$",
        "create operator public.= (leftarg = varchar, rightarg = varchar, function = public.same)",
    )
    try:
        READING[command](Target(any_migrated))
    except NosenderError:
        assert command in ("current", "check")  # which find no revision in a database loaded from the DDL
    assert not _is_superuser(mallory, any_migrated)


def test_the_owner_of_a_database_cannot_hide_an_object(any_migrated: str, mallory: str) -> None:
    """The path and operators of a database's owner decided, from the first comparison on, what there is."""
    name = conninfo_to_dict(any_migrated)["dbname"]
    with psycopg.connect(any_migrated, autocommit=True) as admin:
        admin.execute(
            f'alter database "{name}" owner to {mallory}; alter schema public owner to {mallory}'.encode()
        )
    _as(
        mallory,
        any_migrated,
        "create table public.message_senders (sender varchar(20), destination varchar(20))",
        "create schema evil; grant usage on schema evil to public",
        "create function evil.later(oid, integer) returns boolean language sql as 'select false'",
        "create operator evil.>= (leftarg = oid, rightarg = integer, function = evil.later)",
        """
        create function evil.same(text, text) returns boolean language plpgsql as $$
        begin
          perform pg_catalog.set_config('search_path', 'evil', true);
          return $1 operator(pg_catalog.=) $2::pg_catalog.name;
        end $$
        """,
        "create operator evil.= (leftarg = text, rightarg = text, function = evil.same)",
        f'alter database "{name}" set search_path = evil, pg_catalog, public',
    )
    with psycopg.connect(any_migrated) as unpinned:  # a connection that is not ours is pinned for the reading
        assert any(each.name == "message_senders" for each in observe(unpinned, "public").relations)
    found = audits.run(Target(any_migrated)).findings
    assert ("undeclared-table", "public.message_senders") in {(each.check, each.object) for each in found}


@pytest.mark.parametrize("table", ["alembic_version", "migration_journal"])
@pytest.mark.parametrize("kind", ["view", "foreign table", "column"])
def test_no_view_is_read_where_a_table_belongs(
    any_database: str, tmp_path: Path, table: str, kind: str
) -> None:
    target = Target(any_database)
    runner.upgrade(target)
    column = "version_num" if table == "alembic_version" else "step"
    planted = {
        "view": f"create view {table} as select * from was, lateral (select ran()) as r",
        "foreign table": "create extension file_fdw; create server files foreign data wrapper file_fdw;"
        f" create foreign table {table} (version_num text) server files"
        f" options (program 'touch {tmp_path}/ran')",
        "column": f"create table {table} as select * from was; alter table {table} drop column {column},"
        f" add column {column} mood",
    }[kind]
    with psycopg.connect(any_database, autocommit=True) as admin:
        admin.execute(
            f"""
            create sequence called; create type mood as enum ('0', '0005');
            create function ran() returns bigint language sql as 'select nextval(''public.called'')';
            alter table {table} rename to was;
            {planted}
            """.encode()
        )
    for command in ("current", "check", "db plan", "downgrade", "upgrade", "accept"):
        if command in ("current", "db plan") and table == "migration_journal":
            continue  # which does not read it
        with pytest.raises(NosenderError, match=f"public.{table} is no ordinary table"):
            COMMANDS[command](target)
    with psycopg.connect(any_database) as admin:
        assert admin.execute("select is_called from called").fetchone() == (False,)
    assert not (tmp_path / "ran").exists()


def test_a_view_that_comes_after_the_look_is_not_read_either(any_database: str) -> None:
    """The owner exchanges the table in the moment between: the server itself refuses."""
    from nosender.migrations import journal

    with Target(any_database).connect("nosender test", reading=True) as connection:
        with psycopg.connect(any_database) as admin:
            admin.execute("create view public.alembic_version as select 1 as version_num")
        with pytest.raises(psycopg.Error, match="non-system view"):
            connection.execute("select version_num from public.alembic_version")
        connection.rollback()
    with (
        Target(any_database).connect("nosender test") as connection,
        pytest.raises(psycopg.Error, match="non-system view"),
    ):
        journal._read(connection, "select version_num from public.alembic_version")


@pytest.mark.parametrize("command", ["sweep", "status", "verify", "rewrite"])
def test_a_superuser_runs_no_code_that_was_put_in_place_of_ours(
    any_migrated: str, mallory: str, command: str
) -> None:
    """Functions of ours that run with the rights of whoever calls them."""
    with psycopg.connect(any_migrated, autocommit=True) as admin:
        admin.execute(f"alter function retention_policy_hash owner to {mallory}".encode())
        admin.execute(f"grant create on schema public to {mallory}".encode())
    _as(
        mallory,
        any_migrated,
        "create or replace function public.retention_policy_hash() returns bytea language plpgsql as $$"
        f"{_rises(mallory)} return ''; end $$",
    )
    with pytest.raises(NosenderError, match=r"retention_policy_hash .* is not the declared one"):
        COMMANDS[command](Target(any_migrated))
    assert not _is_superuser(mallory, any_migrated)
