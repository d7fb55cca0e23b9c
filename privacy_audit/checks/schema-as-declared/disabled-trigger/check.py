"""A trigger that is switched off, or fires for replication only.

ALTER TABLE ... DISABLE TRIGGER leaves everything in its place and nothing in force. Foreign keys are enforced
by triggers too: those are named by their constraint.
"""

from nosender.privacy_audit.check import Answer, Check
from nosender.privacy_audit.finding import Claim, Confidence, Found, Severity
from nosender.privacy_audit.snapshot.object_names import dotted
from nosender.privacy_audit.snapshot.snapshot import Snapshot

CHECK = Check(
    slug="disabled-trigger",
    title="Every trigger fires, those that enforce foreign keys included.",
    claim=Claim.SCHEMA_AS_DECLARED,
    severity=Severity.HIGH,
    confidence=Confidence.CERTAIN,
    remedy="Enable the trigger, and look at what was written meanwhile.",
    since="0.1",
)


def look(snapshot: Snapshot) -> Answer:
    """Every trigger in scope."""
    triggers = snapshot.in_scope("triggers")
    return Answer.of(
        triggers,
        (
            Found(
                dotted(each.schema, each.table, each.name),
                "trigger",
                f"It is {'switched off' if each.enabled == 'disabled' else 'for replication only'}, and "
                f"what it "
                "refuses is let in.",
                {"enabled": each.enabled},
            )
            for each in triggers
            if each.enabled in ("disabled", "replica")
        ),
    )
