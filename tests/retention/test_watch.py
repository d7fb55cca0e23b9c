"""Watching, telling and exporting."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest
from prometheus_client.parser import text_string_to_metric_families

from nosender.retention import prometheus
from nosender.retention.status import Holder, Overdue, Run, Status, read_status
from nosender.retention.stop import Stop
from nosender.retention.sweep import sweep
from nosender.retention.watch import Watch, watch
from nosender.server.target import Target
from nosender.terminal_text import visible

from . import rows

RunNosender = Callable[..., "subprocess.CompletedProcess[str]"]


def test_each_interval_sweeps_and_exports(
    target: Target, connection: psycopg.Connection, tmp_path: Path
) -> None:
    connection.autocommit = True
    rows.people(connection)
    rows.messages(connection, 5, "now() - interval '1 hour'")
    told: list[str] = []
    metrics = tmp_path / "nosender.prom"
    how = Watch(interval=0.001, textfile=metrics, sweeps=2, canary=False)
    assert watch(target, how, stop=Stop(), tell=told.append) == 0
    assert [sentence.partition(";")[0] for sentence in told] == [
        "done: 5 deleted, 10 with them, 0 marked inactive",
        "done: 0 deleted, 0 with them, 0 marked inactive",
    ]
    where = f'database="{connection.info.dbname}",schema="public"'
    assert f'nosender_retention_overdue_rows{{{where},table="messages"}} 0.0' in metrics.read_text()
    assert metrics.stat().st_mode & 0o777 == 0o644
    assert list(tmp_path.iterdir()) == [metrics]


def test_a_failure_is_told_and_tried_again(target: Target, connection: psycopg.Connection) -> None:
    connection.execute("alter function retention_begin rename to away")
    connection.commit()
    told: list[str] = []

    def tell(sentence: str) -> None:
        told.append(sentence)
        if len(told) == 2:
            connection.execute("alter function away rename to retention_begin")
            connection.commit()

    assert watch(target, Watch(interval=0.001, sweeps=3), stop=Stop(), tell=tell) == 0
    assert told[1].startswith("sweep failed, 2 in a row: schema public of ")
    assert told[2].startswith("done: ")


def test_systemd_is_told(target: Target, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as receiver:
        receiver.bind(str(tmp_path / "notify"))
        receiver.setblocking(False)
        monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
        watch(target, Watch(interval=0.001, sweeps=2), stop=Stop(), tell=lambda _: None)
        heard = []
        while True:
            try:
                heard.append(receiver.recv(4096).decode())
            except BlockingIOError:
                break
    assert heard[0] == "READY=1"
    assert heard[-1] == "STOPPING=1"
    assert "WATCHDOG=1" in heard
    assert sum(message.startswith("STATUS=done: ") for message in heard) == 2


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_with_a_receipt(
    target: Target, connection: psycopg.Connection, number: signal.Signals
) -> None:
    connection.autocommit = True
    rows.people(connection)
    rows.messages(connection, 3000, "now() - interval '1 hour'", deliveries=False)
    process = subprocess.Popen(
        [sys.executable, "-m", "nosender", "--url", target.conninfo, "retention", "sweep", "--rate", "200"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "NOSENDER_DEBUG": "1"},
    )
    while rows.count(connection, "messages") == 3000 and process.poll() is None:
        pass
    process.send_signal(number)
    out, err = process.communicate(timeout=300)
    assert process.returncode == 130, err
    assert out.startswith("interrupted: ")
    left = rows.count(connection, "messages")
    last = connection.execute("select phase, status, deleted from retention_ledger_tail()").fetchone()
    assert last == ("finished", "interrupted", 3000 - left)


def test_canaries_come_once_and_go_when_due(target: Target, connection: psycopg.Connection) -> None:
    connection.autocommit = True
    for _ in range(2):
        assert sweep(target, canary=True).status == "done"
    canaries = connection.execute("select table_name, expires_at from retention_canaries()").fetchall()
    assert [row[0] for row in canaries] == ["messages", "ephemeral_keys"]
    planted = connection.execute("select table_name, cutoff from retention_ledger() where phase = 'planted'")
    assert planted.fetchall() == canaries
    for table in ("messages", "ephemeral_keys"):
        connection.execute(f"update {table} set expires_at = now() - interval '1 hour'".encode())
    assert sweep(target).deleted == 2
    assert connection.execute("select from retention_canaries()").fetchall() == []


STATUS = Status(
    database="chat",
    schema="public",
    overdue=(
        Overdue("ephemeral_keys", 0, False, 0, None, 0.0, None),
        Overdue("messages", 10000, True, 123456, "2026-01-01T00:00:00Z", 7200.5, 42),
    ),
    runs=(
        Run("r2", "partial", None, "2026-01-01T02:00:00Z", 1.5, 60.0, 30, 10, 90, 4),
        Run("r1", "done", None, "2026-01-01T01:00:00Z", 0.5, 3660.0, 5, 0, 10, 1),
    ),
    last_done=Run("r1", "done", None, "2026-01-01T01:00:00Z", 0.5, 3660.0, 5, 0, 10, 1),
    holders=(Holder("session", "process 7", 1234, 600), Holder("replication slot", "s", 12, None)),
    holders_complete=True,
    ledger_length=12,
    knobs={},
)
PROMETHEUS = """\
# HELP nosender_retention_overdue_rows Rows that have to go now; the planner's estimate where there are many.
# TYPE nosender_retention_overdue_rows gauge
nosender_retention_overdue_rows{database="chat",schema="public",table="ephemeral_keys"} 0.0
nosender_retention_overdue_rows{database="chat",schema="public",table="messages"} 123456.0
# HELP nosender_retention_oldest_overdue_seconds How long ago the oldest of them expired; 0 where there are none.
# TYPE nosender_retention_oldest_overdue_seconds gauge
nosender_retention_oldest_overdue_seconds{database="chat",schema="public",table="ephemeral_keys"} 0.0
nosender_retention_oldest_overdue_seconds{database="chat",schema="public",table="messages"} 7200.5
# HELP nosender_retention_dead_rows Deleted rows that no vacuum has taken away yet.
# TYPE nosender_retention_dead_rows gauge
nosender_retention_dead_rows{database="chat",schema="public",table="messages"} 42.0
# HELP nosender_retention_last_run_success 1 where the newest sweep ended as done.
# TYPE nosender_retention_last_run_success gauge
nosender_retention_last_run_success{database="chat",schema="public"} 0.0
# HELP nosender_retention_last_run_deleted_rows Rows that the newest sweep deleted.
# TYPE nosender_retention_last_run_deleted_rows gauge
nosender_retention_last_run_deleted_rows{database="chat",schema="public"} 30.0
# HELP nosender_retention_last_run_deactivated_rows Rows that it marked inactive.
# TYPE nosender_retention_last_run_deactivated_rows gauge
nosender_retention_last_run_deactivated_rows{database="chat",schema="public"} 10.0
# HELP nosender_retention_last_run_cascaded_rows Rows that went by cascade.
# TYPE nosender_retention_last_run_cascaded_rows gauge
nosender_retention_last_run_cascaded_rows{database="chat",schema="public"} 90.0
# HELP nosender_retention_last_run_batch_rows Rows of its average batch.
# TYPE nosender_retention_last_run_batch_rows gauge
nosender_retention_last_run_batch_rows{database="chat",schema="public"} 10.0
# HELP nosender_retention_last_run_duration_seconds From its start to its last receipt.
# TYPE nosender_retention_last_run_duration_seconds gauge
nosender_retention_last_run_duration_seconds{database="chat",schema="public"} 1.5
# HELP nosender_retention_last_success_timestamp_seconds When the newest sweep that ended as done wrote its last receipt.
# TYPE nosender_retention_last_success_timestamp_seconds gauge
nosender_retention_last_success_timestamp_seconds{database="chat",schema="public"} 1.76722914e+09
# HELP nosender_retention_ledger_rows_written The number of the ledger's last row.
# TYPE nosender_retention_ledger_rows_written gauge
nosender_retention_ledger_rows_written{database="chat",schema="public"} 12.0
# HELP nosender_retention_oldest_snapshot_transactions Age of the oldest snapshot that keeps deleted rows; 0 where there is none.
# TYPE nosender_retention_oldest_snapshot_transactions gauge
nosender_retention_oldest_snapshot_transactions{database="chat",schema="public"} 1234.0
"""  # noqa: E501


def test_the_metrics_are_these() -> None:
    assert prometheus.render(STATUS, 1767232800.0) == PROMETHEUS


@pytest.mark.parametrize(
    "name", ['a"b', "a\nb", "a\\b", "a\x1b[31mb", "a} 1\nforged 2", "\u202eb", "}{", "été 表"]
)
def test_a_hostile_name_is_one_label_and_nothing_else(name: str) -> None:
    """As Prometheus' own parser reads it."""
    status = replace(STATUS, database=name, schema=name, overdue=(replace(STATUS.overdue[1], table=name),))
    text = prometheus.render(status, 1767232800.0)
    families = {family.name: family for family in text_string_to_metric_families(text)}
    plain = {family.name for family in text_string_to_metric_families(PROMETHEUS)}
    assert set(families) == plain
    assert all(family.type == "gauge" for family in families.values())
    (sample,) = families["nosender_retention_overdue_rows"].samples
    assert sample.labels == dict.fromkeys(("database", "schema", "table"), visible(name))
    assert sample.value == 123456


