"""A declared column of another type than declared, so that it can hold more than was promised.

A destination that became JSON, an identifier that became a composite with a sender inside, a key that became
free text: the name is declared, the content is not. Domains count: their defaults and constraints lie outside
the table. It compares types as PostgreSQL writes them, with their length and collation.
"""

from nosender.privacy_audit.check import Answer, Check
from nosender.privacy_audit.finding import Claim, Confidence, Found, Severity
from nosender.privacy_audit.questions.declared import differing
from nosender.privacy_audit.snapshot.object_names import dotted
from nosender.privacy_audit.snapshot.snapshot import Snapshot

CHECK = Check(
    slug="column-type",
    title="Every declared column has its declared type.",
    claim=Claim.NO_SENDER,
    severity=Severity.HIGH,
    confidence=Confidence.CERTAIN,
    remedy="Change the column back to its declared type, or bring DDL, migration and catalogue along.",
    since="0.1",
)


def look(snapshot: Snapshot) -> Answer:
    """Type, base type and collation of each column."""
    pairs = differing(snapshot, "columns", "type", "base_type", "element_type", "collation")
    return Answer(
        len(snapshot.declared.columns),
        tuple(
            Found(
                dotted(live.schema, live.table, live.name),
                "column",
                f"The column is {live.type} and is declared as {declared.type}.",
                {"type": live.type, "declared": declared.type},
            )
            for live, declared in pairs
        ),
    )
