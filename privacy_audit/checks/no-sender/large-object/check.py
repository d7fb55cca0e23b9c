"""Large objects.

They belong to no table and no schema, no column declares them, and what is in them cannot be seen from the
catalogs. That there are any, and whose, can. Nothing of ours makes one.
"""

from nosender.privacy_audit.check import Answer, Check
from nosender.privacy_audit.finding import Claim, Confidence, Found, Severity
from nosender.privacy_audit.snapshot.object_names import dotted
from nosender.privacy_audit.snapshot.snapshot import Snapshot

CHECK = Check(
    slug="large-object",
    title="There are no large objects.",
    claim=Claim.NO_SENDER,
    severity=Severity.HIGH,
    confidence=Confidence.CERTAIN,
    remedy="Look at who owns them and why, and remove them with lo_unlink.",
    since="0.1",
)


def look(snapshot: Snapshot) -> Answer:
    """The large objects, by owner."""
    return Answer(
        sum(each.count for each in snapshot.live.large_objects),
        tuple(
            Found(
                f"large objects of {dotted(each.owner)}",
                "large object",
                f"There are {each.count}, and nothing says what is in them.",
                {"count": each.count},
            )
            for each in snapshot.live.large_objects
        ),
    )
