"""A table whose replica identity is full, or an index, or nothing.

FULL writes the whole old row, number and ciphertext, into the WAL with every update and delete, so that a
sweep copies what it deletes.
"""

from nosender.privacy_audit.check import Answer, Check
from nosender.privacy_audit.finding import Claim, Confidence, Found, Severity
from nosender.privacy_audit.snapshot.object_names import dotted
from nosender.privacy_audit.snapshot.snapshot import Snapshot

CHECK = Check(
    slug="replica-identity",
    title="No deleted row is written into the log whole.",
    claim=Claim.NO_SIDE_CHANNEL,
    severity=Severity.MEDIUM,
    confidence=Confidence.CERTAIN,
    remedy="Set REPLICA IDENTITY DEFAULT.",
    since="0.1",
)


def look(snapshot: Snapshot) -> Answer:
    """The declared tables, and every other in scope."""
    tables = [each for each in snapshot.in_scope("relations") if each.replica_identity is not None]
    return Answer.of(
        tables,
        (
            Found(
                dotted(each.schema, each.name),
                each.kind,
                f"Its replica identity is {each.replica_identity}: deleted rows are written to the WAL by "
                f"it.",
            )
            for each in tables
            if each.replica_identity in ("full", "index")
        ),
    )
