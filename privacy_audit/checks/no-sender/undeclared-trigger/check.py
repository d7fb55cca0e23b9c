"""A trigger that nobody declared.

A trigger sees every row as it is written, who wrote it and when exactly, and can put all of that elsewhere:
in another table, a notification, a file. Constraint triggers count, and so do those on tables of other
schemas in scope.
"""

from nosender.privacy_audit.check import Answer, Check
from nosender.privacy_audit.finding import Claim, Confidence, Found, Severity
from nosender.privacy_audit.questions.declared import closed
from nosender.privacy_audit.snapshot.object_names import dotted
from nosender.privacy_audit.snapshot.snapshot import Snapshot

CHECK = Check(
    slug="undeclared-trigger",
    title="The only triggers are the declared ones.",
    claim=Claim.NO_SENDER,
    severity=Severity.HIGH,
    confidence=Confidence.CERTAIN,
    remedy="Drop the trigger, and look at where it wrote.",
    since="0.1",
)


def look(snapshot: Snapshot) -> Answer:
    """Every trigger in scope, but those that enforce foreign keys."""
    return closed(
        snapshot,
        "triggers",
        lambda each: Found(
            dotted(each.schema, each.table, each.name),
            "trigger",
            f"It is not declared, and runs {each.function} on what is written.",
            {"function": each.function, "enabled": each.enabled},
        ),
        lambda each: not each.internal,
    )
