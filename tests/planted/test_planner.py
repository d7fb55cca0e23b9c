"""No command runs what the planner would work out for whoever reads: here in the tables of the migrations."""

from __future__ import annotations

import psycopg
import pytest

from ..conftest import RunNosender

PLANTED = """
begin
  if current_setting('is_superuser') = 'on' then
    execute pg_catalog.format(
      'copy (select 1) to %L', pg_catalog.current_setting('data_directory') || '/planned'
    );
  end if;
  return 1;
end
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
        owner.execute(
            "create or replace function planted.evil() returns bigint language plpgsql immutable as"
            f" $planted$ {PLANTED} $planted$".encode()
        )
        owner.execute(f"alter database {owner.info.dbname} set constraint_exclusion = on".encode())
        for command in ("db current", "db history", "db check", "db plan", "retention status"):
            done = run_nosender("--url", database, *command.split())
            if command == "db check":  # which reads both
                assert ("could run what somebody wrote" in done.stderr) == (place != "check"), done.stderr
            ran = owner.execute("select (pg_stat_file('planned', true)).size is not null").fetchone()
            if ran == (True,):
                owner.execute("copy (select 1) to program 'rm -f planned'")
            assert ran == (False,), command
