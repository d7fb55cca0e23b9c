"""A declared column that does not exist.

What relies on it, an expiry above all, does not work; and its name is free for something else.
"""

from nosender.privacy_audit.check import Answer, Check
from nosender.privacy_audit.finding import Claim, Confidence, Found, Severity
from nosender.privacy_audit.snapshot.object_names import dotted
from nosender.privacy_audit.snapshot.snapshot import Snapshot
from nosender.schema.catalogue.places import place_of

CHECK = Check(
    slug="missing-column",
    title="Every declared column exists.",
    claim=Claim.SCHEMA_AS_DECLARED,
    severity=Severity.MEDIUM,
    confidence=Confidence.CERTAIN,
    remedy="Bring the database to the revision that its catalogue belongs to with `nosender db upgrade`.",
    since="0.1",
)


def look(snapshot: Snapshot) -> Answer:
    """The columns of the catalogue, of the tables that exist."""
    live = {(each.schema, each.table, each.name) for each in snapshot.ours("columns")}
    declared = [
        (*place_of(table.name, snapshot.schema), column.name)
        for table in snapshot.catalogue.tables
        if table.name in snapshot.tables
        for column in table.columns
    ]
    return Answer.of(
        declared,
        (
            Found(dotted(*name), "column", "The column is declared and does not exist.")
            for name in declared
            if name not in live
        ),
    )
