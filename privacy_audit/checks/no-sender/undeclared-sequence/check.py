"""A sequence that nobody declared.

A sequence counts, and a sequence per person or per pair counts their messages without a single row. Its last
value is readable to whoever may use it.
"""

from nosender.privacy_audit.check import Answer, Check
from nosender.privacy_audit.finding import Claim, Confidence, Found, Severity
from nosender.privacy_audit.questions.declared import closed
from nosender.privacy_audit.snapshot.object_names import dotted
from nosender.privacy_audit.snapshot.snapshot import Snapshot

CHECK = Check(
    slug="undeclared-sequence",
    title="The only sequences are those of the declared columns.",
    claim=Claim.NO_SENDER,
    severity=Severity.MEDIUM,
    confidence=Confidence.CERTAIN,
    remedy="Drop the sequence.",
    since="0.1",
)


def look(snapshot: Snapshot) -> Answer:
    """Every sequence in scope."""
    return closed(
        snapshot,
        "sequences",
        lambda each: Found(
            dotted(each.schema, each.name),
            "sequence",
            "It is not declared, and counts something.",
            {"owned_by": each.owned_by},
        ),
    )
