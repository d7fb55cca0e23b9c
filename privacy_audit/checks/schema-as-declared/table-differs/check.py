"""A declared table that is unlogged, under row level security, or kept by another access method.

An unlogged table is emptied by a crash and is in no replica and no backup; row level security hides rows,
from the sweep and the auditor too; another access method may never overwrite what is deleted.
"""

from nosender.privacy_audit.check import Answer, Check
from nosender.privacy_audit.finding import Claim, Confidence, Found, Severity
from nosender.privacy_audit.questions.declared import compared
from nosender.privacy_audit.snapshot.object_names import dotted
from nosender.privacy_audit.snapshot.snapshot import Snapshot

CHECK = Check(
    slug="table-differs",
    title="Every declared table is logged, open to its owner and kept in the ordinary way.",
    claim=Claim.SCHEMA_AS_DECLARED,
    severity=Severity.MEDIUM,
    confidence=Confidence.CERTAIN,
    remedy="Put the table back as the DDL has it: SET LOGGED, DISABLE ROW LEVEL SECURITY, SET ACCESS METHOD "
    "heap.",
    since="0.1",
)


def look(snapshot: Snapshot) -> Answer:
    """Persistence, row security and access method of each table."""
    return compared(
        snapshot,
        "relations",
        ("persistence", "row_security", "row_security_forced", "access_method", "kind", "of_type"),
        lambda live, _: Found(
            dotted(live.schema, live.name),
            live.kind,
            "It is kept in another way than declared.",
            {"persistence": live.persistence, "row_security": live.row_security},
        ),
    )
