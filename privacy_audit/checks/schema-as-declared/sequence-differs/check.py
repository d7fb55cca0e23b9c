"""A declared sequence of another type, step, bound or cycle.

One that cycles gives a number twice; one with a step of its own tells which server wrote a row.
"""

from nosender.privacy_audit.check import Answer, Check
from nosender.privacy_audit.finding import Claim, Confidence, Found, Severity
from nosender.privacy_audit.questions.declared import compared
from nosender.privacy_audit.snapshot.object_names import dotted
from nosender.privacy_audit.snapshot.snapshot import Snapshot

CHECK = Check(
    slug="sequence-differs",
    title="The sequences count as declared.",
    claim=Claim.SCHEMA_AS_DECLARED,
    severity=Severity.LOW,
    confidence=Confidence.CERTAIN,
    remedy="Set the sequence as the DDL has it.",
    since="0.1",
)


def look(snapshot: Snapshot) -> Answer:
    """Everything about each sequence but its owner and its place."""
    return compared(
        snapshot,
        "sequences",
        ("type", "start", "minimum", "maximum", "increment", "cycle", "owned_by", "persistence"),
        lambda live, _: Found(
            dotted(live.schema, live.name), "sequence", "It counts in another way than declared."
        ),
    )
