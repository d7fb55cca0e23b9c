"""What an Observation of many tables costs beside other ways to read a schema, in one run.

    python benchmarks/observation.py [--tables 10000] [--repeat 3] [--major 18 --major 15]

On every installed major, or those chosen, databases of a tenth of that many tables and of that many are made
on a throw-away server (ten columns each; half have a foreign key, each a partial index, a tenth a view, a
twentieth a function and a trigger; comments and grants on all). To hold at the full size: pg_dump
--schema-only takes at least 4 times as long, SQLAlchemy's multi-table Inspector 5 times; ten times the tables
take at most 12 times as long, to observe and to compare; the number of statements is the same, at most 15.

The ways take turns, so that other work on the machine falls on all alike, and the best run of each counts: by
the clock, and by the processor time of client and server together. An Observation has both at work at once,
the others by turns: where less than two processors are free, the clock comes near to the second ratio. Peak
memory is what one Observation adds to a fresh process that has everything imported.
"""

import argparse
import multiprocessing
import os
import resource
import subprocess
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import psycopg

from nosender.schema.observe import differences, observe, within
from nosender.server.binaries import Binaries, all_binaries, find_binaries
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


@dataclass(frozen=True, slots=True)
class Cost:
    """What one run took, in seconds."""

    wall: float
    client: float
    """On a processor, children included."""
    server: float


class Meter:
    """Measures what one piece of work costs on both sides of its connections, all others being closed."""

    def __init__(self, server: EmbeddedServer) -> None:
        self._postmaster = server.pid
        self._others = self._processes()

    def cost(self, work: Callable[[], object]) -> Cost:
        """Do it once; its sessions have to be closed in the end."""
        server, client, start = self._server(), self._client(), time.perf_counter()
        work()
        wall = time.perf_counter() - start
        return Cost(wall, self._client() - client, self._server() - server)

    def _client(self) -> float:
        children = resource.getrusage(resource.RUSAGE_CHILDREN)
        return time.process_time() + children.ru_utime + children.ru_stime

    def _server(self) -> float:
        """Processor time of all sessions so far, which is known when their processes have ended."""
        while self._processes() - self._others:
            time.sleep(0.01)
        fields = self._stat(self._postmaster)
        return (int(fields[13]) + int(fields[14])) / os.sysconf("SC_CLK_TCK")

    def _processes(self) -> set[int]:
        found = set()
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                if int(self._stat(int(folder.name))[1]) == self._postmaster:
                    found.add(int(folder.name))
            except OSError:  # it has ended meanwhile
                continue
        return found

    @staticmethod
    def _stat(pid: int) -> list[str]:
        """The fields of /proc/PID/stat behind the program's name; the first is the state."""
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()


def best(meter: Meter, repeat: int, ways: dict[str, Callable[[], object]]) -> dict[str, Cost]:
    """The best of several runs of each, taken in turns, by each measure."""
    found: dict[str, list[Cost]] = {name: [] for name in ways}
    for _ in range(repeat):
        for name, work in ways.items():
            found[name].append(meter.cost(work))
    return {
        name: Cost(min(c.wall for c in costs), min(c.client for c in costs), min(c.server for c in costs))
        for name, costs in found.items()
    }


def observation(conninfo: str) -> None:
    """One Observation from nothing: connect, read, assemble."""
    with psycopg.connect(conninfo) as connection:
        observe(connection, "s0")


def counts(conninfo: str) -> tuple[int, int, int]:
    """Statements sent, rows received and records made by one Observation."""
    with tempfile.NamedTemporaryFile("w+") as file, psycopg.connect(conninfo) as connection:
        connection.execute("select 1")
        connection.pgconn.trace(file.fileno())
        seen = observe(connection, "s0")
        connection.pgconn.untrace()
        file.seek(0)
        kinds = [line.split("\t")[3] for line in file if line.count("\t") >= 3]
    lists = [getattr(seen, name) for name in seen.__dataclass_fields__]
    return (
        sum(kind in ("Query", "Parse") for kind in kinds) - 1,  # ROLLBACK
        sum(kind == "DataRow" for kind in kinds),
        sum(len(records) for records in lists if isinstance(records, tuple)),
    )


def _added(conninfo: str) -> float:
    def peak() -> int:
        (line,) = [line for line in Path("/proc/self/status").read_text().splitlines() if "VmHWM" in line]
        return int(line.split()[1])

    before = peak()
    observation(conninfo)
    return (peak() - before) / 1024


def memory(conninfo: str) -> float:
    """MiB that one Observation adds at its peak, in a process of its own."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(_added, [conninfo])


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


def measure(binaries: Binaries, sizes: tuple[int, int], repeat: int) -> None:
    """Print the figures of one major."""
    grown: dict[int, dict[str, Cost]] = {}
    # pg_dump locks every table in one transaction
    settings = {"max_locks_per_transaction": "1000", "autovacuum": "off"}
    with EmbeddedServer(binaries, settings=settings) as server:
        for tables in sizes:
            with scratch_database(server.conninfo()) as conninfo:
                meter = Meter(server)
                fill(conninfo, tables)
                dump = [str(binaries.bindir / "pg_dump"), "--schema-only", "-f", "/dev/null", conninfo]
                costs = best(
                    meter,
                    repeat,
                    {
                        "observation": partial(observation, conninfo),
                        "pg_dump --schema-only": partial(subprocess.run, dump, check=True),
                        "Inspector": partial(inspector, conninfo),
                        "drift": drift(conninfo),
                    },
                )
                statements, rows, records = counts(conninfo)
                added = memory(conninfo)
            grown[tables] = costs
            base = costs["observation"]
            print(
                f"PostgreSQL {binaries.version}, {tables} tables: {statements} statements (at most 15), ",
                end="",
            )
            print(f"{rows} rows, {records} records, {added:.0f} MiB at the peak")
            print(f"  {'':<22} {'wall':>7} {'client':>7} {'server':>7}    times as long, by wall and by CPU")
            for name, cost in costs.items():
                line = f"  {name:<22} {cost.wall:6.2f}s {cost.client:6.2f}s {cost.server:6.2f}s"
                if name in AIMS:
                    by_cpu = (cost.client + cost.server) / (base.client + base.server)
                    line += f"    {cost.wall / base.wall:.1f}  {by_cpu:.1f}  (at least {AIMS[name]})"
                print(line)
    for name in ("observation", "drift"):
        few, many = (grown[tables][name] for tables in sizes)
        by_cpu = (many.client + many.server) / (few.client + few.server)
        print(f"  ten times the tables, {name}: {many.wall / few.wall:.1f}  {by_cpu:.1f}  (at most 12)")


AIMS = {"pg_dump --schema-only": 4, "Inspector": 5}


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--tables", type=int, default=10_000)
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--major", type=int, action="append", help="only this major; may be given again")
    options = parser.parse_args()
    for binaries in [find_binaries(major) for major in options.major or ()] or all_binaries():
        measure(binaries, (options.tables // 10, options.tables), options.repeat)


if __name__ == "__main__":
    main()
