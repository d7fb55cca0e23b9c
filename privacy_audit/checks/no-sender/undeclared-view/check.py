"""A view or materialized view that nobody declared.

A view can put a sender's device beside a destination without storing anything, and a materialized view stores
it, and keeps it after the rows are gone until its next refresh. Views of other schemas that read our tables
count. The closed world leaves no room for an innocent one: there is none in the DDL.
"""

from nosender.privacy_audit.check import Answer, Check
from nosender.privacy_audit.finding import Claim, Confidence, Found, Severity
from nosender.privacy_audit.questions.declared import closed
from nosender.privacy_audit.snapshot.object_names import dotted
from nosender.privacy_audit.snapshot.snapshot import Snapshot

VIEWS = ("view", "materialized view")

CHECK = Check(
    slug="undeclared-view",
    title="No view joins, copies or filters what the tables hold.",
    claim=Claim.NO_SENDER,
    severity=Severity.HIGH,
    confidence=Confidence.CERTAIN,
    remedy="Drop the view; if it is needed, let it be a function that answers one question to one role.",
    since="0.1",
)


def look(snapshot: Snapshot) -> Answer:
    """Every view in scope."""
    return closed(
        snapshot,
        "relations",
        lambda each: Found(
            dotted(each.schema, each.name),
            each.kind,
            "It is not declared, and whoever may read it sees what it shows.",
        ),
        lambda each: each.kind in VIEWS,
    )
