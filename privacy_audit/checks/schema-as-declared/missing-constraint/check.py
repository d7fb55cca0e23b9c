"""A declared key, check or exclusion that is not there, or says something else.

They are the safeguards themselves: without the checks exact times and plaintext can be stored, without the
exclusion two users can hold one session key. Compared by what a constraint says; one that is there and not
validated counts as absent.
"""

from nosender.privacy_audit.check import Answer, Check
from nosender.privacy_audit.finding import Claim, Confidence, Found, Severity
from nosender.privacy_audit.questions.declared import absent
from nosender.privacy_audit.snapshot.object_names import dotted
from nosender.privacy_audit.snapshot.snapshot import Snapshot

CHECK = Check(
    slug="missing-constraint",
    title="Every declared constraint is there and says what it should.",
    claim=Claim.SCHEMA_AS_DECLARED,
    severity=Severity.HIGH,
    confidence=Confidence.CERTAIN,
    remedy="Add the constraint as the DDL has it.",
    since="0.1",
)


def look(snapshot: Snapshot) -> Answer:
    """The declared constraints of tables that exist; foreign keys are a matter of their own."""
    return absent(
        snapshot,
        "constraints",
        lambda each: Found(
            dotted(each.schema, each.table, each.name),
            f"{each.kind} constraint",
            f"It is declared for {', '.join(each.columns) or 'the row'}, and nothing in force says the same.",
            {"columns": list(each.columns)},
        ),
        lambda each: each.kind != "foreign key",
    )
