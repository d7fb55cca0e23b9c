"""Values that the planner's statistics keep of columns of which they should keep none.

They stand in pg_statistic, and in every dump of it, after the rows are gone: neither DELETE nor TRUNCATE nor
VACUUM FULL nor a target of 0 set afterwards removes them. Counts them through the owner's rights; no value is
read.
"""

from nosender.privacy_audit.check import Answer, Check
from nosender.privacy_audit.finding import Claim, Confidence, Found, Severity
from nosender.privacy_audit.snapshot.snapshot import Snapshot

CHECK = Check(
    slug="statistics-kept",
    title="The planner keeps no numbers, identifiers or ciphertexts.",
    claim=Claim.RETENTION_RUNS,
    severity=Severity.HIGH,
    confidence=Confidence.CERTAIN,
    remedy="Change the column's type to itself (ALTER TYPE), or have a superuser delete the rows from "
    "pg_statistic.",
    since="0.1",
)


def look(snapshot: Snapshot) -> Answer:
    """The counts of the probe for such columns."""
    unsampled = {
        (table.name, column.name)
        for table in snapshot.catalogue.tables
        for column in table.columns
        if not column.data_class.sampled
    }
    rows = snapshot.probe("audit_statistics")
    return Answer(
        len(unsampled),
        tuple(
            Found(
                snapshot.named(row["table_name"], row["column_name"]),
                "column",
                f"The planner keeps {row['kept']} of its values, whether their rows are there or not.",
                {"kept": row["kept"]},
            )
            for row in rows
            if row["kept"] and (row["table_name"], row["column_name"]) in unsampled
        ),
    )
