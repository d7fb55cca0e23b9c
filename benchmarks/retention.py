"""How fast the sweep is, beside what people use today: one command prints it all.

    python benchmarks/retention.py                    60,000 messages, three runs of each: a few minutes
    python benchmarks/retention.py --messages 200000 --runs 5
    python benchmarks/retention.py --no-foreground --no-instructions    without pgbench and valgrind

Counts come first, because they are the same on every machine and can be held to a bound: WAL records and
bytes, buffers, batches. Times are medians of interleaved runs, as ratios to one unbounded DELETE; they are
told, never judged. Every run works on a fresh clone of one filled database, without full-page images and
autovacuum.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

sys.path.insert(0, str(Path(__file__).parent))  # the other files of this folder

from retention_data import LAYOUTS, fill
from retention_foreground import foreground
from retention_instructions import instructions

from nosender.retention.sweep import FAST, GENTLE, sweep
from nosender.server.embedded import EmbeddedServer
from nosender.server.target import Target

SETTINGS = {
    "autovacuum": "off",
    "shared_buffers": "1GB",
    "max_wal_size": "8GB",
    "checkpoint_timeout": "1h",
    "full_page_writes": "off",
    "max_connections": "50",
    "stats_fetch_consistency": "none",
}
# Backlogs of which the larger makes no index a level higher: that costs a page a row, whoever deletes it.
BACKLOGS = (6_000, 48_000)
FELT = 200_000  # messages beside the clients, so that a sweep lasts
_clones = count(1)


@dataclass(frozen=True, slots=True)
class Measure:
    """One run of one way to sweep."""

    rows: int
    """Expired messages that went."""
    records: float
    """WAL records a message."""
    wal_bytes: float
    buffers: float
    """Shared buffers touched a message, hit or read."""
    own: float
    """Of these in our tables and their indexes: what a session reads of the catalogs, it reads once."""
    batches: int
    largest: int
    """Rows of the largest transaction."""
    seconds: float
    cpu: float
    """Seconds of the server process on a processor."""


@contextmanager
def clone(server: EmbeddedServer, template: str) -> Iterator[str]:
    """A database of one run, its pages in memory, whatever ran before."""
    name = f"bench_{next(_clones)}"
    with psycopg.connect(server.conninfo(), autocommit=True) as admin:
        admin.execute(
            sql.SQL("create database {} template {} strategy file_copy").format(
                sql.Identifier(name), sql.Identifier(template)
            )
        )
        try:
            with psycopg.connect(server.conninfo(name), autocommit=True) as warm:
                warm.execute("set max_parallel_workers_per_gather = 0")
                for table in ("messages", "message_deliveries", "ephemeral_keys", "device_session_keys"):
                    warm.execute(f"select count(t::text) from {table} as t".encode())
            admin.execute("checkpoint")
            yield server.conninfo(name)
        finally:
            admin.execute(sql.SQL("drop database {} with (force)").format(sql.Identifier(name)))


def single(connection: psycopg.Connection) -> list[int]:
    """What nobody should do to a live server, and nobody can beat: one DELETE."""
    return [connection.execute("delete from messages where expires_at <= timezone('utc', now())").rowcount]


def skip_locked(connection: psycopg.Connection, size: int = 5000) -> list[int]:
    """The usual loop."""
    batches = []
    while True:
        batches.append(
            connection.execute(
                "delete from messages where id = any(array(select id from messages"
                " where expires_at <= timezone('utc', now()) order by expires_at limit %s"
                " for update skip locked))",
                [size],
            ).rowcount
        )
        if batches[-1] < size:
            return batches


def orm(connection: psycopg.Connection) -> list[int]:
    """What an ORM does: load the objects, delete them one by one, children first."""
    rows = connection.execute(
        "select id, message_id from messages where expires_at <= timezone('utc', now()) limit 2000"
    ).fetchall()
    for row in rows:
        connection.execute("delete from message_deliveries where message_id = %s", [row[0]])
        connection.execute("delete from messages where id = %s", [row[0]])
    return [1] * len(rows)


Way = Callable[[psycopg.Connection], list[int]]


def measure(server: EmbeddedServer, template: str, way: str, *, snapshot: bool = False) -> Measure:
    """Run one way on a clone and count what it costs the server."""
    with clone(server, template) as conninfo, psycopg.connect(conninfo, autocommit=True) as watch:
        holder = psycopg.connect(conninfo) if snapshot else None
        if holder is not None:
            holder.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
            holder.execute("select count(*) from users")
        before, own_before = _counters(watch), _touched(watch)
        batches, seconds, cpu = _timed(conninfo, way)
        after, own_after = _counters(watch), _touched(watch)
        if holder is not None:
            holder.close()
        left = watch.execute(
            "select count(*) from messages where expires_at <= timezone('utc', now())"
        ).fetchone()
        if way != "ORM loop" and left != (0,):
            raise SystemExit(f"{way} left {left} expired messages")
    rows = sum(batches)
    return Measure(
        rows=rows,
        records=(after[0] - before[0]) / rows,
        wal_bytes=(after[1] - before[1]) / rows,
        buffers=(after[2] - before[2]) / rows,
        own=(sum(own_after.values()) - sum(own_before.values())) / rows,
        batches=sum(1 for batch in batches if batch),
        largest=max(batches),
        seconds=seconds,
        cpu=cpu,
    )


def _timed(conninfo: str, way: str) -> tuple[list[int], float, float]:
    if way.startswith("sweep"):
        # The sweep opens its own session; its processor time is that of the whole run's difference.
        pace = FAST if "fast" in way else GENTLE
        batches: list[int] = []
        cpu = 0.0
        pid: int | None = None

        def progress(state: dict[str, Any]) -> None:
            nonlocal cpu, pid
            batches.append(state["affected"])
            if pid is None:
                pid = _sweeper(conninfo)
            cpu = _cpu(pid)

        began = time.perf_counter()
        receipt = sweep(Target(conninfo), pace=pace, progress=progress)
        seconds = time.perf_counter() - began
        assert receipt.deleted == sum(batches)
        return batches, seconds, cpu
    run: Way = {"one DELETE": single, "SKIP LOCKED loop": skip_locked, "ORM loop": orm}[way]
    with psycopg.connect(conninfo, autocommit=True) as connection:
        pid = connection.info.backend_pid
        before = _cpu(pid)
        began = time.perf_counter()
        batches = run(connection)
        seconds = time.perf_counter() - began
        return batches, seconds, _cpu(pid) - before


def _sweeper(conninfo: str) -> int:
    with psycopg.connect(conninfo, autocommit=True) as look:
        row = look.execute(
            "select pid from pg_stat_activity where datname = current_database()"
            " and application_name = 'nosender retention'"
        ).fetchone()
    assert row is not None
    return int(row[0])


def _cpu(pid: int) -> float:
    """Seconds that a process has spent on a processor; Linux counts nanoseconds."""
    try:
        return int(Path(f"/proc/{pid}/schedstat").read_text().split()[0]) / 1e9
    except OSError:
        return float("nan")


def _counters(watch: psycopg.Connection) -> tuple[int, int, int]:
    """WAL records, WAL position, buffers touched in this database; ended sessions have reported."""
    time.sleep(0.05)  # the backend that has just gone reports as it goes
    row = watch.execute(
        """
        select (select wal_records from pg_stat_wal), pg_current_wal_insert_lsn() - '0/0',
          (select blks_hit + blks_read from pg_stat_database where datname = current_database())
        """
    ).fetchone()
    assert row is not None
    return int(row[0]), int(row[1]), int(row[2])


def main() -> None:
    """Fill, run, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--messages", type=int, default=60_000)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument(
        "--foreground",
        action=argparse.BooleanOptionalAction,
        default=True,
        help="latency of a client beside the sweep (pgbench)",
    )
    parser.add_argument(
        "--instructions",
        action=argparse.BooleanOptionalAction,
        default=True,
        help="instructions of the server (valgrind)",
    )
    parser.add_argument("--json", type=Path, help="write the numbers to this file too")
    options = parser.parse_args()
    answer: dict[str, Any] = {"messages": options.messages, "load": os.getloadavg()}
    with EmbeddedServer(settings=SETTINGS) as server:
        answer["server"] = server.binaries.version
        for layout in LAYOUTS:
            fill(server, f"small_{layout}", layout, options.messages)
        print(f"PostgreSQL {server.binaries.version}, {options.messages:,} messages, 2 deliveries each\n")
        answer["layouts"] = layouts(server, options.runs)
        answer["growth"] = growth(server)
        answer["idle"] = idle(server)
    if options.foreground:
        answer["foreground"] = foreground(FELT, options.runs)
    if options.instructions:
        answer["instructions"] = instructions()
    if options.json:
        options.json.write_text(json.dumps(answer, indent=2) + "\n")


