"""What a client feels while a sweep runs: latency of sends, fetches and acknowledgements, by pgbench."""

from __future__ import annotations

import statistics
import subprocess
import tempfile
import threading
import time
from itertools import count
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql
from retention_data import fill

from nosender.retention.stop import Stop
from nosender.retention.sweep import FAST, GENTLE, Pace, sweep
from nosender.server.embedded import EmbeddedServer
from nosender.server.target import Target

SECONDS, RATE, CLIENTS = 6, 400, 4
# Of five calls two sends, two fetches and one acknowledgement, by the functions that applications call. Half
# of what is acknowledged is being swept or gone. The device is one of the destination's two.
SCRIPT = r"""
\set kind random(1, 5)
\set message random(1, :messages)
\set device 2 * (:message % 500) + 1
\if :kind <= 2
select send_message(
  '+1555' || (1000001 + :message % 500), decode(repeat('ab', 512), 'hex'), gen_random_uuid()::text, 'text',
  interval '7 d'
);
\elif :kind <= 4
select id, encrypted_content from fetch_messages(:device, 20);
\else
select acknowledge(:device, array[:message]::bigint[], 'read');
\endif
"""
_clones = count(1)


def foreground(messages: int, runs: int) -> dict[str, Any]:
    """The 99th percentile beside each sweeper, as a multiple of that without one; told, never judged."""
    ways: dict[str, Pace | None] = {"no sweep": None, "sweep": GENTLE, "sweep --fast": FAST}
    latencies: dict[str, list[float]] = {way: [] for way in ways}
    rates: dict[str, list[float]] = {way: [] for way in ways}
    with EmbeddedServer(
        settings={"autovacuum": "off", "shared_buffers": "1GB", "max_wal_size": "8GB"}
    ) as server:
        fill(server, "felt", "corr", messages)
        for _ in range(runs):
            for way, pace in ways.items():
                latency, rate = _run(server, pace, messages)
                latencies[way].append(latency)
                if rate is not None:
                    rates[way].append(rate)
    base = statistics.median(latencies["no sweep"])
    print(f"latency beside a sweep, {RATE} transactions a second (99 %: {base:.2f} ms without)")
    answer: dict[str, Any] = {}
    for way in ways:
        ratio = statistics.median(latencies[way]) / base
        rate = statistics.median(rates[way]) if rates[way] else 0
        answer[way] = {"x_p99": ratio, "rows_per_second": rate, "p99_ms": latencies[way]}
        spread = f"{min(latencies[way]) / base:.2f} to {max(latencies[way]) / base:.2f}"
        print(f"  {way:18}{ratio:6.2f} ({spread}){f'{rate:12,.0f} rows a second' if rate else ''}")
    print()
    return answer


def _run(server: EmbeddedServer, pace: Pace | None, messages: int) -> tuple[float, float | None]:
    """The 99th percentile while the sweep ran, in milliseconds, and its messages a second.

    The sweep begins a second after the clients and runs until they are through or nothing is left; only what
    the clients did meanwhile counts.
    """
    name = f"felt_{next(_clones)}"
    with psycopg.connect(server.conninfo(), autocommit=True) as admin:
        admin.execute(
            sql.SQL("create database {} template felt strategy file_copy").format(sql.Identifier(name))
        )
        target = Target(server.conninfo(name))
        with psycopg.connect(target.conninfo, autocommit=True) as warm:
            warm.execute("select count(m::text) from messages as m")
            warm.execute("select count(d::text) from message_deliveries as d")
        admin.execute("checkpoint")
        stop = Stop()
        window, rate = [0.0, float("inf")], None
        with tempfile.TemporaryDirectory(prefix="nosender-pgbench-") as folder:
            (Path(folder) / "mix.sql").write_text(SCRIPT)
            clients = subprocess.Popen(
                [
                    *(server.binaries.program("pgbench"), "-n", "-f", "mix.sql", "-l", "--log-prefix=log"),
                    *("-D", f"messages={messages}", "-T", str(SECONDS), "-R", str(RATE), "-c", str(CLIENTS)),
                    target.conninfo,
                ],
                cwd=folder,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                env={"PGTZ": "UTC", "PATH": "/usr/bin:/bin"},
            )
            time.sleep(1)
            if pace is not None:
                threading.Timer(SECONDS - 1.5, stop.set).start()
                window[0] = time.time()
                receipt = sweep(target, pace=pace, stop=stop)
                window[1] = time.time()
                rate = receipt.deleted / (window[1] - window[0])
                stop.set()
            if clients.wait() != 0:
                raise SystemExit("pgbench failed")
            times = sorted(
                int(field[2]) / 1000
                for log in Path(folder).glob("log.*")
                for field in (line.split() for line in log.read_text().splitlines())
                if window[0] <= int(field[4]) + int(field[5]) / 1e6 <= window[1]
            )
        admin.execute(sql.SQL("drop database {} with (force)").format(sql.Identifier(name)))
    return times[len(times) * 99 // 100], rate
