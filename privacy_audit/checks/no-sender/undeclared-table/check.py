"""A table, partition or foreign table that the catalogue does not declare.

Whatever it is called and whatever it holds today, it can hold who wrote to whom: a history, a contact list,
an audit trail. It looks at every schema that holds anything that leans on our tables. It cannot see a table
in a schema that nothing connects with ours; those schemas are listed among the limits.
"""

from nosender.privacy_audit.check import Answer, Check
from nosender.privacy_audit.finding import Claim, Confidence, Found, Severity
from nosender.privacy_audit.questions.declared import in_catalogue, undeclared
from nosender.privacy_audit.snapshot.object_names import dotted
from nosender.privacy_audit.snapshot.snapshot import Snapshot

KINDS = ("table", "partitioned table", "foreign table")

CHECK = Check(
    slug="undeclared-table",
    title="Every table is declared, with what it is for.",
    claim=Claim.NO_SENDER,
    severity=Severity.HIGH,
    confidence=Confidence.CERTAIN,
    remedy="Drop the table, or declare it in the catalogue with the purpose of each column.",
    since="0.1",
)


def look(snapshot: Snapshot) -> Answer:
    """Every relation of these kinds in scope, but those of the catalogue."""
    return Answer.of(
        [each for each in snapshot.in_scope("relations") if each.kind in KINDS],
        (
            Found(
                dotted(each.schema, each.name),
                each.kind,
                f"The catalogue declares a table of this name, and the DDL no such {each.kind}."
                if in_catalogue(snapshot, each.schema, each.name)
                else f"Nothing declares what this {each.kind} of {len(snapshot.columns_of(each))} columns is "
                "for.",
                {"columns": len(snapshot.columns_of(each))},
            )
            for each in undeclared(snapshot, "relations")
            if each.kind in KINDS
        ),
    )
