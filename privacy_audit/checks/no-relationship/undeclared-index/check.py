"""An index that nobody declared.

An index is a second copy of its columns in another order: one over a device and a time is a log of who reads
when, one over an expression can join what the table keeps apart, and a predicate can hold a number for
everybody to read.
"""

from nosender.privacy_audit.check import Answer, Check
from nosender.privacy_audit.finding import Claim, Confidence, Found, Severity
from nosender.privacy_audit.questions.declared import closed
from nosender.privacy_audit.snapshot.object_names import dotted
from nosender.privacy_audit.snapshot.snapshot import Snapshot

CHECK = Check(
    slug="undeclared-index",
    title="The only indexes are the declared ones.",
    claim=Claim.NO_RELATIONSHIP,
    severity=Severity.MEDIUM,
    confidence=Confidence.CERTAIN,
    remedy="Drop the index; if a query needs it, bring it into the DDL with the reason.",
    since="0.1",
)


def look(snapshot: Snapshot) -> Answer:
    """Every index in scope that serves no constraint."""
    return closed(
        snapshot,
        "indexes",
        lambda each: Found(
            dotted(each.schema, each.name),
            "index",
            f"It keeps a copy of columns of {dotted(each.schema, each.table)} in an order that nobody "
            f"declared.",
            {"table": each.table, "columns": [name or "(expression)" for name in each.columns]},
        ),
        lambda each: each.constraint is None,
    )
