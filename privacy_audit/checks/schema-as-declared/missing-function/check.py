"""A declared function that is not there.

Without the functions of the message flow an application writes to the tables itself; without those of the
sweep nothing goes; without the counting ones the auditor sees less.
"""

from nosender.privacy_audit.check import Answer, Check
from nosender.privacy_audit.finding import Claim, Confidence, Found, Severity
from nosender.privacy_audit.questions.declared import absent
from nosender.privacy_audit.snapshot.object_names import function_name
from nosender.privacy_audit.snapshot.snapshot import Snapshot

CHECK = Check(
    slug="missing-function",
    title="Every declared function is there.",
    claim=Claim.SCHEMA_AS_DECLARED,
    severity=Severity.MEDIUM,
    confidence=Confidence.CERTAIN,
    remedy="Create the function as the DDL has it, with its grants.",
    since="0.1",
)


def look(snapshot: Snapshot) -> Answer:
    """The declared functions."""
    return absent(
        snapshot,
        "functions",
        lambda each: Found(function_name(each), each.kind, "It is declared and does not exist."),
    )
