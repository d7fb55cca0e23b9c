"""A stored session_replication_role other than origin.

Set to replica it switches off every ordinary trigger and every foreign key for the role's or database's
sessions, without a trace in any table.
"""

from nosender.privacy_audit.check import Answer, Check
from nosender.privacy_audit.finding import Claim, Confidence, Found, Severity
from nosender.privacy_audit.snapshot.object_names import dotted
from nosender.privacy_audit.snapshot.snapshot import Snapshot

CHECK = Check(
    slug="bypassed-trigger",
    title="No role's or database's settings switch the triggers off.",
    claim=Claim.SCHEMA_AS_DECLARED,
    severity=Severity.HIGH,
    confidence=Confidence.CERTAIN,
    remedy="Reset session_replication_role for the role or database.",
    since="0.1",
)


def look(snapshot: Snapshot) -> Answer:
    """The settings stored for roles and databases."""
    return Answer.of(
        snapshot.live.role_settings,
        (
            Found(
                f"{dotted(each.role or each.database or 'every role')}: {each.name}",
                "stored setting",
                f"Its sessions run with {each.name} = {each.value}, in which no ordinary trigger fires."
                if each.value == "replica"
                else f"Its sessions run with {each.name} = {each.value}, in which triggers made for replicas "
                "alone are silent.",
            )
            for each in snapshot.live.role_settings
            if each.name == "session_replication_role" and each.value != "origin"
        ),
    )
