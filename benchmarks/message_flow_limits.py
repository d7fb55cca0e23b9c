"""What a guard costs at least: empty triggers, CHECKs and calls, on a table that does nothing else."""

from __future__ import annotations

import argparse
import statistics
import tempfile
from collections import defaultdict
from pathlib import Path

from message_flow_server import SCRIPTS, Bench

STATEMENTS = {
    "select 1": "select 1;",
    "call of a function that returns": "select call_plain();",
    "the same, SECURITY DEFINER": "select call_definer();",
    "the same, and four SET": "select call_set();",
    "insert of a row": "insert into bare (a) values (1);",
    "insert, the CHECKs of a send": "insert into checked (a) values (1);",
    "insert, empty row trigger": "insert into by_row (a) values (1);",
    "insert, row trigger that is not called": "insert into by_when (a) values (1);",
    "insert, empty statement trigger": "insert into by_statement (a) values (1);",
    "insert, transition table, not read": "insert into by_table (a) values (1);",
    "insert, transition table, read": "insert into by_reading (a) values (1);",
}
"""Each with the one that it is compared to before it: the first, or the insert of a row."""


def limits(bench: Bench, arguments: argparse.Namespace) -> None:
    """Print the microseconds of each statement, and what it costs more than the one without."""
    bench.seed("limits", users=1, messages=1, pending=0, size=28)
    bench.change("limits", (SCRIPTS / "limits.sql").read_text())
    times: dict[str, list[float]] = defaultdict(list)
    with tempfile.TemporaryDirectory() as folder:
        script = Path(folder) / "script"
        for _ in range(arguments.rounds):
            for name, statement in STATEMENTS.items():
                script.write_text(statement)
                run = bench.pgbench("limits", script, length=f"-T{max(1, arguments.seconds // 2)}")
                times[name].append(1e6 / run.rate)
    print("What a guard costs at least: one client, microseconds a transaction\n")
    print(f"{'':40} {'µs':>7} {'more':>7}")
    for name in STATEMENTS:
        base = "insert of a row" if name.startswith("insert,") else "select 1"
        median = statistics.median(times[name])
        more = (
            ""
            if name in ("select 1", "insert of a row")
            else f"{median - statistics.median(times[base]):.1f}"
        )
        print(f"{name:40} {median:7.1f} {more:>7}")
    print()
