"""Settled rows whose places still follow the order in which they came.

A settle writes rows anew in random order. Where a planner, a page with room or somebody's hand undid that,
the receipt stands and the order too. In each settled set of a hundred rows and more, the place in the file
is held against numbers that the settle did not draw: ids of messages, places of the messages of deliveries,
devices, owners of keys. Where the order is random, the correlation times the square root of the number of
rows is a standard normal number; more than 6 comes by chance once in 500 million sets. What it cannot see:
sets of fewer rows, of tables above 2 MB all but a sample, ids and values out of line that were drawn in an
order which nothing else keeps.
"""

from nosender.privacy_audit.check import Answer, Check
from nosender.privacy_audit.finding import Claim, Confidence, Found, Severity
from nosender.privacy_audit.snapshot.snapshot import Snapshot

CHECK = Check(
    slug="settled-order",
    title="The places of settled rows follow nothing that was there before.",
    claim=Claim.NO_RELATIONSHIP,
    severity=Severity.HIGH,
    confidence=Confidence.CERTAIN,
    remedy="Touch the rows (an UPDATE that changes nothing), so that the next sweep settles them again.",
    since="0.2",
)

_CHANCE = 6.0


def look(snapshot: Snapshot) -> Answer:
    """The scores of the probe, by table and what the places were held against."""
    rows = sorted(
        snapshot.probe("audit_settled_order"), key=lambda row: (row["table_name"], row["column_name"])
    )
    return Answer(
        sum(row["examined"] for row in rows),
        tuple(
            Found(
                snapshot.named(row["table_name"], row["column_name"]),
                "column",
                "Rows were settled, and their places in the file still follow it.",
            )
            for row in rows
            if (row["score"] or 0.0) > _CHANCE
        ),
    )
