"""A server with a filled message store, its clones, and pgbench on them."""

from __future__ import annotations

import os
import re
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg

from nosender.schema import ddl
from nosender.server.binaries import find_binaries
from nosender.server.embedded import EmbeddedServer

SCRIPTS = Path(__file__).parent / "message_flow"
TABLES = ("messages", "message_deliveries", "ephemeral_keys", "device_session_keys")
SETTINGS = {
    "shared_buffers": "2GB",
    "autovacuum": "off",
    "max_wal_size": "16GB",
    "checkpoint_timeout": "1h",
    "full_page_writes": "off",  # a clone begins with a checkpoint; whole pages would hide the rest
}


@dataclass(frozen=True)
class Run:
    """What one run of pgbench showed, for one operation."""

    rate: float
    """Operations a second."""
    wal: float
    """Bytes."""
    buffers: float
    """Shared buffers touched, hit or read."""
    done: float
    """Operations that happened, by count, for one transaction; nan where they are not counted."""


class Bench:
    """A server and what runs on it."""

    def __init__(self, server: EmbeddedServer) -> None:
        self.server = server

    def seed(self, name: str, *, users: int, messages: int, pending: int, size: int, keys: int = 0) -> None:
        """A database with three devices a user and `pending` messages that wait for each of them."""
        with psycopg.connect(self.server.conninfo(), autocommit=True) as admin:
            admin.execute(f"create database {name}")
        with psycopg.connect(self.server.conninfo(name)) as connection:
            ddl.load(connection, "public")
        variables = {"users": users, "messages": messages, "pending": pending, "bytes": size, "keys": keys}
        subprocess.run(
            [
                self.server.binaries.program("psql"),
                "-X", "-q", "-v", "ON_ERROR_STOP=1", "-o", os.devnull, "-d", self.server.conninfo(name),
                *(f"--set={variable}={value}" for variable, value in variables.items()),
                "-f", SCRIPTS / "seed.psql",
            ],
            check=True,
        )  # fmt: skip

    def copy(self, template: str, name: str, change: str = "") -> None:
        """A copy of a database with a change, warm."""
        with psycopg.connect(self.server.conninfo(), autocommit=True) as admin:
            admin.execute(f"create database {name} template {template} strategy file_copy")
        self.change(name, change)

    @contextmanager
    def clone(self, template: str, change: str = "") -> Iterator[str]:
        """A copy that goes again, as its name."""
        self.copy(template, "clone", change)
        yield "clone"
        with psycopg.connect(self.server.conninfo(), autocommit=True) as admin:
            admin.execute("drop database clone with (force)")

    def change(self, database: str, change: str = "") -> None:
        """Run SQL in a database, and read its tables once."""
        self.execute(database, change)
        for table in TABLES:
            self.execute(database, f"select count(*) from {table}")

    def execute(self, database: str, statements: str) -> None:
        """Run SQL in a database."""
        with psycopg.connect(self.server.conninfo(database), autocommit=True) as connection:
            connection.execute(statements.encode())

    def pgbench(
        self,
        database: str,
        *scripts: str | Path,
        length: str,
        clients: int = 1,
        users: int = 1,
        each: int = 1,
        waits: bool = False,
        counted: str = "",
    ) -> Run:
        """Run scripts (of this folder, or by their paths).

        `length` is pgbench's own -T or -t with its number, `each` the operations of one transaction, `waits`
        whether a commit waits for the disk, `counted` a query whose fall over the run is the number of
        operations done.
        """
        before = self._state(database, counted)
        done = subprocess.run(
            [
                self.server.binaries.program("pgbench"),
                "-n", "-M", "prepared", "-c", str(clients), "-j", str(min(clients, 2)), length,
                "-D", f"users={users}", "-D", f"clients={clients}",
                *(f"--file={SCRIPTS / script}" for script in scripts), self.server.conninfo(database),
            ],
            env={**os.environ, "PGOPTIONS": f"-c synchronous_commit={'on' if waits else 'off'}"},
            check=True, capture_output=True, text=True,
        )  # fmt: skip
        after = self._state(database, counted)
        transactions = int(re.search(r"processed: (\d+)", done.stdout)[1])  # type: ignore[index]
        rate = float(re.search(r"tps = ([\d.]+)", done.stdout)[1])  # type: ignore[index]
        operations = transactions * each
        return Run(
            rate * each,
            (after[0] - before[0]) / operations,
            (after[1] - before[1]) / operations,
            (before[2] - after[2]) / operations,
        )

    def _state(self, database: str, counted: str) -> tuple[float, float, float]:
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


@contextmanager
def running(**settings: str) -> Iterator[Bench]:
    """A server whose data lies on a disk, for the rows whose commits wait for it."""
    with tempfile.TemporaryDirectory(dir="/var/tmp", ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o755)  # as root the server runs under an account of its own
        with EmbeddedServer(
            find_binaries(), directory=Path(folder) / "data", settings=SETTINGS | settings
        ) as server:
            yield Bench(server)