def layouts(server: EmbeddedServer, runs: int) -> dict[str, Any]:
    """Every way on every layout, shuffled together."""
    ways = ["one DELETE", "SKIP LOCKED loop", "ORM loop", "sweep --fast", "sweep"]
    found: dict[str, Any] = {}
    for layout in LAYOUTS:
        todo = [way for way in ways for _ in range(runs)]
        random.shuffle(todo)
        measures: dict[str, list[Measure]] = {way: [] for way in ways}
        for way in todo:
            measures[way].append(measure(server, f"small_{layout}", way))
        base = measures["one DELETE"]
        print(f"{layout}: {LAYOUTS[layout]}")
        print(
            f"  {'':18}{'WAL rec':>8}{'WAL B':>8}{'buffers':>9}{'batches':>9}{'largest':>9}"
            f"{'x time':>9}{'x cpu':>7}"
        )
        for way in ways:
            these = measures[way]
            one = these[0]
            time_ratio = _per_row(base, "seconds") / _per_row(these, "seconds")
            cpu_ratio = _per_row(base, "cpu") / _per_row(these, "cpu")
            print(
                f"  {way:18}{one.records:8.2f}{one.wal_bytes:8.0f}{one.buffers:9.2f}{one.batches:9}"
                f"{one.largest:9}{time_ratio:9.2f}{cpu_ratio:7.2f}"
            )
            found.setdefault(layout, {})[way] = {
                "records": one.records, "wal_bytes": one.wal_bytes, "buffers": one.buffers,
                "batches": one.batches, "largest": one.largest, "x_time": time_ratio, "x_cpu": cpu_ratio,
            }  # fmt: skip
        print()
    return found


