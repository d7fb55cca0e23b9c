"""What settling costs: time, WAL and room for a set of messages with one and a half deliveries each.

    python benchmarks/settle.py                       100,000 messages in an empty table: a minute
    python benchmarks/settle.py --before 1000000      beside so many that settled before
    python benchmarks/settle.py --acknowledge         while four clients acknowledge what settles

Rows are filled in bulk, as of the hour before. The time is of the sweep that settles them: in the program,
with the vacuum after it, and once more by `call retention_sweep()`; beside it stand the seconds of processor
that the server took (on Linux), which hang less on what else the machine does. Beside acknowledgements the
sweep goes at its own gentle pace; to hold: 200 ms for 99.9 % of them, none refused and none lost.
"""

from __future__ import annotations

import argparse
import os
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg

from nosender.migrations.runner import upgrade
from nosender.retention.sweep import FAST, sweep
from nosender.server.embedded import EmbeddedServer
from nosender.server.target import Target

PEOPLE = 1000
CLIENTS = 4
QUANTILES = {"median": 0.5, "99 %": 0.99, "99.9 %": 0.999, "longest": 1.0}

FILL = """
insert into users (phone_number)
select '+1555' || lpad(n::text, 7, '0') from generate_series(1, {people}) as n;
insert into webauthn_credentials (user_id, credential_id, public_key)
select 1 + n % {people}, sha256(n::text::bytea), '\\x01' from generate_series(1, {people} * 3 / 2) as n;
"""
MESSAGES = """
set session_replication_role = replica;
insert into messages (destination_phone, encrypted_content, message_id, created_at, "timestamp")
select u.phone_number, decode(repeat(md5(n::text), {size} / 16), 'hex'), '{name}' || n, moment, moment
from generate_series(1, {count}) as n
join users as u on u.id = 1 + (n::bigint * 7919) % {people}
cross join date_trunc('hour', (now() at time zone 'utc') - interval '{ago}') as moment;
insert into message_deliveries (message_id, webauthn_credential_id)
select m.id, w.id from messages as m join users as u on u.phone_number = m.destination_phone
join webauthn_credentials as w on w.user_id = u.id
where m.message_id like '{name}%';
set session_replication_role = origin;
checkpoint;
"""


