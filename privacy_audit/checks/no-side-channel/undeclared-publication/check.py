"""A publication, of any tables.

It sends every row, as it is written and deleted, to whoever subscribes, where no sweep of ours reaches; its
row filters and column lists can be read by everybody.
"""

from nosender.privacy_audit.check import Answer, Check
from nosender.privacy_audit.finding import Claim, Confidence, Found, Severity
from nosender.privacy_audit.snapshot.object_names import dotted
from nosender.privacy_audit.snapshot.snapshot import Snapshot

CHECK = Check(
    slug="undeclared-publication",
    title="Nothing is published to other databases.",
    claim=Claim.NO_SIDE_CHANNEL,
    severity=Severity.HIGH,
    confidence=Confidence.CERTAIN,
    remedy="Drop the publication, and ask who received what.",
    since="0.1",
)


def look(snapshot: Snapshot) -> Answer:
    """Every publication."""
    return Answer.of(
        snapshot.live.publications,
        (
            Found(
                dotted(each.name),
                "publication",
                "It sends every change to other databases."
                if each.all_tables or each.schemas
                else f"It sends changes of {len(each.tables)} tables to other databases.",
                {"all_tables": each.all_tables, "tables": len(each.tables)},
            )
            for each in snapshot.live.publications
        ),
    )
