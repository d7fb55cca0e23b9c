"""A version table that holds more than the revision: a row more, or a text that is no revision.

Alembic's table is nobody's to write to, so nobody reads its rows; a list of any pairs fits into it. What it
cannot see: which revision is right, which is `nosender db check`'s question.
"""

import re

from nosender.privacy_audit.check import Answer, Check
from nosender.privacy_audit.finding import Claim, Confidence, Found, Severity
from nosender.privacy_audit.snapshot.snapshot import Snapshot

CHECK = Check(
    slug="recorded-revision",
    title="The version table records one revision, and nothing else.",
    claim=Claim.SCHEMA_AS_DECLARED,
    severity=Severity.HIGH,
    confidence=Confidence.CERTAIN,
    remedy="Delete all of alembic_version but the revision; `nosender db check` tells whether it is right.",
    since="0.2",
)

_REVISION = re.compile(r"[0-9]{4}")


def look(snapshot: Snapshot) -> Answer:
    """The rows of the probe; none where the DDL was loaded without Alembic."""
    (row,) = snapshot.probe("audit_revision")
    recorded = [] if row["value"] is None else row["value"].split(",")
    if not recorded or (len(recorded) == 1 and _REVISION.fullmatch(recorded[0])):
        return Answer(len(recorded), ())
    found = Found(
        snapshot.named("alembic_version"),
        "table",
        "It holds something else beside a revision, or instead of it.",
        {"rows": len(recorded)},
    )
    return Answer(len(recorded), (found,))