def main() -> None:
    """Fill, sweep, print a line each."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--messages", type=int, default=100_000)
    parser.add_argument("--before", type=int, default=0, help="messages that have settled before")
    parser.add_argument("--size", type=int, default=200, help="bytes of a ciphertext")
    parser.add_argument(
        "--acknowledge", action="store_true", help="measure that beside a gentle sweep instead"
    )
    options = parser.parse_args()
    with EmbeddedServer(settings={"max_wal_size": "8GB", "shared_buffers": "512MB"}) as server:
        print(f"PostgreSQL {server.binaries.version}, {options.messages:,} messages of {options.size} bytes")
        if options.acknowledge:
            _acknowledge(server, options)
            return
        for how in ("program", "procedure"):
            _measure(server, options, how)


def _acknowledge(server: EmbeddedServer, options: argparse.Namespace) -> None:
    """How long acknowledgements take while what they write settles, at a hundred a second."""
    with psycopg.connect(server.conninfo(), autocommit=True) as admin:
        admin.execute("create database beside")
    target = Target(server.conninfo("beside"))
    upgrade(target)
    with psycopg.connect(target.conninfo, autocommit=True, options="-c TimeZone=UTC") as owner:
        owner.execute(FILL.format(people=PEOPLE).encode())
        _fill(owner, options.messages, options.size, "new", "1 hour")
        waiting = owner.execute(
            "select webauthn_credential_id, message_id from message_deliveries order by gen_random_uuid()"
        ).fetchall()
        over = threading.Event()
        with ThreadPoolExecutor(CLIENTS) as pool:
            clients = [
                pool.submit(_client, target.conninfo, waiting[place::CLIENTS], over)
                for place in range(CLIENTS)
            ]
            began = time.monotonic()
            sweep(target)
            seconds = time.monotonic() - began
            over.set()
            took = sorted(one for client in clients for one in client.result())
        (noted,) = owner.execute(
            "select count(*) from message_deliveries where delivered_at is not null"
        ).fetchone() or (0,)
    share = {name: 1000 * took[int(part * (len(took) - 1))] for name, part in QUANTILES.items()}
    print(
        f"  {len(took):,} acknowledgements in {seconds:.0f} s of a gentle sweep, {len(took) - noted} lost: "
        + ", ".join(f"{name} {value:.1f} ms" for name, value in share.items())
    )


def _client(conninfo: str, waiting: list[tuple[int, int]], over: threading.Event) -> list[float]:
    """Seconds of each call of one client; a refused one ends it."""
    took = []
    with psycopg.connect(conninfo, autocommit=True) as connection:
        for device, message in waiting:
            began = time.monotonic()
            connection.execute("select acknowledge(%s, array[%s]::bigint[], 'delivered')", [device, message])
            took.append(time.monotonic() - began)
            if over.wait(max(0.0, CLIENTS / 100 - took[-1])):
                break
    return took


def _measure(server: EmbeddedServer, options: argparse.Namespace, how: str) -> None:
    with psycopg.connect(server.conninfo(), autocommit=True) as admin:
        admin.execute(f"create database {how}".encode())
    target = Target(server.conninfo(how))
    upgrade(target)
    with psycopg.connect(target.conninfo, autocommit=True, options="-c TimeZone=UTC") as owner:
        owner.execute(FILL.format(people=PEOPLE).encode())
        if options.before:
            _fill(owner, options.before, options.size, "old", "3 days")
            _timed(owner, target, "program", f"{how}: {options.before:,} old ones first")
            # The hour is settled: let the next sweep believe that it was not looked at yet.
            owner.execute("set session_replication_role = replica")
            owner.execute(
                "delete from retention_runs where phase = 'settled' and table_name in "
                "('messages', 'message_deliveries') and settled = 0"
            )
            owner.execute("set session_replication_role = origin")
        _fill(owner, options.messages, options.size, "new", "1 hour")
        _timed(owner, target, how, how)


def _fill(owner: psycopg.Connection, count: int, size: int, name: str, ago: str) -> None:
    for statement in MESSAGES.format(people=PEOPLE, count=count, size=size, name=name, ago=ago).split(";"):
        owner.execute(statement.encode())


def _timed(owner: psycopg.Connection, target: Target, how: str, title: str) -> None:
    wal = "select pg_current_wal_insert_lsn() - '0/0'::pg_lsn"
    (before,) = owner.execute(wal.encode()).fetchone() or (0,)
    (postmaster,) = owner.execute("select pg_read_file('postmaster.pid')").fetchone() or ("0",)
    spent = _processor(int(postmaster.split()[0]))
    began = time.monotonic()
    if how == "program":
        sweep(target, pace=FAST)
    else:
        owner.execute("call retention_sweep(target_ms => null, duty => 1)")
    seconds = time.monotonic() - began
    spent = _processor(int(postmaster.split()[0])) - spent
    (after,) = owner.execute(wal.encode()).fetchone() or (0,)
    for table, count, sets in owner.execute(
        "select table_name, sum(settled), count(*) from retention_runs "
        "where settled > 0 and phase = 'settled' and run_id = "
        "(select run_id from retention_runs order by id desc limit 1) group by 1 order by 2 desc"
    ).fetchall():
        print(f"  {title}: {count:,} rows of {table} in {sets} transactions")
    print(
        f"  {title}: {seconds:.1f} s, of the server's processor {spent:.1f} s, "
        f"{float(after - before) / 1e6:,.0f} MB of WAL"
    )


def _processor(postmaster: int) -> float:
    """Seconds that the processes of a server have run, and those that have ended; 0 where no /proc is."""
    ticks = 0
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if postmaster in (int(stat.parent.name), int(fields[1])):
            ticks += sum(map(int, fields[11:15]))
    return ticks / float(os.sysconf("SC_CLK_TCK"))


if __name__ == "__main__":
    main()
