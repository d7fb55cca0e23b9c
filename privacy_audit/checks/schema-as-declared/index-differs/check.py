"""A declared index over other columns, without its predicate, or no longer unique.

Its name still says what it is for, and it does something else: an index that is not unique any more refuses
no replay.
"""

from nosender.privacy_audit.check import Answer, Check
from nosender.privacy_audit.finding import Claim, Confidence, Found, Severity
from nosender.privacy_audit.questions.declared import compared
from nosender.privacy_audit.snapshot.object_names import dotted
from nosender.privacy_audit.snapshot.snapshot import Snapshot

CHECK = Check(
    slug="index-differs",
    title="Every declared index is what the DDL says.",
    claim=Claim.SCHEMA_AS_DECLARED,
    severity=Severity.MEDIUM,
    confidence=Confidence.CERTAIN,
    remedy="Drop the index and create it as the DDL has it.",
    since="0.1",
)


def look(snapshot: Snapshot) -> Answer:
    """Definition and uniqueness of each index."""
    return compared(
        snapshot,
        "indexes",
        ("columns", "key_columns", "method", "expressions", "predicate", "unique"),
        lambda live, _: Found(
            dotted(live.schema, live.name), "index", f"It indexes {live.table} in another way than declared."
        ),
    )
