"""A guess: an undeclared column, in any schema, with the name and type of one of our identifiers.

Nobody needs a foreign key to join: a column user_id in a table of posts joins as well without one. The guess
is by name and type; whether values agree is asked by matching-value.
"""

from nosender.privacy_audit.check import Answer, Check
from nosender.privacy_audit.finding import Claim, Confidence, Found, Severity
from nosender.privacy_audit.snapshot.object_names import dotted
from nosender.privacy_audit.snapshot.snapshot import Snapshot

KEYS = (
    "user_id",
    "phone_number",
    "destination_phone",
    "webauthn_credential_id",
    "credential_id",
    "message_id",
    "session_key_id",
    "key_exchange_id",
)

CHECK = Check(
    slug="shared-column-name",
    title="No undeclared column is called like one of our identifiers.",
    claim=Claim.NO_RELATIONSHIP,
    severity=Severity.MEDIUM,
    confidence=Confidence.HINT,
    remedy="Look at whether it holds the same values; if so, drop it.",
    since="0.1",
)


def look(snapshot: Snapshot) -> Answer:
    """Every column outside our tables."""
    ours = {(each.schema, each.name) for each in snapshot.tables.values()}
    types: dict[str, set[str]] = {}
    for column in snapshot.declared.columns:
        if column.name in KEYS:
            types.setdefault(column.name, set()).add(column.type)
    own = sum((each.schema, each.table) in ours for each in snapshot.ours("columns"))
    return Answer(
        len(snapshot.live.columns) - own,
        tuple(
            Found(
                dotted(each.schema, each.table, each.name),
                "column",
                "It is called like one of our identifiers and has its type, so the two can be joined.",
            )
            for each in snapshot.live.columns
            if each.name in types and each.type in types[each.name] and (each.schema, each.table) not in ours
        ),
    )