def test_status_and_plan_answer(
    target: Target, connection: psycopg.Connection, run_nosender: RunNosender, tmp_path: Path
) -> None:
    rows.people(connection)
    rows.messages(connection, 2, "'2026-01-01 10:00'")
    connection.commit()
    url = ["--url", target.conninfo, "retention"]
    plan = run_nosender(*url, "plan")
    assert plan.returncode == 0, plan.stderr
    assert "  2 due, the oldest since 2026-01-01T10:00:00Z\n" in plan.stdout
    assert "delete once expires_at has passed; with it go its rows of message_deliveries" in plan.stdout
    assert "\nto settle\n" in plan.stdout
    assert "last sweep: never" in run_nosender(*url, "status").stdout
    swept = run_nosender(*url, "sweep")
    assert (swept.returncode, swept.stderr) == (0, "")
    assert swept.stdout.startswith(
        "done: 2 deleted, 4 with them, 0 marked inactive, in 1 batches; 0 settled\nreceipt "
    )
    assert "last sweep: done" in run_nosender(*url, "status").stdout
    output = tmp_path / "metrics.prom"
    assert run_nosender(*url, "status", "--format", "prometheus", "--output", str(output)).stdout == ""
    assert re.search(r"^nosender_retention_last_run_success\{.*\} 1.0$", output.read_text(), re.MULTILINE)
    missing = run_nosender(*url, "status", "--output", str(tmp_path / "no" / "where"))
    assert (missing.returncode, missing.stdout) == (2, "")
    assert missing.stderr.startswith("nosender: ")


def test_what_many_are_due_is_counted_to_a_bound(target: Target, connection: psycopg.Connection) -> None:
    connection.execute("set session_replication_role = replica")
    rows.messages(connection, 12_000, "'2026-01-01 10:00'", deliveries=False)
    connection.commit()
    connection.autocommit = True
    connection.execute("analyze messages")
    found = next(each for each in read_status(target).overdue if each.table == "messages")
    assert (found.due, found.more) == (10_000, True)
    assert 11_000 < found.estimate < 13_000
