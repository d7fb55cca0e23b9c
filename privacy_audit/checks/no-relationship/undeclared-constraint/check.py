"""A primary key, unique, check or exclusion constraint that nobody declared.

A unique key over two columns says that each pair exists once, so it is what makes a table of contacts; a
check can hold a number in its text. Compared by what it says, not by its name. Foreign keys are a matter of
their own.
"""

from nosender.privacy_audit.check import Answer, Check
from nosender.privacy_audit.finding import Claim, Confidence, Found, Severity
from nosender.privacy_audit.questions.declared import closed
from nosender.privacy_audit.snapshot.object_names import dotted
from nosender.privacy_audit.snapshot.snapshot import Snapshot

KINDS = ("primary key", "unique", "check", "exclusion")

CHECK = Check(
    slug="undeclared-constraint",
    title="The only constraints are the declared ones.",
    claim=Claim.NO_RELATIONSHIP,
    severity=Severity.HIGH,
    confidence=Confidence.CERTAIN,
    remedy="Drop the constraint, or bring it into the DDL with the reason.",
    since="0.1",
)


def look(snapshot: Snapshot) -> Answer:
    """Every constraint of these kinds in scope."""
    return closed(
        snapshot,
        "constraints",
        lambda each: Found(
            dotted(each.schema, each.table, each.name),
            f"{each.kind} constraint",
            f"It is not declared, and says something about {', '.join(each.columns) or 'the row'}.",
            {"columns": list(each.columns)},
        ),
        lambda each: each.kind in KINDS,
    )
