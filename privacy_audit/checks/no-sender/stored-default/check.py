"""A value that ALTER TABLE ... ADD COLUMN ... DEFAULT left in the catalog.

PostgreSQL keeps it in pg_attribute, readable for everybody, for the rows that were there before; dropping the
default or renaming the column does not remove it. Harmless for a state or a counter; for a number, key or
identifier, or a column that nobody declared, it is a value at large. The value itself is not read, only that
there is one.
"""

from nosender.privacy_audit.check import Answer, Check
from nosender.privacy_audit.finding import Claim, Confidence, Found, Severity
from nosender.privacy_audit.snapshot.object_names import dotted
from nosender.privacy_audit.snapshot.snapshot import Snapshot
from nosender.schema.catalogue.places import place_of

CHECK = Check(
    slug="stored-default",
    title="No default of the past stands in the catalog beside a personal or undeclared column.",
    claim=Claim.NO_SENDER,
    severity=Severity.HIGH,
    confidence=Confidence.CERTAIN,
    remedy="Rewrite the table with VACUUM FULL after the default is gone, or drop the column and rewrite.",
    since="0.1",
)


def look(snapshot: Snapshot) -> Answer:
    """Every column in scope that is personal, unsampled or undeclared."""
    harmless = {
        (*place_of(table.name, snapshot.schema), column.name)
        for table in snapshot.catalogue.tables
        for column in table.columns
        if column.data_class.sampled
    }
    columns = [
        each for each in snapshot.in_scope("columns") if (each.schema, each.table, each.name) not in harmless
    ]
    return Answer.of(
        columns,
        (
            Found(
                dotted(each.schema, each.table, each.name),
                "column",
                "The catalog keeps a value that was once its default, for everybody to read.",
            )
            for each in columns
            if each.has_missing_value
        ),
    )
