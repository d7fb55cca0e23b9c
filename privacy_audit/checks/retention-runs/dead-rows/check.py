"""A table with more deleted rows in its file than rows, which no vacuum has passed for a day.

They are out of every query and still in the file, number and ciphertext. How many there are moves with time
and stands under run.measured.
"""

from nosender.privacy_audit.check import Answer, Check
from nosender.privacy_audit.finding import Claim, Confidence, Found, Severity
from nosender.privacy_audit.snapshot.object_names import dotted
from nosender.privacy_audit.snapshot.snapshot import Snapshot

FEW = 1000
DAY = 86400

CHECK = Check(
    slug="dead-rows",
    title="What is deleted does not stay in the files for long.",
    claim=Claim.RETENTION_RUNS,
    severity=Severity.LOW,
    confidence=Confidence.LIKELY,
    remedy="Run VACUUM on the table; where the bytes must go, `nosender retention erase` rewrites it.",
    since="0.1",
)


def look(snapshot: Snapshot) -> Answer:
    """What the server counts about our tables."""
    vacuums = snapshot.surroundings.vacuums
    return Answer.of(
        vacuums,
        (
            Found(
                dotted(each.schema, each.table),
                "table",
                "More rows in its file are deleted than not, and no vacuum has passed for a day.",
            )
            for each in vacuums
            if each.dead > max(FEW, each.live) and (each.seconds is None or each.seconds > DAY)
        ),
    )
