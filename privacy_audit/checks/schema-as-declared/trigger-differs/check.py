"""A declared trigger with another function, event or condition.

With WHEN (false) it is there and enabled and does nothing; with another function of the same effect on the
surface it does something else.
"""

from nosender.privacy_audit.check import Answer, Check
from nosender.privacy_audit.finding import Claim, Confidence, Found, Severity
from nosender.privacy_audit.questions.declared import compared
from nosender.privacy_audit.snapshot.object_names import dotted
from nosender.privacy_audit.snapshot.snapshot import Snapshot

CHECK = Check(
    slug="trigger-differs",
    title="Every declared trigger fires when the DDL says.",
    claim=Claim.SCHEMA_AS_DECLARED,
    severity=Severity.HIGH,
    confidence=Confidence.CERTAIN,
    remedy="Drop the trigger and create it as the DDL has it.",
    since="0.1",
)


def look(snapshot: Snapshot) -> Answer:
    """The definition of each trigger."""
    return compared(
        snapshot,
        "triggers",
        ("definition", "function", "arguments"),
        lambda live, _: Found(
            dotted(live.schema, live.table, live.name),
            "trigger",
            "It is defined in another way than declared.",
        ),
    )
