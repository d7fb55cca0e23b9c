"""What an audit costs, as ratios and counts in one run.

    python benchmarks/audit.py [--tables 1000] [--rows 20000]

Beside our own schema a database gets that many tables of others (see migrations_observation.py). To hold: the
number of statements is the same with and without them; all checks together, the graph included, take at most
a quarter of the collection. Then the tables of messages are filled, once and eight times over: a probe that
samples reads at most 120 pages for each column it looks at, however large the table is.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

sys.path.insert(0, str(Path(__file__).parent))
from migrations_observation import fill

from nosender.privacy_audit.check import discover
from nosender.privacy_audit.runner import Looked, ask, look
from nosender.schema import ddl
from nosender.schema.catalogue import load
from nosender.server.embedded import EmbeddedServer
from nosender.server.scratch import scratch_database

MESSAGES = """
insert into messages (destination_phone, encrypted_content, message_id)
select
  '+4915' || (10000000 + n % 5000),
  sha512(n::text::bytea) || sha512((-n)::text::bytea),
  gen_random_uuid()::text
from generate_series({first}, {last}) as n
"""


@contextmanager
def counted() -> Iterator[list[int]]:
    """The number of statements that are sent meanwhile."""
    count = [0]
    execute = psycopg.Cursor.execute

    def counting(self: psycopg.Cursor, *words: object, **named: object) -> psycopg.Cursor:
        count[0] += 1
        return execute(self, *words, **named)  # type: ignore[arg-type]

    psycopg.Cursor.execute = counting  # type: ignore[method-assign,assignment]
    try:
        yield count
    finally:
        psycopg.Cursor.execute = execute  # type: ignore[method-assign]


def collect(conninfo: str) -> tuple[Looked, float, int]:
    """One reading: what it gave, its seconds and its statements."""
    with psycopg.connect(conninfo) as connection, counted() as statements:
        start = time.perf_counter()
        looked = look(connection, "public", load())
        return looked, time.perf_counter() - start, statements[0]


def pages(conninfo: str, probe: str) -> int:
    """How many pages a probe reads, from cache or disk."""
    with psycopg.connect(conninfo) as connection:
        connection.execute(f"select * from {probe}".encode())  # plans, once
        row = connection.execute(
            f"explain (analyze, buffers, format json) select * from {probe}".encode()
        ).fetchone()
        assert row is not None
        plan = row[0][0]["Plan"]
        return int(plan["Shared Hit Blocks"] + plan["Shared Read Blocks"])


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tables", type=int, default=1000)
    parser.add_argument("--rows", type=int, default=20000)
    chosen = parser.parse_args()
    checks = discover()
    with EmbeddedServer() as server, scratch_database(server.conninfo()) as conninfo:
        with psycopg.connect(conninfo) as connection:
            ddl.load(connection, "public")
        _, alone, statements_alone = collect(conninfo)
        fill(conninfo, chosen.tables)
        looked, collection, statements = collect(conninfo)
        start = time.perf_counter()
        for check in checks:
            ask(check, looked.case)
        rules = time.perf_counter() - start
        print(f"statements: {statements_alone} alone, {statements} beside {chosen.tables} tables")
        print(
            f"collection: {alone * 1000:.0f} ms alone, {collection * 1000:.0f} ms beside {chosen.tables} "
            f"tables"
        )
        print(
            f"{len(checks)} checks: {rules * 1000:.0f} ms, {rules / collection:.2f} of the collection (at "
            f"most 0.25)"
        )
        for times in (1, 8):
            with psycopg.connect(conninfo, options="-c TimeZone=UTC", autocommit=True) as connection:
                first = 1 if times == 1 else chosen.rows + 1
                connection.execute(MESSAGES.format(first=first, last=chosen.rows * times).encode())
                connection.execute("vacuum analyze messages")
            print(f"pages read, messages x {times}:")
            for probe, columns in (
                ("audit_times()", 13),
                ("audit_content()", 13),
                ("audit_identifiers()", 3),
                ("audit_shared_values()", 26),
                ("audit_sizes()", 1),
            ):
                print(f"  {probe:<24} {pages(conninfo, probe):>6}, at most {120 * columns}")


if __name__ == "__main__":
    main()
