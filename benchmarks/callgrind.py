"""Instructions that the server executes, counted by valgrind: repeatable whatever else the machine does."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path


def count(
    folder: Path,
    database: str,
    statements: Sequence[str],
    program: str,
    account: tuple[int, int] | None,
    *settings: str,
) -> int:
    """The instructions of one session in a server of one user, on a copy of the cluster in `folder`/data.

    A statement is one line. `settings` are further NAME=VALUE of the server.
    """
    data = folder / "copy"
    subprocess.run(["cp", "-a", folder / "data", data], check=True)
    out = data / "callgrind.out"
    user = {"user": account[0], "group": account[1], "extra_groups": []} if account else {}
    subprocess.run(
        [
            *("valgrind", "--tool=callgrind", f"--callgrind-out-file={out}", program, "--single", "-D", data),
            *(f"-c{each}" for each in ("TimeZone=UTC", "fsync=off", "autovacuum=off", *settings)),
            database,
        ],
        input="\n".join(statements) + "\n",
        text=True,
        check=True,
        capture_output=True,
        cwd=data,
        **user,  # type: ignore[call-overload]
    )
    totals = next(line for line in out.read_text().splitlines() if line.startswith(("totals:", "summary:")))
    shutil.rmtree(data)
    return int(totals.split()[1])
