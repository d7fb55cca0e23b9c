"""An event trigger, in any schema of the database.

It runs at every change of the schema, with the rights of whoever makes it, and the usual one keeps a table of
who did what from which address. It can also put back what a migration took away.
"""

from nosender.privacy_audit.check import Answer, Check
from nosender.privacy_audit.finding import Claim, Confidence, Found, Severity
from nosender.privacy_audit.snapshot.object_names import dotted
from nosender.privacy_audit.snapshot.snapshot import Snapshot

CHECK = Check(
    slug="undeclared-event-trigger",
    title="No trigger watches changes of the schema.",
    claim=Claim.NO_SENDER,
    severity=Severity.HIGH,
    confidence=Confidence.CERTAIN,
    remedy="Drop the event trigger, and look at where its function wrote.",
    since="0.1",
)


def look(snapshot: Snapshot) -> Answer:
    """Every event trigger of the database."""
    return Answer.of(
        snapshot.live.event_triggers,
        (
            Found(
                dotted(each.name),
                "event trigger",
                ("Switched on, it" if each.enabled == "disabled" else "It")
                + f" runs {each.function} at {each.event} and is not declared.",
                {"event": each.event, "enabled": each.enabled},
            )
            for each in snapshot.live.event_triggers
        ),
    )
