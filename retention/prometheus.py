"""The status as text for the node exporter's textfile collector: pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nosender.terminal_text import visible

if TYPE_CHECKING:
    from nosender.retention.status import Status


def render(status: Status, now: float) -> str:
    """All of it, a family after the other; `now` is this machine's clock, in seconds since 1970."""
    from prometheus_client import CollectorRegistry, Gauge, generate_latest

    registry = CollectorRegistry()

    where = {"database": visible(status.database), "schema": visible(status.schema)}

    def family(name: str, text: str, labels: dict[str, str]) -> Gauge:
        return Gauge(name, text, labels, namespace="nosender_retention", registry=registry)

    def of_tables(name: str, text: str, values: list[tuple[str, float]]) -> None:
        if values:
            gauge = family(name, text, {**where, "table": ""})
            for table, value in values:
                gauge.labels(*where.values(), visible(table)).set(value)

    def of_all(name: str, text: str, value: float) -> None:
        family(name, text, where).labels(*where.values()).set(value)

    of_tables(
        "overdue_rows",
        "Rows that have to go now; the planner's estimate where there are many.",
        [(each.table, each.estimate) for each in status.overdue],
    )
    of_tables(
        "oldest_overdue_seconds",
        "How long ago the oldest of them expired; 0 where there are none.",
        [(each.table, each.oldest_seconds) for each in status.overdue],
    )
    of_tables(
        "dead_rows",
        "Deleted rows that no vacuum has taken away yet.",
        [(each.table, each.dead) for each in status.overdue if each.dead is not None],
    )
    if status.runs:
        last = status.runs[0]
        size = (last.deleted + last.deactivated) / last.batches if last.batches else 0
        of_all("last_run_success", "1 where the newest sweep ended as done.", last.status == "done")
        of_all("last_run_deleted_rows", "Rows that the newest sweep deleted.", last.deleted)
        of_all("last_run_deactivated_rows", "Rows that it marked inactive.", last.deactivated)
        of_all("last_run_cascaded_rows", "Rows that went by cascade.", last.children)
        of_all("last_run_batch_rows", "Rows of its average batch.", size)
        of_all("last_run_duration_seconds", "From its start to its last receipt.", last.seconds)
    if (done := status.last_done) is not None:
        of_all(
            "last_success_timestamp_seconds",
            "When the newest sweep that ended as done wrote its last receipt.",
            now - done.age_seconds,
        )
    of_all("ledger_rows_written", "The number of the ledger's last row.", status.ledger_length)
    if status.nodes:
        unseen = sum(each.why is not None for each in status.nodes)
        of_all("nodes_unseen", "Nodes that did not answer; their rows are in no other number.", unseen)
    of_all(
        "oldest_snapshot_transactions",
        "Age of the oldest snapshot that keeps deleted rows; 0 where there is none.",
        max((each.transactions for each in status.holders), default=0),
    )
    return generate_latest(registry).decode()
