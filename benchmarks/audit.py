"""What an audit costs, as ratios and counts in one run.

    python benchmarks/audit.py [--tables 10000] [--rows 20000] [--repeat 3]

Beside our own schema a database gets that many tables of others (see observation.py). To hold: the number of
statements is the same with and without them, at most 18; all checks together, the graph included, take at
most a quarter of the collection, by the clock and by processor time (of the client for the checks, of client
and server for the collection). Then the tables of messages are filled, once and eight times over: a probe
that samples reads at most 120 pages for each column it looks at, however large the table is, and a probe
that looks rows up does so a bounded number of times.
"""

from __future__ import annotations

import argparse
import re
import sys
from dataclasses import replace
from functools import partial
from pathlib import Path
from tempfile import TemporaryFile

import psycopg

sys.path.insert(0, str(Path(__file__).parent))
from observation import Meter, best, fill

from nosender.privacy_audit.check import discover
from nosender.privacy_audit.runner import Reading, ask, read_snapshot
from nosender.privacy_audit.snapshot.snapshot import Snapshot
from nosender.schema import ddl
from nosender.schema.catalogue import load
from nosender.server.embedded import EmbeddedServer
from nosender.server.scratch import scratch_database

PROBES = {
    "audit_times()": 13,
    "audit_identifiers()": 3,
    "audit_content()": 27,
    "audit_shared_values()": 29,
    "audit_sizes()": 1,
    "audit_order()": 7,
    "audit_public_keys()": 1,
    "audit_deliveries()": 1,
    "audit_session_key_owners()": 1,
    # Eight pairs of tables, and the number of each user that a transaction wrote for.
    "audit_same_transaction()": 24,
    "audit_matching_values()": 23 + 4,  # ours, and theirs
}
"""How many columns each probe reads."""

LOOKS = {
    "audit_deliveries()": 3 * 1_500,  # the message, the device and its owner, of some ten pages of deliveries
    "audit_session_key_owners()": 1_500,
    # Of a column a hundred identifiers in six spellings, a hundred numbers in two, each in three of ours.
    "audit_matching_values()": 4 * 100 * (6 + 2) * 3,
}
"""How often, at most, a probe looks up a row through an index, whatever the size; five pages a look."""

CATALOGS = 1_000
"""So many pages of the catalogs a probe may read, to know the columns."""

OTHERS = "create schema other; create table other.calls (number text, phone bigint, note jsonb, big text)"

ROWS = """
set session_replication_role = replica;
insert into users (phone_number) select '+4915' || (10000000 + n) from generate_series({first}, {last}) as n;
insert into webauthn_credentials (user_id, credential_id, public_key)
select n, sha256(n::text::bytea), sha512(n::text::bytea) from generate_series({first}, {last}) as n;
insert into messages (destination_phone, encrypted_content, message_id)
select '+4915' || (10000000 + n), sha512(n::text::bytea) || sha512((-n)::text::bytea), gen_random_uuid()::text
from generate_series({first}, {last}) as n;
-- A tenth of the ciphertexts stand outside their rows.
alter table messages alter column encrypted_content set storage external;
insert into messages (destination_phone, encrypted_content, message_id)
select
  '+4915' || (10000000 + n),
  (select string_agg(sha512((n * 1000 + i)::text::bytea), ''::bytea) from generate_series(1, 100) as i),
  gen_random_uuid()::text
from generate_series({first}, {last}, 10) as n;
alter table messages alter column encrypted_content set storage default;
insert into message_deliveries (message_id, webauthn_credential_id)
select m.id, u.id
from messages as m
inner join users as u on m.destination_phone = u.phone_number
where u.id between {first} and {last};
insert into device_session_keys (user_id, webauthn_credential_id, session_key_id, encrypted_session_key)
select n, n, gen_random_uuid()::text, sha512(n::text::bytea) from generate_series({first}, {last}) as n;
insert into ephemeral_keys (destination_phone, ephemeral_public_key, key_exchange_id, expires_at)
select
  '+4915' || (10000000 + n),
  sha256(n::text::bytea),
  gen_random_uuid()::text,
  date_trunc('hour', now() at time zone 'utc') + interval '1 hour'
from generate_series({first}, {last}) as n;
insert into messaging_public_keys (
  user_id, x25519_public_key, ed25519_signature, ed25519_public_key, key_version, is_active
)
select n, sha256(n::text::bytea), sha512(n::text::bytea), sha256((-n)::text::bytea), 1, false
from generate_series({first}, {last}) as n;
insert into other.calls
select
  '+4915' || (50000000 + n),
  491560000000 + n,
  jsonb_build_object('to', '+4915' || (70000000 + n)),
  case when n % 100 = 0 then repeat(gen_random_uuid()::text, 300) end
from generate_series({first}, {last}) as n;
"""


