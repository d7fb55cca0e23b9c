"""Messages that were delivered everywhere, and are kept for longer than the operator decided.

What nobody waits for any more is history, and each row of it says how much its destination got on which
day. How long it stays is the knob `history`; where that is off, nothing is promised and nothing is found. A
delivery that waits or has failed keeps its message. What it cannot see: of large tables, all but the first
10,000 rows.
"""

from nosender.privacy_audit.check import Answer, Check
from nosender.privacy_audit.finding import Claim, Confidence, Found, Severity
from nosender.privacy_audit.snapshot.object_names import dotted
from nosender.privacy_audit.snapshot.snapshot import Snapshot

CHECK = Check(
    slug="kept-message",
    title="No message that no delivery waits for is older than history may be.",
    claim=Claim.RETENTION_RUNS,
    severity=Severity.HIGH,
    confidence=Confidence.CERTAIN,
    remedy="Run `nosender retention sweep`, and see that something runs it at the promised interval.",
    since="0.2",
    waivable=False,
)


def look(snapshot: Snapshot) -> Answer:
    """The count of the probe; how many and how old moves with time and stands under run.measured."""
    rows = snapshot.probe("audit_kept")
    return Answer.of(
        rows,
        (
            Found(
                dotted(snapshot.schema, "messages"),
                "table",
                "Messages that were delivered everywhere are past the age of history, grace included.",
            )
            for row in rows
            if row["kept"]
        ),
    )
