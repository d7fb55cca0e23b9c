"""A subscription.

It writes rows into our tables that no function of ours has seen, with triggers off unless they always fire.
Where it connects to is not shown to the auditor.
"""

from nosender.privacy_audit.check import Answer, Check
from nosender.privacy_audit.finding import Claim, Confidence, Found, Severity
from nosender.privacy_audit.snapshot.object_names import dotted
from nosender.privacy_audit.snapshot.snapshot import Snapshot

CHECK = Check(
    slug="undeclared-subscription",
    title="Nothing is received from other databases.",
    claim=Claim.NO_SIDE_CHANNEL,
    severity=Severity.HIGH,
    confidence=Confidence.CERTAIN,
    remedy="Drop the subscription.",
    since="0.1",
)


def look(snapshot: Snapshot) -> Answer:
    """Every subscription of the database."""
    return Answer.of(
        snapshot.live.subscriptions,
        (
            Found(
                dotted(each.name),
                "subscription",
                "It writes what another database sends, past the ordinary triggers."
                if each.enabled
                else "Switched on, it writes what another database sends, past the ordinary triggers.",
                {"enabled": each.enabled},
            )
            for each in snapshot.live.subscriptions
        ),
    )
