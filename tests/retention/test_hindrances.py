"""A delete that deletes nothing is no success: what keeps rows is looked for, counted and named."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable

import psycopg
import pytest

from nosender.retention.status import read_status
from nosender.retention.sweep import Pace, sweep
from nosender.server.target import Target

from . import rows

RunNosender = Callable[..., "subprocess.CompletedProcess[str]"]
SMALL = Pace(most=5, target_ms=None, duty=1)
KEEP = "create function keep() returns trigger language plpgsql as 'begin {} end'; "

HINDRANCES = [
    (
        KEEP.format("return null;") + "create trigger kept before delete on messages"
        " for each row execute function keep()",
        "trigger kept",
        12,
    ),
    (
        KEEP.format("if right(old.message_id, 1) ~ ''[02468]'' then return null; end if; return old;")
        + "create trigger halves before delete on messages for each row execute function keep()",
        "trigger halves",
        6,
    ),
    ("create rule r as on delete to messages do instead nothing", "rule r", 12),
    (
        "create rule r as on delete to messages do instead update messages set id = id where false",
        "rule r",
        12,
    ),
]


@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize(("how", "what", "kept"), HINDRANCES)
def test_rows_that_stay_are_counted_and_named(
    connection: psycopg.Connection, target: Target, how: str, what: str, kept: int, workers: int
) -> None:
    rows.messages(connection, 12, "now() - interval '3 hours'", name="old")
    connection.execute(how.encode())
    connection.commit()
    receipt = sweep(target, pace=SMALL, workers=workers)
    assert receipt.status == "partial"
    assert f"{kept} expired rows of messages are still there: kept by {what}" in receipt.warnings
    assert receipt.deleted == 12 - kept
    status = read_status(target)
    assert status.runs[0].status == "partial"
    assert status.last_done is None
    left = connection.execute(
        "select status from retention_runs where table_name = 'messages' and oldest_remaining is not null"
    ).fetchall()
    assert left == [("partial",)]


def test_the_command_says_so(
    connection: psycopg.Connection, migrated: str, run_nosender: RunNosender
) -> None:
    rows.messages(connection, 3, "now() - interval '3 hours'", name="old")
    connection.execute("create rule r as on delete to messages do instead nothing")
    connection.commit()
    answer = run_nosender("--url", migrated, "retention", "sweep", "--format", "json")
    assert answer.returncode == 3
    assert json.loads(answer.stdout)["status"] == "partial"
    assert "3 expired rows of messages are still there: kept by rule r" in answer.stderr
