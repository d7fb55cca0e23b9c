"""Whether an operation costs the same however many messages are stored."""

from __future__ import annotations

import argparse
import statistics
import time
from collections import defaultdict
from contextlib import nullcontext

from message_flow_server import Run, running

SMALL = 10_000
USERS = 500
PENDING = 15
"""Messages that wait for each device, on both sides: the newest."""
OPERATIONS = {
    "send_message": ("send.pgbench", 2000, 1),
    "send_messages, 100 at once": ("send_100.pgbench", 40, 100),
    "fetch_messages, ten": ("fetch.pgbench", 3000, 1),
    "acknowledge": ("acknowledge.pgbench", 2000, 1),
}
"""Script, transactions of a run, operations of a transaction."""


def flat(arguments: argparse.Namespace) -> None:
    """Print what each operation costs with few and with many messages stored, one client, interleaved.

    The few are cloned for each run, so that they stay few; the many are too many to clone, and what is added
    to them does not matter.
    """
    sizes = {"few": SMALL, "many": arguments.many}
    runs: dict[tuple[str, str], list[Run]] = defaultdict(list)
    with running(wal_level="minimal", max_wal_senders="0", fsync="off") as bench:
        started = time.monotonic()
        for name, messages in sizes.items():
            bench.seed(name, users=USERS, messages=messages, pending=PENDING, size=100)
        filled = time.monotonic() - started
        bench.change(
            "many",
            "create extension pg_prewarm; select pg_prewarm(oid) from pg_class where relkind in ('r', 'i')",
        )
        for round_ in range(arguments.rounds + 1):  # the first warms up
            for name in sizes:
                if name == "many":  # the acknowledged leave their entries in the index of what waits
                    bench.execute(name, "vacuum (index_cleanup on) message_deliveries")
                with bench.clone(name) if name == "few" else nullcontext(name) as database:
                    for operation, (script, transactions, each) in OPERATIONS.items():
                        bench.pgbench(database, script, length=f"-t{transactions // 10}", users=USERS)
                        run = bench.pgbench(
                            database, script, length=f"-t{transactions}", users=USERS, each=each
                        )
                        if round_:
                            runs[operation, name].append(run)
    print(
        f"Flatness: {SMALL} and {arguments.many} messages stored (in {filled:.0f} s), {3 * USERS} devices, "
        f"{PENDING} messages waiting for each; one client, {arguments.rounds} rounds\n"
    )
    print(
        f"{'':36} {'µs, few':>8} {'µs, many':>9} {'ratio':>6} {'buffers, few':>13} {'many':>7} {'ratio':>6}"
    )
    for operation in OPERATIONS:
        few, many = (
            (
                1e6 / statistics.median(run.rate for run in runs[operation, name]),
                statistics.median(run.buffers for run in runs[operation, name]),
            )
            for name in sizes
        )
        print(
            f"{operation:36} {few[0]:8.1f} {many[0]:9.1f} {many[0] / few[0]:6.2f} "
            f"{few[1]:13.1f} {many[1]:7.1f} {many[1] / few[1]:6.2f}"
        )
    print()
