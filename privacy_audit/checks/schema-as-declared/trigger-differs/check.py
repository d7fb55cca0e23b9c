"""A declared trigger with another function, event or condition.

With WHEN (false) it is there and enabled and does nothing; with another function of the same effect on the
surface it does something else.
"""

from nosender.privacy_audit.case import Case
from nosender.privacy_audit.check import Answer, Check
from nosender.privacy_audit.closed_world import compared
from nosender.privacy_audit.finding import Claim, Confidence, Found, Severity
from nosender.privacy_audit.names import dotted

CHECK = Check(
    slug="trigger-differs",
    title="Every declared trigger fires when the DDL says.",
    claim=Claim.SCHEMA_AS_DECLARED,
    severity=Severity.HIGH,
    confidence=Confidence.CERTAIN,
    remedy="Drop the trigger and create it as the DDL has it.",
    since="0.1",
)


def look(case: Case) -> Answer:
    """The definition of each trigger."""
    return compared(
        case,
        "triggers",
        ("definition", "function", "arguments"),
        lambda live, _: Found(
            dotted(live.schema, live.table, live.name),
            "trigger",
            "It is defined in another way than declared.",
        ),
    )
