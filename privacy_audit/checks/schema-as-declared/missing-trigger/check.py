"""A declared trigger that is not there.

The triggers refuse a delivery to a stranger, make times coarse and keep phone numbers out of the log; without
them the checks still hold, and their errors carry whole rows.
"""

from nosender.privacy_audit.check import Answer, Check
from nosender.privacy_audit.finding import Claim, Confidence, Found, Severity
from nosender.privacy_audit.questions.declared import absent
from nosender.privacy_audit.snapshot.object_names import dotted
from nosender.privacy_audit.snapshot.snapshot import Snapshot

CHECK = Check(
    slug="missing-trigger",
    title="Every declared trigger is there.",
    claim=Claim.SCHEMA_AS_DECLARED,
    severity=Severity.HIGH,
    confidence=Confidence.CERTAIN,
    remedy="Create the trigger as the DDL has it, and look at what was written meanwhile.",
    since="0.1",
)


def look(snapshot: Snapshot) -> Answer:
    """The declared triggers of tables that exist."""
    return absent(
        snapshot,
        "triggers",
        lambda each: Found(
            dotted(each.schema, each.table, each.name),
            "trigger",
            f"It is declared and does not exist: it has {each.function} run on what is written.",
        ),
    )
