"""A column that was dropped from a table which has rows.

DROP COLUMN hides the column and leaves its values in every row: all copies of a dropped sender were still in
the file after a vacuum, and none after VACUUM FULL. The catalog keeps the mark of a dropped column through a
rewrite, so this cannot tell whether one has passed since; a table without a page holds nothing and is no
finding.
"""

from nosender.privacy_audit.case import Case
from nosender.privacy_audit.check import Answer, Check
from nosender.privacy_audit.finding import Claim, Confidence, Found, Severity
from nosender.privacy_audit.names import dotted

CHECK = Check(
    slug="dropped-column",
    title="No dropped column can still be read from the files.",
    claim=Claim.RETENTION_RUNS,
    severity=Severity.MEDIUM,
    confidence=Confidence.LIKELY,
    remedy="Write the table anew (VACUUM FULL, or `nosender retention erase --rewrite`) and waive the "
    "finding with the date.",
    since="0.1",
)


def look(case: Case) -> Answer:
    """The marks of dropped columns in scope."""
    empty = {(each.schema, each.table) for each in case.surroundings.vacuums if each.pages == 0}
    dropped = case.in_scope(case.live.dropped_columns)
    return Answer.of(
        case.in_scope(case.live.relations),
        (
            Found(
                dotted(each.schema, each.table, f"dropped column {each.number}"),
                "dropped column",
                "Its values are in the file until the table is written anew.",
                {"number": each.number},
            )
            for each in dropped
            if (each.schema, each.table) not in empty
        ),
    )
