"""Rows that stand longer than their expiry and the promised grace.

State, not intention: whatever the scheduler says, what should be gone is counted where it lies, through the
indexes that the sweep uses. Expired session keys count while they are still active, used ephemeral keys while
they are still there. It cannot see rows without an expiry, which the catalogue explains.
"""

from nosender.privacy_audit.check import Answer, Check
from nosender.privacy_audit.finding import Claim, Confidence, Found, Severity
from nosender.privacy_audit.questions.completeness import declared, passed_over, places
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


def look(snapshot: Snapshot) -> Answer:
    """The counts of the probe; how many and how old moves with time and stands under run.measured."""
    rows = snapshot.probe("audit_overdue")
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
        ),
        passed_over("audit_overdue", promised, places(snapshot, rows)),
    )
