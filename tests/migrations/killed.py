"""Upgrades that die: each line of input is a number, after so many exchanges with the server comes kill -9.

    python killed.py CONNINFO VERSIONS

Exchanges count from where the revision begins; a BEGIN, a COMMIT and a line of the journal are some too.
Answers each line with `killed`, or `done` where the upgrade came to its end first.
"""

import os
import signal
import sys
import traceback
from pathlib import Path
from typing import Any

import alembic.operations  # noqa: F401 (imported once, before the forks)
import psycopg
import sqlalchemy.dialects.postgresql.psycopg  # noqa: F401

from nosender.migrations import runner
from nosender.server.target import Target


def upgrade(conninfo: str, versions: Path, last: int) -> None:
    """Upgrade, and be gone after the exchange number `last`."""
    count = 0
    began = False
    wait = psycopg.Connection.wait

    def counting(self: Any, *arguments: Any, **options: Any) -> Any:
        nonlocal count
        try:
            return wait(self, *arguments, **options)
        finally:
            count += began
            if began and count >= last:
                os.kill(os.getpid(), signal.SIGKILL)

    def say(line: str) -> None:
        nonlocal began
        began = began or line.startswith("applying")

    psycopg.Connection.wait = counting  # type: ignore[method-assign]
    runner.upgrade(Target(conninfo), options=runner.Options(versions=versions, say=say))


def main() -> None:
    """Fork for every line."""
    conninfo, versions = sys.argv[1], Path(sys.argv[2])
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            code = 1
            try:
                upgrade(conninfo, versions, int(line))
                code = 0
            except Exception:
                traceback.print_exc()
            finally:
                os._exit(code)
        _, status = os.waitpid(child, 0)
        answers = {0: "done", -signal.SIGKILL: "killed"}
        print(answers.get(os.waitstatus_to_exitcode(status), "failed"), flush=True)


if __name__ == "__main__":
    main()
