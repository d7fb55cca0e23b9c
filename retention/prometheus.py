"""The status as text for the node exporter's textfile collector: pure."""

from __future__ import annotations

from collections.abc import Iterable

from nosender.retention.status import Status

_PREFIX = "nosender_retention_"


def render(status: Status, now: float) -> str:
    """All of it, a family after the other; `now` is this machine's clock, in seconds since 1970."""
    last, done = status.runs[0] if status.runs else None, status.last_done
    lines: list[str] = []

    def family(name: str, text: str, samples: Iterable[tuple[str, float]]) -> None:
        found = [f"{_PREFIX}{name}{labels} {value:.15g}" for labels, value in samples]
        if found:
            lines.extend([f"# HELP {_PREFIX}{name} {text}", f"# TYPE {_PREFIX}{name} gauge", *found])

    tables = [(f'{{table="{_escaped(each.table)}"}}', each) for each in status.overdue]
    family(
        "overdue_rows",
        "Rows that have to go now; the planner's estimate where there are many.",
        ((labels, each.estimate) for labels, each in tables),
    )
    family(
        "oldest_overdue_seconds",
        "How long ago the oldest of them expired; 0 where there are none.",
        ((labels, each.oldest_seconds) for labels, each in tables),
    )
    family(
        "dead_rows",
        "Deleted rows that no vacuum has taken away yet.",
        ((labels, each.dead) for labels, each in tables if each.dead is not None),
    )
    if last is not None:
        size = (last.deleted + last.deactivated) / last.batches if last.batches else 0
        family("last_run_success", "1 where the newest sweep ended as done.", [("", last.status == "done")])
        family("last_run_deleted_rows", "Rows that the newest sweep deleted.", [("", last.deleted)])
        family("last_run_deactivated_rows", "Rows that it marked inactive.", [("", last.deactivated)])
        family("last_run_cascaded_rows", "Rows that went by cascade.", [("", last.children)])
        family("last_run_batch_rows", "Rows of its average batch.", [("", size)])
        family("last_run_duration_seconds", "From its start to its last receipt.", [("", last.seconds)])
    if done is not None:
        family(
            "last_success_timestamp_seconds",
            "When the newest sweep that ended as done wrote its last receipt.",
            [("", now - done.age_seconds)],
        )
    family("ledger_rows_written", "The number of the ledger's last row.", [("", status.ledger_length)])
    family(
        "oldest_snapshot_transactions",
        "Age of the oldest snapshot that keeps deleted rows; 0 where there is none.",
        [("", max((each.transactions for each in status.holders), default=0))],
    )
    return "\n".join(lines) + "\n"


def _escaped(label: str) -> str:
    return label.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
