"""Many deleted rows of a table of ours wait for a vacuum, and none has come for a day.

Until a vacuum they lie in the file as they were, readable to whoever reads the file. A thousand rows and a
fifth of the table count as many. From the server's own statistics, which are an estimate; it cannot see how
old each row is, nor bytes in pages that were vacuumed and not used again.
"""

from nosender.privacy_audit.case import Case
from nosender.privacy_audit.check import Answer, Check
from nosender.privacy_audit.finding import Claim, Confidence, Found, Severity
from nosender.privacy_audit.names import dotted

MANY = 1000  # rows
DAY = 86400  # seconds

CHECK = Check(
    slug="unvacuumed-rows",
    title="Deleted rows are vacuumed away within a day.",
    claim=Claim.RETENTION_RUNS,
    severity=Severity.MEDIUM,
    confidence=Confidence.LIKELY,
    remedy=(
        "Run `nosender retention erase`, and make autovacuum keep up: lower "
        "autovacuum_vacuum_scale_factor for the table."
    ),
    since="0.1",
)


def look(case: Case) -> Answer:
    """The statistics of each table."""
    late = [
        each
        for each in case.surroundings.vacuums
        if each.dead >= MANY
        and each.dead * 5 > each.live + each.dead
        and (each.seconds is None or each.seconds > DAY)
    ]
    return Answer.of(
        case.surroundings.vacuums,
        (
            Found(
                dotted(each.schema, each.table),
                "table",
                f"Deleted rows of {each.table} have waited for a vacuum for more than a day.",
            )
            for each in late
        ),
    )
