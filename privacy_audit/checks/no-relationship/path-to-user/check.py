"""A way from a message, or from a key exchange, to a user that does not pass through a delivery.

Follows foreign keys in both directions, because a join does: one key from messages to users, or two through a
table in between, and the server knows who is meant. The one way there may be leads from a message over its
deliveries to the devices of its destination. Finds the shortest way for each key that opens one, and names
the key.
"""

from nosender.privacy_audit.check import Answer, Check
from nosender.privacy_audit.finding import Claim, Confidence, Found, Severity
from nosender.privacy_audit.questions.foreign_keys import ways
from nosender.privacy_audit.snapshot.object_names import dotted
from nosender.privacy_audit.snapshot.snapshot import Snapshot

CHECK = Check(
    slug="path-to-user",
    title="No way leads from a message to a user, except through a delivery to the destination's own device.",
    claim=Claim.NO_RELATIONSHIP,
    severity=Severity.CRITICAL,
    confidence=Confidence.CERTAIN,
    remedy="Drop the foreign key that opens the way, and the columns that carry it.",
    since="0.1",
    waivable=False,
)


def look(snapshot: Snapshot) -> Answer:
    """The shortest way for each key that opens one."""
    return Answer(
        len([each for each in snapshot.live.constraints if each.kind == "foreign key"]),
        tuple(
            Found(
                dotted(opening.schema, opening.table, opening.name),
                "foreign key",
                f"It opens a way from a message to a user: {' - '.join(dotted(*node) for node in way)}.",
                {"way": [dotted(*node) for node in way]},
            )
            for opening, way in ways(snapshot)
        ),
    )
