"""Rows that stand longer than their expiry and the promised grace.

State, not intention: whatever the scheduler says, what should be gone is counted where it lies, through the
indexes that the sweep uses. Expired session keys count while they are still active, used ephemeral keys while
they are still there. It cannot see rows without an expiry, which the catalogue explains. Where Citus
distributes the database, no sweep reaches rows that were left under the name of a distributed table, nor
shards that were moved away and not dropped.
"""

from nosender.privacy_audit.check import Answer, Check
from nosender.privacy_audit.finding import Claim, Confidence, Found, NotTested, Severity
from nosender.privacy_audit.questions.completeness import declared, passed_over, places
from nosender.privacy_audit.snapshot.object_names import dotted
from nosender.privacy_audit.snapshot.snapshot import Snapshot

CHECK = Check(
    slug="overdue-row",
    title="Nothing stands longer than its expiry and the grace.",
    claim=Claim.RETENTION_RUNS,
    severity=Severity.HIGH,
    confidence=Confidence.CERTAIN,
    remedy="Run `nosender retention sweep`, and see that something runs it at the promised interval.",
    since="0.1",
    waivable=False,
)


def _out_of_reach(snapshot: Snapshot) -> tuple[Found, ...]:
    """Files with rows that nobody sees who asks for the table."""
    around = snapshot.surroundings
    return (
        *(
            Found(
                dotted(schema, table),
                "table",
                "Rows of before it was distributed still stand in its own file, where no sweep reaches: "
                f"select truncate_local_data_after_distributing_table('{dotted(schema, table)}').",
            )
            for schema, table, _ in around.shells
        ),
        *(
            Found(
                f"{dotted(each.schema, each.table)} (old copy of a shard)",
                "table",
                "A shard that was moved away still stands here, with its rows, where no sweep reaches them.",
                {"shard": each.name},
                Severity.LOW if each.queued else None,  # Citus is about to drop it
            )
            for each in around.copies
        ),
    )


def look(snapshot: Snapshot) -> Answer:
    """The counts of the probe; how many and how old moves with time and stands under run.measured."""
    out_of_reach = _out_of_reach(snapshot)
    try:
        rows = snapshot.probe("audit_overdue")
    except NotTested as reason:
        if not out_of_reach:
            raise
        return Answer(len(out_of_reach), out_of_reach, str(reason))
    promised = {
        (table.name, column.name)
        for table, column in declared(snapshot.catalogue)
        if column.name in (table.retention.column, table.retention.at_once)
    }
    return Answer(
        len(rows),
        tuple(
            Found(
                snapshot.named(row["table_name"], row["column_name"]),
                "column",
                f"Rows of {row['table_name']} are past what {row['column_name']} allows, grace included.",
            )
            for row in rows
            if row["overdue"]
        )
        + out_of_reach,
        passed_over("audit_overdue", promised, places(snapshot, rows)),
    )
