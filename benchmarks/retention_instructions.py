"""Instructions that the server executes for a swept message, counted by valgrind.

Repeatable to the sixth digit. From two sizes: what a message more costs, and apart from it what a session
costs once, before the first row.
"""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

import psycopg
from callgrind import count
from retention_data import fill

from nosender.server.embedded import EmbeddedServer

MESSAGES = (4_000, 24_000)
WAYS = {
    "nothing": "select 1",
    "one DELETE": "delete from messages where expires_at <= timezone('utc', now())",
    "SKIP LOCKED": (
        "delete from messages where id = any(array(select id from messages"
        " where expires_at <= timezone('utc', now()) order by expires_at for update skip locked))"
    ),
    "sweep --fast": "call retention_sweep(target_ms => null, duty => 1)",
}


def instructions() -> dict[str, float]:
    """Instructions of a message more, of each way, in a server of one user on a copy of one database."""
    if shutil.which("valgrind") is None:
        print("instructions: valgrind is not here")
        return {}
    (few, small), (many, large) = (_measured(messages) for messages in MESSAGES)
    found = {way: (large[way] - small[way]) / (many - few) for way in WAYS if way != "nothing"}
    print("instructions of the server: a message, as a multiple of one DELETE, and once a session")
    for way, each in found.items():
        once = small[way] - small["nothing"] - each * few
        print(f"  {way:18}{each:10,.0f}{each / found['one DELETE']:8.3f}{once:14,.0f}")
    print()
    return found


def _measured(messages: int) -> tuple[int, dict[str, float]]:
    """How many messages have expired, and the instructions of each way."""
    with tempfile.TemporaryDirectory(prefix="nosender-callgrind-") as base:
        folder = Path(base)
        folder.chmod(0o755)
        with EmbeddedServer(directory=folder / "data") as server:
            fill(server, "counted", "corr", messages)
            with psycopg.connect(server.conninfo("counted")) as connection:
                row = connection.execute(
                    "select count(*) from messages where expires_at <= timezone('utc', now())"
                ).fetchone()
            assert row is not None
            program, account = str(server.binaries.program("postgres")), server.account
        return row[0], {way: count(folder, "counted", [text], program, account) for way, text in WAYS.items()}
