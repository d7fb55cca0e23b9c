"""What it costs that every name is pinned: instructions with the functions of 0.1.0 and with ours.

    python benchmarks/names.py 15 18      on these majors

Counted by valgrind in a server of one user, on two copies of one database, of which one has the functions
that the downgrade to 0005 puts back. From sessions of two lengths, so that what a session costs once falls
out. Every statement is parsed and planned here.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from callgrind import count
from message_flow_instructions import USERS, _batch, _send
from message_flow_server import SETTINGS, Bench

from nosender.migrations.revisions import Chain
from nosender.server.binaries import find_binaries
from nosender.server.embedded import EmbeddedServer

DEVICES = 3 * USERS


def _fetch(number: int) -> str:
    return f"select count(*) from fetch_messages({1 + number * 37 % DEVICES}, 10)"


def _acknowledge(number: int) -> str:
    device = 1 + number * 37 % DEVICES
    waiting = f"select message_id from message_deliveries where webauthn_credential_id = {device} limit 3"
    return f"select acknowledge({device}, array({waiting}), 'delivered')"


def _sweep(_number: int) -> str:
    """A few dozen expired messages each time: inserted as they would come, and swept."""
    return (
        "insert into messages (destination_phone, encrypted_content, message_id, expires_at) select"
        " '+15551000001', decode(repeat('ab', 32), 'hex'), gen_random_uuid()::text, '2020-01-01'"
        " from generate_series(1, 50); call retention_sweep(target_ms => null, duty => 1)"
    )


WORK: dict[str, tuple[Callable[[int], str], int, int]] = {
    "send": (_send, 20, 120),
    "batch of 100": (_batch, 4, 10),
    "fetch": (_fetch, 20, 120),
    "acknowledge": (_acknowledge, 20, 120),
    "sweep": (_sweep, 2, 8),
}


def main(majors: list[int]) -> None:
    """Print a row for each kind of work."""
    before = Chain.load().get("0006").sql("down")
    print(f"{'':6} {'':14} {'0.1.0':>9} {'pinned':>9} {'rate':>6}   thousands of instructions")
    for major in majors:
        with tempfile.TemporaryDirectory(prefix="nosender-callgrind-", dir="/var/tmp") as base:
            folder = Path(base)
            folder.chmod(0o755)
            settings = {**SETTINGS, "shared_buffers": "256MB"}
            with EmbeddedServer(find_binaries(major), directory=folder / "data", settings=settings) as server:
                bench = Bench(server)
                bench.seed("seeded", users=USERS, messages=20_000, pending=5, size=512)
                bench.copy("seeded", "pinned")  # both copies, and so both warm
                bench.copy("seeded", "before", f"begin; set search_path = public, pg_temp; {before} commit;")
                program, account = str(server.binaries.program("postgres")), server.account
            for name, (make, few, many) in WORK.items():
                found = {}
                for database in ("before", "pinned"):
                    short, long = (
                        count(folder, database, _lines(make, length), program, account, "shared_buffers=64MB")
                        for length in (few, many)
                    )
                    found[database] = (long - short) / (many - few) / 1000
                rate = found["before"] / found["pinned"]
                print(
                    f"{major:6} {name:14} {found['before']:9.0f} {found['pinned']:9.0f} {rate:6.3f}",
                    flush=True,
                )


def _lines(make: Callable[[int], str], length: int) -> list[str]:
    return [line for number in range(length) for line in make(number).split("; ")]


if __name__ == "__main__":
    main([int(word) for word in sys.argv[1:]] or [15, 18])
