"""A table with two foreign keys to people, or a table of people that refers to itself.

Each of its rows joins two persons: contacts, invitations, blocks, members of a group. People are users, their
devices and their keys. The one declared table with two such keys joins a session key with its owner and the
owner's device, and a trigger sees that they belong together.
"""

from nosender.privacy_audit.check import Answer, Check
from nosender.privacy_audit.finding import Claim, Confidence, Found, Severity
from nosender.privacy_audit.questions.foreign_keys import is_allowed, tables_of
from nosender.privacy_audit.snapshot.object_names import dotted
from nosender.privacy_audit.snapshot.snapshot import Snapshot

CHECK = Check(
    slug="edge-table",
    title="No table has two ways to people.",
    claim=Claim.NO_RELATIONSHIP,
    severity=Severity.CRITICAL,
    confidence=Confidence.CERTAIN,
    remedy="Drop the table.",
    since="0.1",
)


def look(snapshot: Snapshot) -> Answer:
    """The foreign keys to people, by table."""
    people = tables_of(snapshot, "people")
    to_people: dict[tuple[str, str], int] = {}
    for key in snapshot.live.constraints:
        node = (key.schema, key.table)
        if key.kind != "foreign key" or (key.referenced_schema, key.referenced_table) not in people:
            continue
        if is_allowed(snapshot, key):
            to_people.setdefault(node, 0)
            continue
        # One more way from people to people is an edge at once; from elsewhere it takes two.
        to_people[node] = to_people.get(node, 0) + (2 if node in people else 1)
    return Answer.of(
        to_people,
        (
            Found(
                dotted(*node),
                "table",
                "Each of its rows can join two people.",
            )
            for node, ways_there in sorted(to_people.items())
            if ways_there >= 2
        ),
    )
