"""A table with two foreign keys to people, or a table of people that refers to itself.

Each of its rows joins two persons: contacts, invitations, blocks, members of a group. People are users,
their devices and their keys. No declaration excuses a second key. Session keys have two, to an owner and to
the owner's device, and a guard sees that they belong together. Elsewhere one key over both columns proves the
same, where it is validated, enforced, its triggers are on, and its columns are not null or MATCH FULL.
"""

from nosender.privacy_audit.check import Answer, Check
from nosender.privacy_audit.finding import Claim, Confidence, Found, Severity
from nosender.privacy_audit.questions.foreign_keys import (
    is_allowed,
    is_exception,
    same_person,
    tables_of,
)
from nosender.privacy_audit.snapshot.object_names import dotted
from nosender.privacy_audit.snapshot.snapshot import Snapshot
from nosender.schema.observe.model import Constraint

CHECK = Check(
    slug="edge-table",
    title="No table has two ways to people.",
    claim=Claim.NO_RELATIONSHIP,
    severity=Severity.CRITICAL,
    confidence=Confidence.CERTAIN,
    remedy="Drop the table.",
    since="0.1",
    waivable=False,
)


def look(snapshot: Snapshot) -> Answer:
    """The foreign keys to people, by table."""
    people = tables_of(snapshot, "people")
    keys: dict[tuple[str, str], list[Constraint]] = {}
    for key in snapshot.live.constraints:
        if key.kind == "foreign key" and (key.referenced_schema, key.referenced_table) in people:
            keys.setdefault((key.schema, key.table), []).append(key)
    to_people = {node: _weight(snapshot, some, node in people) for node, some in keys.items()}
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


def _weight(snapshot: Snapshot, keys: list[Constraint], about_people: bool) -> int:
    """How many people a row can join. One more way from people to people is an edge at once."""
    ways = [
        key
        for key in keys
        if not is_exception(snapshot, key) and not any(same_person(snapshot, key, one) for one in keys)
    ]
    allowed = sum(is_allowed(snapshot, key) for key in ways)
    return allowed + (2 if about_people else 1) * (len(ways) - allowed)
