"""A schema in which something leans on a table or function of ours, and which nobody declared.

A key, view, function, trigger, child table or extended statistics there is a second place where what we keep
apart can meet, so everything in such a schema is held against the catalogue. Functions lean on us when their
text names one of our tables or functions with its schema, or one that nobody else's would be called.
"""

from nosender.privacy_audit.check import Answer, Check
from nosender.privacy_audit.finding import Claim, Confidence, Found, Severity
from nosender.privacy_audit.snapshot.object_names import dotted
from nosender.privacy_audit.snapshot.snapshot import Snapshot

CHECK = Check(
    slug="undeclared-schema",
    title="Nothing outside the schema leans on our tables.",
    claim=Claim.NO_RELATIONSHIP,
    severity=Severity.HIGH,
    confidence=Confidence.CERTAIN,
    remedy="Drop what leans on our tables or functions, or the schema: no excuse covers it.",
    since="0.1",
)


def look(snapshot: Snapshot) -> Answer:
    """Every schema but ours and a project's."""
    schemas = [each.name for each in snapshot.live.schemas if each.name not in snapshot.schemas]
    return Answer.of(
        schemas,
        (
            Found(
                dotted(name),
                "schema",
                f"What is in it leans on our tables: {', '.join(snapshot.touching[name][:5])}.",
                {"leaning": snapshot.touching[name]},
            )
            for name in schemas
            if name in snapshot.touching
        ),
    )
