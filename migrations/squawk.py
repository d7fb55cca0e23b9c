"""What squawk, a linter of other people's, adds to a plan where it is installed."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from nosender.errors import IncompleteError
from nosender.migrations.rehearsal import statements
from nosender.server.program_failures import program_cause

if TYPE_CHECKING:
    from nosender.migrations.revisions import Revision

# Off: what our runner does itself, what an empty table cannot suffer from, and matters of taste.
_NOISY = (
    "prefer-robust-stmts", "require-timeout-settings", "require-lock-timeout", "require-statement-timeout",
    "prefer-bigint-over-int", "prefer-bigint-over-smallint", "prefer-identity", "prefer-text-field",
    "prefer-timestamptz", "require-concurrent-index-creation", "constraint-missing-not-valid",
    "adding-foreign-key-constraint", "disallowed-unique-constraint", "ban-drop-column", "ban-drop-table",
    "renaming-column", "renaming-table", "changing-column-type", "adding-not-nullable-field",
)  # fmt: skip


def squawk(revision: Revision) -> dict[int, list[str]]:
    """What squawk adds, by the number of the statement, where it is installed."""
    beside = Path(sys.executable).parent / "squawk"
    program = str(beside) if beside.exists() else shutil.which("squawk")
    text = revision.sql("up")
    if program is None or not text:
        return {}
    command = [
        program, "--reporter", "json", "--pg-version", "18", "-e", ",".join(_NOISY),
        *(["--assume-in-transaction"] if revision.transactional else []),
        "--stdin-filepath", f"{revision.path.stem}.up.sql",
    ]  # fmt: skip
    try:
        done = subprocess.run(command, input=text, capture_output=True, text=True, check=False, timeout=60)
        reports = json.loads(done.stdout)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise IncompleteError(f"squawk could not be run: {error}; uninstall it to plan without") from None
    except ValueError:
        reason = program_cause(done.stderr or done.stdout)
        raise IncompleteError(f"squawk failed: {reason}; uninstall it to plan without") from None
    found: dict[int, list[str]] = {}
    ends = _ends(text)
    for report in reports:
        line = int(report.get("line", 0))
        number = next((n for n, end in enumerate(ends, start=1) if line <= end), len(ends))
        message = f"squawk {report.get('rule_name')}: {' '.join(str(report.get('message', '')).split())}"
        found.setdefault(number, []).append(message)
    return found


def _ends(text: str) -> list[int]:
    """The line, counted from 0, on which each statement of a script ends."""
    ends, position = [], 0
    for statement in statements(text):
        position = text.index(statement, position) + len(statement)
        ends.append(text.count("\n", 0, position))
    return ends
