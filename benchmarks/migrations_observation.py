"""How fast an Observation of many tables is, as ratios to other ways to read a schema, in one run.

    python benchmarks/migrations_observation.py [--tables 10000] [--repeat 3] [--inspector]

A database of that many tables (ten columns each; half have a foreign key, each a partial index, a
tenth a view, a twentieth a function and a trigger; comments and grants on all) is made on a
throw-away server. Aims: pg_dump --schema-only takes at least 4 times as long, SQLAlchemy's
multi-table Inspector 5 times; ten times the tables take at most 12 times as long.
"""

import argparse
import subprocess
import time
from collections.abc import Callable
from functools import partial

import psycopg

from nosender.schema.observe import observe
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


def best(repeat: int, work: Callable[[], object]) -> float:
    """The shortest of several runs, in seconds."""
    times = []
    for _ in range(repeat):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return min(times)


def observation(conninfo: str) -> None:
    """One Observation from nothing: connect, read, assemble."""
    with psycopg.connect(conninfo) as connection:
        observe(connection, "s0")


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
    base: dict[int, float] = {}
    # pg_dump locks every table in one transaction
    with EmbeddedServer(binaries, settings={"max_locks_per_transaction": "1000"}) as server:
        for tables in (options.tables // 10, options.tables):
            with scratch_database(server.conninfo()) as conninfo:
                fill(conninfo, tables)
                base[tables] = best(options.repeat, partial(observation, conninfo))
                print(f"{tables} tables: observation {base[tables]:.3f} s")
                dump = [str(binaries.bindir / "pg_dump"), "--schema-only", "-f", "/dev/null", conninfo]
                seconds = best(options.repeat, partial(subprocess.run, dump, check=True))
                print(f"{tables} tables: pg_dump --schema-only {seconds / base[tables]:.1f} times as long")
                if options.inspector:
                    seconds = best(1, partial(inspector, conninfo))
                    print(f"{tables} tables: Inspector {seconds / base[tables]:.1f} times as long")
    print(f"ten times the tables: {base[options.tables] / base[options.tables // 10]:.1f} times as long")


if __name__ == "__main__":
    main()
