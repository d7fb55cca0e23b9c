"""A foreign key that is not one of the six.

A foreign key is a stored relationship. The six that the catalogue allows lead from a device or a key to its
owner and from a delivery to its message and its device; any other joins what must stay apart. Keys of other
tables count when they lead to or from ours, and so do all of the schemas in scope.
"""

from nosender.privacy_audit.check import Answer, Check
from nosender.privacy_audit.finding import Claim, Confidence, Found, Severity
from nosender.privacy_audit.questions.foreign_keys import foreign_keys, is_allowed
from nosender.privacy_audit.snapshot.object_names import dotted
from nosender.privacy_audit.snapshot.snapshot import Snapshot

CHECK = Check(
    slug="foreign-key-not-allowed",
    title="The only foreign keys are the allowed ones.",
    claim=Claim.NO_RELATIONSHIP,
    severity=Severity.CRITICAL,
    confidence=Confidence.CERTAIN,
    remedy="Drop the constraint and the columns that carry it.",
    since="0.1",
    waivable=False,
)


def look(snapshot: Snapshot) -> Answer:
    """Every foreign key in scope or leading to it."""
    keys = foreign_keys(snapshot)
    return Answer.of(
        keys,
        (
            Found(
                dotted(each.schema, each.table, each.name),
                "foreign key",
                f"A stored relationship: {dotted(each.schema, each.table)} ({', '.join(each.columns)}) "
                f"refers to "
                f"{dotted(each.referenced_schema or '', each.referenced_table or '')} "
                f"({', '.join(each.referenced_columns)}).",
                {"columns": list(each.columns), "referenced": each.referenced_table},
            )
            for each in keys
            if not is_allowed(snapshot, each)
        ),
    )
