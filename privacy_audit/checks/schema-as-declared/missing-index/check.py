"""A declared index that is not there.

A unique one is a safeguard: it refuses a replay and one message id for two destinations. The others serve the
sweep and the cascades, and without them what has expired cannot be found in time. Indexes of constraints come
with those.
"""

from nosender.privacy_audit.case import Case
from nosender.privacy_audit.check import Answer, Check
from nosender.privacy_audit.closed_world import absent
from nosender.privacy_audit.finding import Claim, Confidence, Found, Severity
from nosender.privacy_audit.names import dotted

CHECK = Check(
    slug="missing-index",
    title="Every declared index is there.",
    claim=Claim.SCHEMA_AS_DECLARED,
    severity=Severity.MEDIUM,
    confidence=Confidence.CERTAIN,
    remedy="Create the index as the DDL has it, concurrently where the table is large.",
    since="0.1",
)


def look(case: Case) -> Answer:
    """The declared indexes of tables that exist."""
    return absent(
        case,
        "indexes",
        lambda each: Found(
            dotted(each.schema, each.name),
            "index",
            f"It is declared on {each.table} and does not exist.",
            {"unique": each.unique},
        ),
        lambda each: each.constraint is None,
    )
