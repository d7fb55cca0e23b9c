"""A column that the catalogue does not declare.

The closed world: not names that sound like a sender, but every stored attribute that nobody has declared is a
finding, so a sender under any name is one. Columns of views, composite types and foreign tables count. What a
declared column really holds is a matter for the probes of the other claims.
"""

from nosender.privacy_audit.check import Answer, Check
from nosender.privacy_audit.finding import Claim, Confidence, Found, Severity
from nosender.privacy_audit.questions.declared import in_catalogue, undeclared
from nosender.privacy_audit.snapshot.object_names import dotted
from nosender.privacy_audit.snapshot.snapshot import Snapshot

CHECK = Check(
    slug="undeclared-column",
    title="Every column is declared, with what it is for.",
    claim=Claim.NO_SENDER,
    severity=Severity.HIGH,
    confidence=Confidence.CERTAIN,
    remedy="Drop the column and rewrite the table, or declare it in the catalogue with its purpose and "
    "class.",
    since="0.1",
    waivable=False,
)


def look(snapshot: Snapshot) -> Answer:
    """Every column in scope, but those of the catalogue."""
    return Answer.of(
        snapshot.in_scope("columns"),
        (
            Found(
                dotted(each.schema, each.table, each.name),
                "column",
                f"A {snapshot.kinds[each.schema, each.table]} stands where its table is declared, and can "
                "hold anything."
                if in_catalogue(snapshot, each.schema, each.table, each.name)
                else f"Nothing declares what this column of type {each.type} holds; it could be who sent "
                "what.",
                {"type": each.type, "relation": snapshot.kinds[each.schema, each.table]},
            )
            for each in undeclared(snapshot, "columns")
        ),
    )
