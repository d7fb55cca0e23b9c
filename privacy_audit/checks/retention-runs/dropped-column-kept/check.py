"""A column was dropped and the table has never been written anew: its values are still in the rows.

DROP COLUMN takes the name away and leaves the bytes of every row that was there. A dropped sender is still
a sender to whoever reads the file. It cannot tell, for a table that was written anew once, whether that was
before the drop or after; such a table passes.
"""

from nosender.privacy_audit.case import Case
from nosender.privacy_audit.check import Answer, Check
from nosender.privacy_audit.finding import Claim, Confidence, Found, Severity
from nosender.privacy_audit.names import dotted

CHECK = Check(
    slug="dropped-column-kept",
    title="No table of ours keeps the bytes of a dropped column.",
    claim=Claim.RETENTION_RUNS,
    severity=Severity.HIGH,
    confidence=Confidence.CERTAIN,
    remedy="Write the table anew: `nosender retention erase --rewrite`, or VACUUM (FULL) on the table.",
    since="0.1",
)


def look(case: Case) -> Answer:
    """The tables with dropped columns, as the probe finds them."""
    rows = [row for row in case.probe("audit_dropped_columns") if row["table_name"] in case.tables]
    return Answer.of(
        case.tables,
        (
            Found(
                dotted(case.schema, row["table_name"]),
                "table",
                f"Columns of {row['table_name']} were dropped and their values are still in its rows.",
                {"columns": row["dropped"]},
            )
            for row in rows
            if not row["rewritten"]
        ),
    )
