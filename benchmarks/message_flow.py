"""How fast the message flow is, beside the same work in plain statements on tables without a guard.

    python benchmarks/message_flow.py                       everything but the instructions
    python benchmarks/message_flow.py --part rates --only send --rounds 9
    python benchmarks/message_flow.py --part instructions   what each guard costs, counted by valgrind

rates         pgbench runs the scripts of benchmarks/message_flow against clones of one filled database,
              interleaved, every round on fresh clones. A row is the median of the rounds: the rate, its ratio
              to the row named beside it, bytes of WAL and buffers touched for one operation.
flat          what an operation costs with ten thousand and with two million messages stored.
limits        what an empty trigger, a CHECK and a call cost: no guard can cost less.
instructions  of the server, for a send and a batch, with and without each guard.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections import defaultdict
from dataclasses import dataclass

from message_flow_flat import flat
from message_flow_instructions import instructions
from message_flow_limits import limits
from message_flow_server import SCRIPTS, Bench, Run, running

PENDING = 12
"""Messages that wait for each device: a page of ten is full."""
KEYS = "select count(*) from ephemeral_keys"
MIX = ("send.pgbench@4", "fetch.pgbench@4", "acknowledge.pgbench@2")

DATABASES = {
    "ours": "",
    "plain": (SCRIPTS / "without_guards.sql").read_text(),
    "literal": (SCRIPTS / "literal_indexes.sql").read_text(),
    "no row guards": "alter table messages disable trigger messages_guard;"
    "alter table message_deliveries disable trigger message_deliveries_guard,"
    " disable trigger message_deliveries_guard_update;",
    "no delivery trigger": "alter table message_deliveries "
    "disable trigger message_deliveries_destination_only;",
    "no time zone triggers": "alter table messages disable trigger messages_utc;"
    "alter table message_deliveries disable trigger message_deliveries_utc;",
    "no CHECKs": (SCRIPTS / "without_checks.sql").read_text(),
    "no exclusion": "alter table device_session_keys "
    "drop constraint device_session_keys_one_user_per_session;",
}


@dataclass(frozen=True)
class Variant:
    """One row of the table."""

    name: str
    scripts: tuple[str, ...]
    database: str = "ours"
    clients: int = 4
    each: int = 1
    """Operations in one transaction of pgbench."""
    against: str = ""
    """The row that the ratio refers to."""
    waits: bool = False
    """Whether a commit waits for the disk: where it is the point that others wait for the commit."""
    counted: str = ""
    """A query whose fall over the run is the number of operations done, to be exactly one a transaction."""


def _without(name: str, script: str, *guards: str, each: int = 1) -> tuple[Variant, ...]:
    """The row `name` again, without one guard after the other, and without any."""
    rows = (*((f"{name}, {guard}", guard) for guard in guards), (f"{name}, no guard at all", "plain"))
    return tuple(Variant(row, (script,), database, each=each, against=name) for row, database in rows)


def _claim(clients: int) -> tuple[Variant, Variant]:
    waiting = f"claim, {clients} clients, waiting lock"
    return (
        Variant(waiting, ("claim_plain.pgbench",), "plain", clients, waits=True),
        Variant(
            f"claim_ephemeral_key, {clients} clients", ("claim.pgbench",), "ours", clients,
            against=waiting, waits=True, counted=KEYS,
        ),
    )  # fmt: skip


VARIANTS = (
    Variant("send, plain statements", ("send_plain.pgbench",), "plain"),
    Variant("send_message", ("send.pgbench",), against="send, plain statements"),
    *_without(
        "send_message", "send.pgbench",
        "no row guards", "no delivery trigger", "no time zone triggers", "no CHECKs",
    ),
    Variant("batch of 100", ("send_100.pgbench",), each=100, against="send, plain statements"),
    *_without(
        "batch of 100", "send_100.pgbench", "no row guards", "no delivery trigger", "no CHECKs", each=100
    ),
    Variant("fetch ten, plain statement", ("fetch_plain.pgbench",), "plain"),
    Variant("fetch_messages, ten", ("fetch.pgbench",), against="fetch ten, plain statement"),
    Variant("acknowledge, plain statements", ("acknowledge_plain.pgbench",), "plain"),
    Variant("acknowledge", ("acknowledge.pgbench",), against="acknowledge, plain statements"),
    *_without("acknowledge", "acknowledge.pgbench", "no row guards", "no CHECKs"),
    Variant("mix, indexes of the wording", MIX, "literal"),
    Variant("mix of send, fetch, acknowledge", MIX, against="mix, indexes of the wording"),
    *_claim(8),
    *_claim(16),
    Variant("rotate, plain statements", ("rotate_plain.pgbench",), "plain"),
    Variant("rotate_session_key", ("rotate.pgbench",), against="rotate, plain statements"),
    *_without("rotate_session_key", "rotate.pgbench", "no exclusion"),
)  # fmt: skip


def rates(bench: Bench, arguments: argparse.Namespace) -> None:
    """Run every variant and print the table."""
    bench.seed(
        "seeded", users=arguments.users, messages=arguments.messages, pending=PENDING, size=512, keys=40_000
    )
    variants = [variant for variant in VARIANTS if arguments.only in variant.name]
    runs: dict[str, list[Run]] = defaultdict(list)
    for _ in range(arguments.rounds):
        for variant in variants:
            with bench.clone("seeded", DATABASES[variant.database]) as database:
                run = bench.pgbench(
                    database, *variant.scripts, length=f"-T{arguments.seconds}", clients=variant.clients,
                    users=arguments.users, each=variant.each, waits=variant.waits, counted=variant.counted,
                )  # fmt: skip
            runs[variant.name].append(run)
    print(
        f"Rates: {arguments.messages} messages, {3 * arguments.users} devices, {PENDING} messages waiting "
        f"for each; {arguments.rounds} rounds of {arguments.seconds} s; operations a second, "
        "median [least..most]\n"
    )
    print(f"{'':36} {'rate':>8} {'':>17} {'ratio':>6} {'WAL B':>7} {'buffers':>8} {'done':>6}")
    for variant in variants:
        found = [run.rate for run in runs[variant.name]]
        middle = {
            name: statistics.median(getattr(run, name) for run in runs[variant.name])
            for name in ("rate", "wal", "buffers", "done")
        }
        other = [run.rate for run in runs.get(variant.against, [])]
        ratio = f"{middle['rate'] / statistics.median(other):.2f}" if other else ""
        done = f"{middle['done']:.3f}" if variant.counted else ""
        spread = f"[{min(found):.0f}..{max(found):.0f}]"
        print(
            f"{variant.name:36} {middle['rate']:8.0f} {spread:>17} {ratio:>6} "
            f"{middle['wal']:7.0f} {middle['buffers']:8.1f} {done:>6}"
        )
    print()


def main() -> None:
    """Run the parts that are asked for."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--part", action="append", choices=("rates", "flat", "limits", "instructions"), help="may be repeated"
    )
    parser.add_argument("--only", default="", help="of the rates: rows whose name holds this word")
    parser.add_argument("--messages", type=int, default=100_000, help="stored, for the rates")
    parser.add_argument("--many", type=int, default=2_000_000, help="stored, for the flatness")
    parser.add_argument("--users", type=int, default=1000)
    parser.add_argument("--seconds", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    parts = arguments.part or ("rates", "flat", "limits")
    started = time.monotonic()
    if {"rates", "limits"} & set(parts):
        with running() as bench:
            print(f"PostgreSQL {bench.server.binaries.version}\n")
            if "rates" in parts:
                rates(bench, arguments)
            if "limits" in parts:
                limits(bench, arguments)
    if "flat" in parts:
        flat(arguments)
    if "instructions" in parts:
        guards = {name: change for name, change in DATABASES.items() if name.startswith("no ")}
        del guards["no exclusion"]  # stands on a table that a send does not touch
        instructions({"as it is": "", **guards, "no guard at all": DATABASES["plain"]})
    print(f"{time.monotonic() - started:.0f} s in all")


if __name__ == "__main__":
    main()
