"""What safety costs: `nosender db` beside plain Alembic on the same revisions, as ratios in one run.

    python benchmarks/migrations_run.py [--repeat 5]

To hold: `db upgrade --replay --no-verify` at most 1.1 times `alembic upgrade`, the verification a row of
its own; the DDL at once at most 0.4 times; `db current` at most 0.4 times `alembic current`.
"""

import argparse
import os
import subprocess
import sys
import time
from pathlib import Path

from nosender.server.embedded import EmbeddedServer
from nosender.server.scratch import scratch_database

ROOT = Path(__file__).parent.parent
OURS = [sys.executable, "-m", "nosender", "db"]
ALEMBIC = [sys.executable, "-m", "alembic"]

# name, the command on an empty database, what it is compared with, the most it may be
UPGRADES = (
    ("alembic upgrade", [*ALEMBIC, "upgrade", "head"], None),
    ("db upgrade --replay --no-verify", [*OURS, "upgrade", "--replay", "--no-verify"], 1.1),
    ("db upgrade --replay", [*OURS, "upgrade", "--replay"], None),
    ("db upgrade (at once) --no-verify", [*OURS, "upgrade", "--no-verify"], 0.4),
    ("db upgrade (at once)", [*OURS, "upgrade"], None),
)
CURRENTS = (
    ("alembic current", [*ALEMBIC, "current"], None),
    ("db current", [*OURS, "current"], 0.4),
)


def run(command: list[str], conninfo: str) -> float:
    """One run of a command against a database, in seconds."""
    environment = {**os.environ, "DATABASE_URL": conninfo}
    start = time.perf_counter()
    subprocess.run(command, cwd=ROOT, env=environment, check=True, capture_output=True)
    return time.perf_counter() - start


def main() -> None:
    """Interleave the commands, so that the machine's other work falls on all alike; the best run counts."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--repeat", type=int, default=5)
    repeat = parser.parse_args().repeat
    best: dict[str, float] = {}
    with EmbeddedServer() as server:
        for _ in range(repeat):
            for name, command, _most in UPGRADES:
                with scratch_database(server.conninfo()) as conninfo:
                    best[name] = min(best.get(name, 1e9), run(command, conninfo))
        with scratch_database(server.conninfo()) as conninfo:
            run(UPGRADES[0][1], conninfo)
            for _ in range(repeat):
                for name, command, _most in CURRENTS:
                    best[name] = min(best.get(name, 1e9), run(command, conninfo))
    for group in (UPGRADES, CURRENTS):
        base = best[group[0][0]]
        for name, _command, most in group:
            limit = f" (at most {most})" if most else ""
            print(f"{name}: {best[name]:.3f} s, {best[name] / base:.2f} times{limit}")


if __name__ == "__main__":
    main()
