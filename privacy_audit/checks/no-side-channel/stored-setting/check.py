"""A setting stored for a role or a database.

Every login can read them, so a name in application_name is published; and they change what a session logs,
loads or sees without a trace in the schema. Those that reveal rows are findings of their own.
"""

from nosender.privacy_audit.check import Answer, Check
from nosender.privacy_audit.finding import Claim, Confidence, Found, Severity
from nosender.privacy_audit.snapshot.object_names import dotted
from nosender.privacy_audit.snapshot.snapshot import Snapshot

CHECK = Check(
    slug="stored-setting",
    title="Nothing is stored for roles and databases that nobody declared.",
    claim=Claim.NO_SIDE_CHANNEL,
    severity=Severity.LOW,
    confidence=Confidence.CERTAIN,
    remedy="Reset the setting, or set it for the server where everybody sees it.",
    since="0.1",
)


def look(snapshot: Snapshot) -> Answer:
    """What is stored for roles and databases."""
    return Answer.of(
        snapshot.live.role_settings,
        (
            Found(
                f"{dotted(each.role or each.database or 'every role')}: {each.name}",
                "stored setting",
                "It is stored for the sessions of a role or database, and nothing declares why.",
            )
            for each in snapshot.live.role_settings
        ),
    )
