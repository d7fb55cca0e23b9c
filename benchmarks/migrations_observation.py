"""How fast an Observation of many tables is, as ratios to other ways to read a schema, in one run.

    python benchmarks/migrations_observation.py [--tables 10000] [--repeat 3] [--inspector]

A database of that many tables (ten columns each; half have a foreign key, each a partial index, a
tenth a view, a twentieth a function and a trigger; comments and grants on all) is made on a
throw-away server. Aims: pg_dump --schema-only takes at least 4 times as long, SQLAlchemy's
multi-table Inspector 5 times; ten times the tables take at most 12 times as long, to observe and to
compare. Other work on the machine falls on all alike, as the ways take turns; the best run counts.
"""

import argparse
import subprocess
import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial

import psycopg

from nosender.schema.observe import differences, observe, within
from nosender.server.binaries import find_binaries
from nosender.server.embedded import EmbeddedServer
from nosender.server.scratch import scratch_database

TABLE = """
do $$
declare
  i int;
  s text;
begin
  for i in {first}..{last} loop
    s := format('s%s', i % 10);
    execute format('create table %s.t%s (id bigserial primary key, parent bigint, phone varchar(20) not null,
      content bytea not null, kind text not null default ''text'', at timestamp not null default now(),
      until timestamp, flag boolean not null default false, n integer, score numeric(10, 2))', s, i);
    execute format('create index on %s.t%s (phone) where not flag', s, i);
    execute format('comment on table %s.t%s is ''table %s''', s, i, i);
    execute format('comment on column %s.t%s.phone is ''where to''', s, i);
    execute format('grant select on %s.t%s to reader', s, i);
    if i % 2 = 0 then
      execute format('alter table %s.t%s add foreign key (parent) references %s.t%s', s, i, s, i);
    end if;
    if i % 10 = 0 then
      execute format('create view %s.v%s as select id, phone, kind from %s.t%s where flag', s, i, s, i);
    end if;
    if i % 20 = 0 then
      execute format('create function %s.f%s() returns trigger language plpgsql
        as ''begin return new; end''', s, i);
      execute format('create trigger g before insert on %s.t%s
        for each row execute function %s.f%s()', s, i, s, i);
    end if;
  end loop;
end
$$
"""


def fill(conninfo: str, tables: int) -> None:
    """Make the database."""
    with psycopg.connect(conninfo, autocommit=True) as connection:
        connection.execute(
            "do $$ begin create role reader; exception when duplicate_object then null; end $$"
        )
        for number in range(10):
            connection.execute(f"create schema s{number}".encode())
        for first in range(1, tables + 1, 200):
            last = min(first + 199, tables)
            connection.execute(TABLE.format(first=first, last=last).encode())
        connection.execute("vacuum analyze")


def best(repeat: int, ways: dict[str, Callable[[], object]]) -> dict[str, float]:
    """The shortest of several runs of each, taken in turns, in seconds."""
    shortest: dict[str, float] = {}
    for _ in range(repeat):
        for name, work in ways.items():
            start = time.perf_counter()
            work()
            shortest[name] = min(shortest.get(name, 1e9), time.perf_counter() - start)
    return shortest


def observation(conninfo: str) -> None:
    """One Observation from nothing: connect, read, assemble."""
    with psycopg.connect(conninfo) as connection:
        observe(connection, "s0")


def drift(conninfo: str) -> Callable[[], object]:
    """A comparison of one schema with itself as it was before every tenth index was lost."""
    with psycopg.connect(conninfo) as connection:
        before = within(observe(connection, "s0"), "s0")
    lost = replace(before, indexes=tuple(index for at, index in enumerate(before.indexes) if at % 10))
    return partial(differences, before, lost, "s0")


def inspector(conninfo: str) -> None:
    """What SQLAlchemy's Inspector offers for many tables at once."""
    import sqlalchemy

    engine = sqlalchemy.create_engine("postgresql+psycopg://", creator=lambda: psycopg.connect(conninfo))
    with engine.connect() as connection:
        inspect = sqlalchemy.inspect(connection)
        for schema in inspect.get_schema_names():
            if schema.startswith("s"):
                inspect.get_multi_columns(schema=schema)
                inspect.get_multi_pk_constraint(schema=schema)
                inspect.get_multi_foreign_keys(schema=schema)
                inspect.get_multi_indexes(schema=schema)
                inspect.get_multi_unique_constraints(schema=schema)
                inspect.get_multi_check_constraints(schema=schema)
                inspect.get_multi_table_comment(schema=schema)
    engine.dispose()


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--tables", type=int, default=10_000)
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--inspector", action="store_true", help="also SQLAlchemy's, which is slow")
    options = parser.parse_args()
    binaries = find_binaries()
    took: dict[int, dict[str, float]] = {}
    sizes = (options.tables // 10, options.tables)
    # pg_dump locks every table in one transaction
    with EmbeddedServer(binaries, settings={"max_locks_per_transaction": "1000"}) as server:
        for tables in sizes:
            with scratch_database(server.conninfo()) as conninfo:
                fill(conninfo, tables)
                dump = [str(binaries.bindir / "pg_dump"), "--schema-only", "-f", "/dev/null", conninfo]
                ways: dict[str, Callable[[], object]] = {
                    "observation": partial(observation, conninfo),
                    "pg_dump --schema-only": partial(subprocess.run, dump, check=True),
                    "drift": drift(conninfo),
                }
                if options.inspector:
                    ways["Inspector"] = partial(inspector, conninfo)
                took[tables] = best(options.repeat, ways)
                base = took[tables]["observation"]
                print(f"{tables} tables: observation {base:.3f} s")
                for name in [way for way in ways if way not in ("observation", "drift")]:
                    print(f"{tables} tables: {name} {took[tables][name] / base:.1f} times as long")
    for name in ("observation", "drift"):
        growth = took[sizes[1]][name] / took[sizes[0]][name]
        print(f"ten times the tables: {name} {growth:.1f} times as long")


if __name__ == "__main__":
    main()