def statements(conninfo: str) -> int:
    """How many statements one reading sends, without the begin and end of its transactions."""
    with psycopg.connect(conninfo) as connection, TemporaryFile("w+") as file:
        connection.pgconn.trace(file.fileno())
        read_snapshot(connection, "public", load())
        connection.pgconn.untrace()
        file.seek(0)
        sent = [line.split("\t", 4)[3:] for line in file if line.count("\t") >= 4]
    return sum(
        kind in ("Query", "Parse") and not re.search(r'"(BEGIN|COMMIT|ROLLBACK|SAVEPOINT|RELEASE)', text)
        for kind, text in sent
    )


def collect(conninfo: str) -> Reading:
    """One reading of the database."""
    with psycopg.connect(conninfo) as connection:
        return read_snapshot(connection, "public", load())


def judge(snapshot: Snapshot) -> None:
    """All checks, of a snapshot that nobody has looked at yet."""
    fresh = replace(snapshot)
    for check in discover():
        ask(check, fresh)


def grow(conninfo: str, first: int, last: int) -> None:
    """Rows `first` to `last` of every table of ours, and of one of somebody else's."""
    with psycopg.connect(conninfo, options="-c TimeZone=UTC", autocommit=True) as connection:
        if first == 1:
            connection.execute(OTHERS.encode())
        connection.execute(ROWS.format(first=first, last=last).encode())
        connection.execute("vacuum analyze")


def bound(probe: str) -> int:
    """The pages that a probe may read of tables that it samples."""
    return 120 * PROBES[probe] + 5 * LOOKS.get(probe, 0) + CATALOGS


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


def collection(server: EmbeddedServer, tables: int, repeat: int) -> None:
    """What the reading costs beside that many tables of others, and the checks beside the reading."""
    with scratch_database(server.conninfo()) as conninfo:
        meter = Meter(server)
        with psycopg.connect(conninfo) as connection:
            ddl.load(connection, "public")
        alone = statements(conninfo)
        fill(conninfo, tables)
        print(f"statements: {alone} alone, {statements(conninfo)} beside {tables} tables (at most 18)")
        snapshot = collect(conninfo).snapshot
        costs = best(
            meter,
            repeat,
            {"collection": partial(collect, conninfo), "checks": partial(judge, snapshot)},
        )
        reading, checks = costs["collection"], costs["checks"]
        print(
            f"collection: {reading.wall:.2f} s, {reading.client:.2f} s of the client's and "
            f"{reading.server:.2f} s of the server's processor"
        )
        print(
            f"{len(discover())} checks: {checks.wall:.2f} s, {checks.wall / reading.wall:.2f} of the "
            f"collection, {checks.client / (reading.client + reading.server):.2f} by processor time "
            f"(at most 0.25)"
        )


def probes(server: EmbeddedServer, rows: int) -> None:
    """How many pages each probe reads of that many rows, and of eight times as many."""
    with scratch_database(server.conninfo()) as conninfo:
        with psycopg.connect(conninfo) as connection:
            ddl.load(connection, "public")
        for times in (1, 8):
            grow(conninfo, 1 if times == 1 else rows + 1, rows * times)
            print(f"pages read of {rows * times} rows a table:")
            for probe in PROBES:
                print(f"  {probe:<28} {pages(conninfo, probe):>6}, at most {bound(probe)}")


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tables", type=int, default=10_000)
    parser.add_argument("--rows", type=int, default=40_000)
    parser.add_argument("--repeat", type=int, default=3)
    chosen = parser.parse_args()
    with EmbeddedServer(settings={"autovacuum": "off"}) as server:
        collection(server, chosen.tables, chosen.repeat)
        probes(server, chosen.rows)


if __name__ == "__main__":
    main()
