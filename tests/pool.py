"""A real PgBouncer in front of a test's database."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from psycopg.conninfo import conninfo_to_dict

from nosender.server.os_account import server_account

PROGRAM = shutil.which("pgbouncer", path=f"{os.environ.get('PATH', '')}:/usr/sbin")

Pool = Callable[..., str]

needs_pgbouncer = pytest.mark.skipif(PROGRAM is None, reason="needs PgBouncer: apt-get install pgbouncer")


@contextmanager
def pooling(database: str) -> Iterator[Pool]:
    """A function that starts a PgBouncer in a mode; it returns the conninfo that leads through it."""
    running: list[subprocess.Popen[bytes]] = []
    given = conninfo_to_dict(database)
    folder = Path(tempfile.mkdtemp(prefix="nosender-pool-", dir="/tmp"))  # short, for the path of a socket
    account = server_account()
    who = {} if account is None else {"user": account[0], "group": account[1], "extra_groups": []}
    if account is not None:
        os.chown(folder, *account)

    def start(mode: str, **settings: object) -> str:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        lines = {
            "pool_mode": mode, "listen_addr": "", "listen_port": port, "unix_socket_dir": folder,
            "auth_type": "any", "pidfile": folder / f"{port}.pid", "logfile": folder / "log", **settings,
        }  # fmt: skip
        text = "\n".join(f"{name} = {value}" for name, value in lines.items())
        name = given["dbname"]
        (folder / "ini").write_text(
            f"[databases]\n{name} = host={given['host']} dbname={name} user=postgres\n[pgbouncer]\n{text}\n"
        )
        running.append(subprocess.Popen([str(PROGRAM), "-q", str(folder / "ini")], **who))  # type: ignore[call-overload]
        deadline = time.monotonic() + 120
        while not (folder / f".s.PGSQL.{port}").exists():
            assert time.monotonic() < deadline, "PgBouncer did not start"
        return f"postgresql://postgres@/{name}?host={folder}&port={port}"

    try:
        yield start
    finally:
        for process in running:
            process.terminate()
            process.wait()
        shutil.rmtree(folder)
