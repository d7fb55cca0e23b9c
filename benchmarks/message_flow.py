"""How fast the message flow is, beside the same work in plain statements on tables without a guard.

    python benchmarks/message_flow.py [--messages 200000] [--seconds 2] [--rounds 5] [--only WORD]

pgbench runs the scripts of benchmarks/message_flow against clones of one seeded database, interleaved,
every round on fresh clones. A row is the median of the rounds: the rate, its ratio to the row named
beside it, bytes of WAL and buffers touched for one operation.
"""

import argparse
import os
import re
import statistics
import subprocess
import tempfile
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg

from nosender.schema import ddl
from nosender.server.binaries import find_binaries
from nosender.server.embedded import EmbeddedServer

SCRIPTS = Path(__file__).parent / "message_flow"
MIX = ("send.pgbench@4", "fetch.pgbench@4", "acknowledge.pgbench@2")


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


DATABASES = {
    "ours": "",
    "plain": (SCRIPTS / "without_guards.sql").read_text(),
    "literal": (SCRIPTS / "literal_indexes.sql").read_text(),
    "no row guards": "alter table messages disable trigger messages_guard;"
    "alter table message_deliveries disable trigger message_deliveries_guard;",
    "no delivery trigger": "alter table message_deliveries "
    "disable trigger message_deliveries_destination_only;",
    "no time zone triggers": "alter table messages disable trigger messages_utc;"
    "alter table message_deliveries disable trigger message_deliveries_utc;",
    "no exclusion": "alter table device_session_keys "
    "drop constraint device_session_keys_one_user_per_session;",
}
KEYS = "select count(*) from ephemeral_keys"
VARIANTS = (
    Variant("send, plain statements", ("send_plain.pgbench",), "plain"),
    Variant("send_message", ("send.pgbench",), against="send, plain statements"),
    Variant("send_messages, 100 at once", ("send_100.pgbench",), each=100, against="send, plain statements"),
    Variant("send_message, no row guards", ("send.pgbench",), "no row guards", against="send_message"),
    Variant(
        "send_message, no delivery trigger", ("send.pgbench",), "no delivery trigger", against="send_message"
    ),
    Variant(
        "send_message, no time zone triggers",
        ("send.pgbench",),
        "no time zone triggers",
        against="send_message",
    ),
    Variant("send_message, no guard at all", ("send.pgbench",), "plain", against="send_message"),
    Variant("fetch ten, plain statement", ("fetch_plain.pgbench",), "plain"),
    Variant("fetch_messages, ten", ("fetch.pgbench",), against="fetch ten, plain statement"),
    Variant("acknowledge, plain statements", ("acknowledge_plain.pgbench",), "plain"),
    Variant("acknowledge", ("acknowledge.pgbench",), against="acknowledge, plain statements"),
    Variant("mix, indexes of the wording", MIX, "literal"),
    Variant("mix of send, fetch, acknowledge", MIX, against="mix, indexes of the wording"),
    Variant("claim, 8 clients, waiting lock", ("claim_plain.pgbench",), "plain", 8, waits=True),
    Variant(
        "claim_ephemeral_key, 8 clients",
        ("claim.pgbench",),
        clients=8,
        against="claim, 8 clients, waiting lock",
        waits=True,
        counted=KEYS,
    ),
    Variant("claim, 16 clients, waiting lock", ("claim_plain.pgbench",), "plain", 16, waits=True),
    Variant(
        "claim_ephemeral_key, 16 clients",
        ("claim.pgbench",),
        clients=16,
        against="claim, 16 clients, waiting lock",
        waits=True,
        counted=KEYS,
    ),
    Variant("rotate, plain statements", ("rotate_plain.pgbench",), "plain"),
    Variant("rotate_session_key", ("rotate.pgbench",), against="rotate, plain statements"),
    Variant(
        "rotate_session_key, no exclusion", ("rotate.pgbench",), "no exclusion", against="rotate_session_key"
    ),
)


@dataclass(frozen=True)
class Run:
    """What one run of pgbench showed, for one operation."""

    rate: float
    wal: float
    buffers: float
    done: float
    """Operations that happened, by count, for one transaction; nan where they are not counted."""


