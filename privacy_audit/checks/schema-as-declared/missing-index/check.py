"""A declared index that is not there.

A unique one is a safeguard: it refuses a replay and one message id for two destinations. The others serve the
sweep and the cascades, and without them what has expired cannot be found in time. Indexes of constraints come
with those.
"""

from nosender.privacy_audit.check import Answer, Check
from nosender.privacy_audit.finding import Claim, Confidence, Found, Severity
from nosender.privacy_audit.questions.declared import absent
from nosender.privacy_audit.snapshot.object_names import dotted
from nosender.privacy_audit.snapshot.snapshot import Snapshot

CHECK = Check(
    slug="missing-index",
    title="Every declared index is there.",
    claim=Claim.SCHEMA_AS_DECLARED,
    severity=Severity.MEDIUM,
    confidence=Confidence.CERTAIN,
    remedy="Create the index as the DDL has it, concurrently where the table is large.",
    since="0.1",
)


def look(snapshot: Snapshot) -> Answer:
    """The declared indexes of tables that exist."""
    return absent(
        snapshot,
        "indexes",
        lambda each: Found(
            dotted(each.schema, each.name),
            "index",
            f"It is declared on {each.table} and does not exist.",
            {"unique": each.unique},
        ),
        lambda each: each.constraint is None,
    )
