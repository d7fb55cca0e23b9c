"""Instructions that the server executes for a send and for a batch, with and without each guard.

Counted by valgrind in a server of one user: repeatable to a thousandth, whatever else the machine does. Two
sessions of different length, so that what a session costs once falls out. Every statement is parsed and
planned here, which a prepared one is not: a tenth of a send.
"""

from __future__ import annotations

import random
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path

from callgrind import count
from message_flow_server import SETTINGS, Bench

from nosender.server.embedded import EmbeddedServer

CONTENT = "decode(repeat('ab', 512), 'hex')"
USERS = 1000


def instructions(changes: Mapping[str, str]) -> None:
    """Print a table: a row for each change to the schema."""
    if shutil.which("valgrind") is None:
        print("Instructions: valgrind is not here\n")
        return
    with tempfile.TemporaryDirectory(prefix="nosender-callgrind-", dir="/var/tmp") as base:
        folder = Path(base)
        folder.chmod(0o755)
        with EmbeddedServer(directory=folder / "data", settings=SETTINGS) as server:
            bench = Bench(server)
            bench.seed("seeded", users=USERS, messages=20_000, pending=5, size=512)
            for number, change in enumerate(changes.values()):
                bench.copy("seeded", f"state_{number}", change)
            program, account = str(server.binaries.program("postgres")), server.account
        print("Instructions of the server, in thousands\n")
        print(f"{'':36} {'send':>8} {'less':>6} {'batch of 100':>13} {'less':>7}")
        full: list[float] = []
        for number, name in enumerate(changes):
            found = []
            for make, few, many in ((_send, 20, 120), (_batch, 6, 12)):
                counts = [
                    count(
                        *(folder, f"state_{number}", [make(n) for n in range(length)], program, account),
                        "shared_buffers=64MB",
                    )
                    for length in (few, many)
                ]
                found.append((counts[1] - counts[0]) / (many - few) / 1000)
            full = full or found
            less = [f"{before - now:.0f}" if number else "" for before, now in zip(full, found, strict=True)]
            print(f"{name:36} {found[0]:8.0f} {less[0]:>6} {found[1]:13.0f} {less[1]:>7}", flush=True)
        print()


def _send(number: int) -> str:
    phone = 15551000001 + random.Random(number).randrange(USERS)  # noqa: S311 the same ones each time
    return f"select send_message('+{phone}', {CONTENT}, 'b{phone}-{number}')"


def _batch(number: int) -> str:
    return (
        f"select send_messages(array_agg('+' || 15551000001 + ({number} * 31 + 17 * n) % {USERS}),"
        f" array_agg({CONTENT}), array_agg('b{number}-' || n)) from generate_series(1, 100) as n"
    )
