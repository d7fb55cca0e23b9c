"""A security label, on any object of the database or the cluster.

A label is one more free text beside an object, and label providers decide by it who sees what. None is
declared. A label needs a provider that is loaded into the server, so most servers cannot have one.
"""

from nosender.privacy_audit.check import Answer, Check
from nosender.privacy_audit.finding import Claim, Confidence, Found, Severity
from nosender.privacy_audit.snapshot.snapshot import Snapshot

CHECK = Check(
    slug="security-label",
    title="No security label is attached to anything.",
    claim=Claim.NO_SENDER,
    severity=Severity.MEDIUM,
    confidence=Confidence.CERTAIN,
    remedy="Remove the label with SECURITY LABEL ... IS NULL.",
    since="0.1",
)


def look(snapshot: Snapshot) -> Answer:
    """Every label."""
    return Answer.of(
        snapshot.live.security_labels,
        (
            Found(
                each.object,
                f"security label on {each.kind}",
                f"Provider {each.provider} keeps a text beside it.",
            )
            for each in snapshot.live.security_labels
        ),
    )
