"""What a send costs against 0.1.0, on one server: WAL, instructions, and a fetch where much waits.

    python benchmarks/send_cost.py                     200,000 messages in each database: some minutes
    python benchmarks/send_cost.py --messages 1000000

WAL is counted in turns, a few hundred sends here and a few hundred there, after a checkpoint with whole pages
and then without; instructions by valgrind, where that is installed. None of it hangs on what else the machine
does. The fetch is told in buffers and milliseconds, the lowest of five.
"""

from __future__ import annotations

import argparse
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
from callgrind import count
from settle import FILL, MESSAGES, PEOPLE

from nosender.migrations.runner import upgrade
from nosender.server.embedded import EmbeddedServer
from nosender.server.target import Target

LAYOUTS = {"old": "0005", "head": "head"}
TURNS, SENDS = 10, 500
CONTENT = "decode(repeat('ab', 100), 'hex')"
FETCHED = "+15550000007"


def main() -> None:
    """Fill both, measure, print a line each."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--messages", type=int, default=200_000, help="in each database before")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="nosender-callgrind-", dir="/var/tmp") as base:
        folder = Path(base)
        folder.chmod(0o755)
        settings = {"max_wal_size": "8GB", "shared_buffers": "512MB", "autovacuum": "off"}
        with EmbeddedServer(directory=folder / "data", settings=settings) as server:
            print(f"PostgreSQL {server.binaries.version}, {options.messages:,} messages in each of both")
            for name, revision in LAYOUTS.items():
                _filled(server, name, revision, options.messages)
            for whole in ("on", "off"):
                _told(f"WAL of a send in bytes, full_page_writes {whole}", _wal(server, whole))
            _fetches(server)
            program, account = server.binaries.program("postgres"), server.account
        if shutil.which("valgrind") is None:
            print("instructions: valgrind is not here")
            return
        found = {}
        for name in LAYOUTS:
            few, many = (
                count(
                    folder, name, [_send(number) for number in range(sends)], str(program), account,
                    "shared_buffers=64MB",
                )
                for sends in (20, 120)
            )  # fmt: skip
            found[name] = (many - few) / 100
        _told("instructions of a send, parsed and planned each time", found)


def _filled(server: EmbeddedServer, name: str, revision: str, messages: int) -> None:
    with psycopg.connect(server.conninfo(), autocommit=True) as admin:
        admin.execute(f"create database {name}".encode())
    upgrade(Target(server.conninfo(name)), revision)
    with _owner(server, name) as owner:
        owner.execute(FILL.format(people=PEOPLE).encode())
        text = MESSAGES.format(people=PEOPLE, count=messages, size=200, name="old", ago="3 days")
        for statement in text.split(";"):
            owner.execute(statement.encode())
        if name == "head":  # drawn ids begin with the day, and these were filled in today
            owner.execute("set session_replication_role = replica")
            days = 3 << 39
            owner.execute(f"update messages set id = id - {days}".encode())
            owner.execute(
                f"update message_deliveries set id = id - {days}, message_id = message_id - {days}".encode()
            )
        owner.execute("vacuum full analyze")


@contextmanager
def _owner(server: EmbeddedServer, name: str) -> Iterator[psycopg.Connection]:
    with psycopg.connect(server.conninfo(name), autocommit=True, options="-c TimeZone=UTC") as owner:
        yield owner


def _send(number: int) -> str:
    return f"select send_message('+1555{1 + number * 7919 % PEOPLE:07}', {CONTENT}, 'w{number}')"


def _wal(server: EmbeddedServer, whole: str) -> dict[str, float]:
    """Bytes of WAL of one send, by layout."""
    spent = dict.fromkeys(LAYOUTS, 0.0)
    place = b"select pg_current_wal_insert_lsn() - '0/0'::pg_lsn"
    with _owner(server, "old") as old, _owner(server, "head") as head:
        old.execute(f"alter system set full_page_writes = {whole}".encode())
        old.execute("select pg_reload_conf()")
        old.execute("checkpoint")
        for turn in range(TURNS):
            for name, owner in (("old", old), ("head", head)):
                (before,) = owner.execute(place).fetchone() or (0,)
                for number in range(SENDS):
                    owner.execute(_send((turn * SENDS + number) * 2 + (whole == "off")).encode())
                (after,) = owner.execute(place).fetchone() or (0,)
                spent[name] += float(after - before)
    return {name: bytes_ / TURNS / SENDS for name, bytes_ in spent.items()}


def _fetches(server: EmbeddedServer) -> None:
    """One page of a thousand, where few wait and where a hundred thousand do."""
    for waiting in (1_000, 100_000):
        buffers, milliseconds = {}, {}
        for name in LAYOUTS:
            with _owner(server, name) as owner:
                owner.execute("set session_replication_role = replica")
                owner.execute(
                    f"""
                    with sent as (
                      insert into messages (destination_phone, encrypted_content, message_id)
                      select '{FETCHED}', {CONTENT}, 'f{waiting} ' || n
                      from generate_series(1, {waiting}) as n
                      returning id
                    )
                    insert into message_deliveries (message_id, webauthn_credential_id)
                    select id, (
                      select min(w.id) from webauthn_credentials as w join users as u on u.id = w.user_id
                      where u.phone_number = '{FETCHED}'
                    ) from sent
                    """.encode()
                )
                owner.execute("vacuum analyze message_deliveries")
                owner.execute("vacuum analyze messages")
                (device,) = owner.execute(
                    f"select min(w.id) from webauthn_credentials as w join users as u on u.id = w.user_id "
                    f"where u.phone_number = '{FETCHED}'".encode()
                ).fetchone() or (0,)
                query = (
                    f"explain (analyze, buffers, format json) select * from fetch_messages({device}, 1000)"
                )
                runs = [(owner.execute(query.encode()).fetchone() or ([],))[0][0] for _ in range(5)]
                buffers[name] = min(float(run["Plan"]["Shared Hit Blocks"]) for run in runs)
                milliseconds[name] = min(float(run["Execution Time"]) for run in runs)
        _told(f"buffers of a fetch of 1,000, {waiting:,} waiting", buffers)
        _told(f"milliseconds of it, {waiting:,} waiting", milliseconds)


def _told(title: str, found: dict[str, float]) -> None:
    ratio = found["head"] / found["old"]
    print(f"  {title}: 0.1.0 {found['old']:,.1f}, head {found['head']:,.1f}, {ratio:.2f} times", flush=True)


if __name__ == "__main__":
    main()
