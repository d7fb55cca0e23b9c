"""A row security policy.

A policy that lets a role see its own rows must know which rows are whose, as a comparison with
current_setting('app.user') needs a sender. It also hides rows from whoever looks, an auditor first. There
is none in the DDL.
"""

from nosender.privacy_audit.check import Answer, Check
from nosender.privacy_audit.finding import Claim, Confidence, Found, Severity
from nosender.privacy_audit.questions.declared import closed
from nosender.privacy_audit.snapshot.object_names import dotted
from nosender.privacy_audit.snapshot.snapshot import Snapshot

CHECK = Check(
    slug="undeclared-policy",
    title="No row security policy knows who is who.",
    claim=Claim.NO_SENDER,
    severity=Severity.HIGH,
    confidence=Confidence.CERTAIN,
    remedy="Drop the policy; who may do what is decided by the functions and their grants.",
    since="0.1",
)


def look(snapshot: Snapshot) -> Answer:
    """Every policy in scope."""
    return closed(
        snapshot,
        "policies",
        lambda each: Found(
            dotted(each.schema, each.table, each.name),
            "policy",
            f"It is not declared, and decides by its own rule who sees which rows on {each.command}.",
            {"roles": list(each.roles)},
        ),
    )
