"""What an audit costs, as ratios and counts in one run.

    python benchmarks/audit.py [--tables 1000] [--rows 20000]

Beside our own schema a database gets that many tables of others (see migrations_observation.py). To hold: the
number of statements is the same with and without them; all checks together, the graph included, take at most
a quarter of the collection. Then the tables of messages are filled, once and eight times over: a probe that
samples reads at most 120 pages for each column it looks at, however large the table is.
"""

from __future__ import annotations

import argparse
import re
import sys
import time
from pathlib import Path
from tempfile import TemporaryFile

import psycopg

sys.path.insert(0, str(Path(__file__).parent))
from migrations_observation import fill

from nosender.privacy_audit.check import discover
from nosender.privacy_audit.runner import Looked, ask, look
from nosender.schema import ddl
from nosender.schema.catalogue import load
from nosender.server.embedded import EmbeddedServer
from nosender.server.scratch import scratch_database

PROBES = {
    "audit_times()": 13,
    "audit_identifiers()": 3,
    "audit_content()": 13,
    "audit_shared_values()": 26,
    "audit_sizes()": 1,
    "audit_order()": 4,
    "audit_public_keys()": 1,
    # The deliveries' own, the destination's, the device's and the owner's; the key's and the device's.
    "audit_deliveries()": 4,
    "audit_session_key_owners()": 2,
    # Eight pairs of tables, and the number of each user that a transaction wrote for.
    "audit_same_transaction()": 24,
    # Four columns of another schema, each held against six of ours.
    "audit_matching_values()": 28,
}
"""How many columns each probe reads: of ours, and of others that it looks rows up in."""

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


def collect(conninfo: str) -> tuple[Looked, float, int]:
    """One reading: what it gave, its seconds and its statements, as the protocol carries them."""
    with psycopg.connect(conninfo) as connection, TemporaryFile("w+") as trace:
        connection.pgconn.trace(trace.fileno())
        start = time.perf_counter()
        looked = look(connection, "public", load())
        seconds = time.perf_counter() - start
        connection.pgconn.untrace()
        trace.seek(0)
        sent = [line for line in trace if "\tF\t" in line and ("\tQuery\t" in line or "\tParse\t" in line)]
        return (
            looked,
            seconds,
            sum(not re.search(r"\"(BEGIN|COMMIT|ROLLBACK|SAVEPOINT|RELEASE)", line) for line in sent),
        )


def grow(conninfo: str, first: int, last: int) -> None:
    """Rows `first` to `last` of every table of ours, and of one of somebody else's."""
    with psycopg.connect(conninfo, options="-c TimeZone=UTC", autocommit=True) as connection:
        if first == 1:
            connection.execute(OTHERS.encode())
        connection.execute(ROWS.format(first=first, last=last).encode())
        connection.execute("vacuum analyze")


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
            grow(conninfo, 1 if times == 1 else chosen.rows + 1, chosen.rows * times)
            print(f"pages read of {chosen.rows * times} rows a table:")
            for probe, columns in PROBES.items():
                print(f"  {probe:<28} {pages(conninfo, probe):>6}, at most {120 * columns}")


if __name__ == "__main__":
    main()
