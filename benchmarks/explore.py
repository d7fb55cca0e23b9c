"""What `audit explore` costs: a hundred tables with rows, ten thousand, and rows too large to read whole.

    python benchmarks/explore.py [--rows 2000] [--large 10000] [--repeat 3]

On a throw-away server, databases of a hundred and of ten thousand tables are made: people, rooms, members,
messages with a sender and a text, reactions, and tables of settings and jobs, in turn; then one whose texts
are of a megabyte each. To hold, with two processors free: the hundred take under 5 seconds by the clock; the
ten thousand read the rows of no more than 400 and take under ten times as long; every large one is answered
or named as not looked at. Beside the clock stand the processor time of client and server, the statements, and
what reading the catalogs alone costs: the clock alone says more of what else the machine does.
"""

from __future__ import annotations

import argparse
import time
from dataclasses import dataclass
from pathlib import Path

import psycopg

from nosender.privacy_audit.explore.explore import BOUND, look
from nosender.privacy_audit.explore.model import Exploration
from nosender.schema.observe import observe
from nosender.server.binaries import find_binaries
from nosender.server.embedded import EmbeddedServer
from nosender.server.scratch import scratch_database

KINDS = (
    "{t}users (id uuid primary key, email text unique, name text, created_at timestamptz)",
    "{t}rooms (id uuid primary key, title text, kind text, created_at timestamptz)",
    "{t}members (room_id uuid, user_id uuid, role text, joined_at timestamptz)",
    "{t}messages (id bigserial primary key, room_id uuid, sender_id uuid, body text, at timestamptz)",
    "{t}reactions (message_id bigint, user_id uuid, emoji text, at timestamptz)",
    "{t}settings (id uuid primary key, a integer, b text, c boolean, d jsonb, e numeric, f text)",
    "{t}jobs (id bigserial primary key, queue text, state text, payload jsonb, run_at timestamptz)",
)
ROWS = (
    "{t}users select md5('u' || i)::uuid, 'm' || i || '@mail.test', 'n' || i, now()",
    "{t}rooms select md5('r' || i)::uuid, 'Room ' || i, 'chat', now()",
    "{t}members select md5('r' || i)::uuid, md5('u' || i * 7 % {rows})::uuid, 'member', now()",
    "{t}messages select i, md5('r' || i)::uuid, md5('u' || i * 7 % {rows})::uuid, 'body ' || i, now()",
    "{t}reactions select i, md5('u' || i * 11 % {rows})::uuid, 'smile', now()",
    "{t}settings select gen_random_uuid(), i, md5(i::text), true, '{{\"a\": 1}}', i / 7.0, 'x'",
    "{t}jobs select i, 'mail', 'done', '{{\"to\": 1}}', now()",
)
LARGE = "create table large_messages{i} (id bigserial primary key, sender_id uuid, body text, at timestamptz)"
LARGE_ROWS = (
    "insert into large_messages{i} (sender_id, body, at) select md5((n % 40)::text)::uuid,"
    " repeat(md5(n::text) || ' by the way ', 24000), now() from generate_series(1, 60) as n"
)
MOST_SECONDS = 5
MOST_TIMES = 10


@dataclass(frozen=True)
class Cost:
    """One look: seconds by the clock, and of processor time on either side."""

    clock: float
    client: float
    server: float
    catalogs: float
    """Of the clock, what reading the catalogs alone costs in a look of its own."""
    answer: Exploration


def fill(conninfo: str, tables: int, rows: int) -> None:
    """Make so many tables, with so many rows each."""
    with psycopg.connect(conninfo, autocommit=True) as connection:
        for first in range(0, tables, 200):
            statements = []
            for number in range(first, min(first + 200, tables)):
                kind = number % len(KINDS)
                prefix = f"t{number // len(KINDS)}_"
                statements.append(f"create table {KINDS[kind].format(t=prefix)}")
                inserted = ROWS[kind].format(t=prefix, rows=rows)
                statements.append(f"insert into {inserted} from generate_series(1, {rows}) as i")
            connection.execute(";\n".join(statements).encode())
        connection.execute(b"analyze")


def ticks(pid: int) -> float:
    """Seconds of processor time of one process."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / 100


def cost(conninfo: str, repeat: int) -> Cost:
    """The best of so many looks, each through a connection of its own."""
    costs = []
    for _ in range(repeat):
        with psycopg.connect(conninfo) as connection:
            started = time.perf_counter()
            observe(connection, "public")
            catalogs = time.perf_counter() - started
        with psycopg.connect(conninfo) as connection:
            server, client, started = (
                ticks(connection.info.backend_pid),
                time.process_time(),
                time.perf_counter(),
            )
            answer = look(connection, "public", BOUND)
            clock = time.perf_counter() - started
            client = time.process_time() - client
            costs.append(Cost(clock, client, ticks(connection.info.backend_pid) - server, catalogs, answer))
    return min(costs, key=lambda each: each.clock)


def line(name: str, one: Cost) -> str:
    """One row of the table."""
    bound, found = one.answer.bound, len(one.answer.found)
    return (
        f"{name:<14} {one.answer.tables:>7,} {bound.sampled:>7,} {bound.statements:>10,} {found:>6,}"
        f" {one.clock:>7.2f} {one.client:>7.2f} {one.server:>7.2f} {one.catalogs:>9.2f}"
    )


def main(rows: int, large: int, repeat: int) -> None:
    """Print a row for each database, and whether what has to hold held."""
    print(f"{'':14} {'tables':>7} {'read':>7} {'statements':>10} {'places':>6}", end="")
    print(f" {'clock':>7} {'client':>7} {'server':>7} {'catalogs':>9}   seconds")
    with EmbeddedServer(find_binaries()) as server:
        with scratch_database(server.conninfo()) as database:
            fill(database, 100, rows)
            few = cost(database, repeat)
            print(line("a hundred", few))
        with scratch_database(server.conninfo()) as database:
            fill(database, large, 20)
            many = cost(database, 1)
            print(line("ten thousand", many))
        with scratch_database(server.conninfo()) as database:
            with psycopg.connect(database, autocommit=True) as connection:
                for number in range(5):
                    connection.execute(LARGE.format(i=number).encode())
                    connection.execute(LARGE_ROWS.format(i=number).encode())
            wide = cost(database, repeat)
            print(line("large rows", wide))
    looked = wide.answer.bound.sampled == wide.answer.tables or bool(wide.answer.unseen)
    print(f"a hundred under {MOST_SECONDS} s: {few.clock < MOST_SECONDS} ({few.clock:.2f} s)")
    times = many.clock / few.clock
    print(f"ten thousand under {MOST_TIMES} times as long: {times < MOST_TIMES} ({times:.1f})")
    print(f"what was left out is told: {bool(many.answer.unseen)}, {'; '.join(many.answer.unseen)}")
    print(f"large rows are read or named: {looked}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rows", type=int, default=2000)
    parser.add_argument("--large", type=int, default=10_000)
    parser.add_argument("--repeat", type=int, default=3)
    arguments = parser.parse_args()
    main(arguments.rows, arguments.large, arguments.repeat)