class Bench:
    """A server with the seeded database and its clones."""

    def __init__(self, server: EmbeddedServer, arguments: argparse.Namespace) -> None:
        self.server = server
        self.arguments = arguments
        self.seconds = arguments.seconds
        with psycopg.connect(server.conninfo(), autocommit=True) as admin:
            admin.execute("create database seeded")
        with psycopg.connect(server.conninfo("seeded")) as connection:
            ddl.load(connection, "public")
        self.psql("seeded", "seed.psql", users=arguments.users, messages=arguments.messages, keys=40_000)

    def psql(self, database: str, script: str, **variables: int) -> None:
        subprocess.run(
            [
                self.server.binaries.program("psql"),
                "-X", "-q", "-v", "ON_ERROR_STOP=1", "-d", self.server.conninfo(database),
                *(f"--set={name}={value}" for name, value in variables.items()),
                "-f", SCRIPTS / script,
            ],
            check=True,
        )  # fmt: skip

    @contextmanager
    def clone(self, change: str) -> Iterator[str]:
        """A copy of the seeded database with a change, warm, as the name of a database."""
        with psycopg.connect(self.server.conninfo(), autocommit=True) as admin:
            admin.execute("create database clone template seeded strategy file_copy")
            with psycopg.connect(self.server.conninfo("clone"), autocommit=True) as connection:
                if change:
                    connection.execute(change.encode())
                for table in ("messages", "message_deliveries", "ephemeral_keys", "device_session_keys"):
                    connection.execute(f"select count(*) from {table}")
            yield "clone"
            admin.execute("drop database clone with (force)")

    def run(self, variant: Variant) -> Run:
        """One run on a fresh clone."""
        with self.clone(DATABASES[variant.database]) as database:
            conninfo = self.server.conninfo(database)
            before = self.state(database, variant.counted)
            done = subprocess.run(
                [
                    self.server.binaries.program("pgbench"),
                    "-n", "-M", "prepared", "-c", str(variant.clients), "-j", "2", "-T", str(self.seconds),
                    "-D", f"users={self.arguments.users}", "-D", f"clients={variant.clients}",
                    *(f"--file={SCRIPTS / script}" for script in variant.scripts), conninfo,
                ],
                env={**os.environ, "PGOPTIONS": f"-c synchronous_commit={'on' if variant.waits else 'off'}"},
                check=True, capture_output=True, text=True,
            )  # fmt: skip
            after = self.state(database, variant.counted)
        transactions = int(re.search(r"processed: (\d+)", done.stdout)[1])  # type: ignore[index]
        rate = float(re.search(r"tps = ([\d.]+)", done.stdout)[1])  # type: ignore[index]
        operations = transactions * variant.each
        return Run(
            rate * variant.each,
            (after[0] - before[0]) / operations,
            (after[1] - before[1]) / operations,
            (before[2] - after[2]) / operations,
        )

    def state(self, database: str, counted: str) -> tuple[float, float, float]:
        """WAL written, buffers touched, rows counted: so far."""
        with psycopg.connect(self.server.conninfo(database)) as connection:
            row = connection.execute(
                f"""
                select pg_current_wal_insert_lsn() - '0/0', blks_hit + blks_read, ({counted or "select 0"})
                from pg_stat_database where datname = current_database()
                """
            ).fetchone()
            assert row is not None
            return float(row[0]), float(row[1]), float(row[2]) if counted else float("nan")


def main() -> None:
    """Run every variant and print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--messages", type=int, default=200_000)
    parser.add_argument("--users", type=int, default=1000)
    parser.add_argument("--seconds", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", default="", help="rows whose name holds this word")
    arguments = parser.parse_args()
    variants = [variant for variant in VARIANTS if arguments.only in variant.name]
    binaries = find_binaries()
    settings = {
        "shared_buffers": "1GB",
        "autovacuum": "off",
        "max_wal_size": "16GB",
        "full_page_writes": "off",  # a clone begins with a checkpoint; whole pages would hide the rest
    }
    runs: dict[str, list[Run]] = defaultdict(list)
    # On a disk, for the rows whose commits wait for it.
    with tempfile.TemporaryDirectory(dir="/var/tmp", ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o755)  # as root the server runs under an account of its own
        with EmbeddedServer(binaries, directory=Path(folder) / "data", settings=settings) as server:
            bench = Bench(server, arguments)
            for _ in range(arguments.rounds):
                for variant in variants:
                    runs[variant.name].append(bench.run(variant))
    print(
        f"PostgreSQL {binaries.version}; {arguments.messages} messages, {3 * arguments.users} devices; "
        f"{arguments.rounds} rounds of {arguments.seconds} s; operations a second, median [least..most]\n"
    )
    print(f"{'':36} {'rate':>8} {'':>17} {'ratio':>6} {'WAL B':>7} {'buffers':>8} {'done':>6}")
    for variant in variants:
        rates = [run.rate for run in runs[variant.name]]
        middle = {
            name: statistics.median(getattr(run, name) for run in runs[variant.name])
            for name in ("rate", "wal", "buffers", "done")
        }
        other = [run.rate for run in runs.get(variant.against, [])]
        ratio = f"{middle['rate'] / statistics.median(other):.2f}" if other else ""
        done = f"{middle['done']:.3f}" if variant.counted else ""
        spread = f"[{min(rates):.0f}..{max(rates):.0f}]"
        print(
            f"{variant.name:36} {middle['rate']:8.0f} {spread:>17} {ratio:>6} "
            f"{middle['wal']:7.0f} {middle['buffers']:8.1f} {done:>6}"
        )


if __name__ == "__main__":
    main()