def growth(server: EmbeddedServer) -> dict[str, float]:
    """Buffers a row at eight times the backlog, as a multiple of those at one."""
    print("buffers a message of table and indexes, at eight times the backlog a multiple of those at one")
    found = {}
    for layout in ("corr", "tie"):
        for messages in BACKLOGS:
            fill(server, f"of_{messages}_{layout}", layout, messages)
        for snapshot in (False, True):
            for way in ("one DELETE", "SKIP LOCKED loop", "sweep --fast"):
                small, large = (
                    measure(server, f"of_{messages}_{layout}", way, snapshot=snapshot).own
                    for messages in BACKLOGS
                )
                name = f"{layout}, {way}{', an old snapshot open' if snapshot else ''}"
                found[name] = large / small
                print(f"  {name:50}{small:8.2f}{large:8.2f}{large / small:7.3f}")
    print()
    return found


def idle(server: EmbeddedServer) -> dict[str, int]:
    """Buffers that a sweep of nothing touches, table by table, its catalogs left out."""
    print("buffers of an idle sweep: table and indexes")
    found = {}
    with clone(server, "small_corr") as conninfo:
        target = Target(conninfo)
        sweep(target, pace=FAST)
        with psycopg.connect(conninfo, autocommit=True) as watch:
            watch.execute("vacuum")
            sweep(target)
            before = _touched(watch)
            sweep(target)
            after = _touched(watch)
        for table in sorted(after):
            found[table] = after[table] - before[table]
            print(f"  {table:30}{found[table]:6}")
    print()
    return found


def _touched(watch: psycopg.Connection) -> dict[str, int]:
    time.sleep(0.1)
    rows = watch.execute(
        "select relname, coalesce(heap_blks_hit, 0) + coalesce(heap_blks_read, 0) + coalesce(idx_blks_hit, 0)"
        " + coalesce(idx_blks_read, 0) from pg_statio_user_tables"
    ).fetchall()
    return {row[0]: int(row[1]) for row in rows}


def _per_row(measures: list[Measure], what: str) -> float:
    return statistics.median(getattr(each, what) / each.rows for each in measures)


if __name__ == "__main__":
    main()
