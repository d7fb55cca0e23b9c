"""A rewrite rule.

A rule does not fire, it rewrites: DO ALSO INSERT copies every row elsewhere, and nothing in the table or its
triggers shows it. There is no rule in the DDL. The rule that makes a view a view is a matter of
undeclared-view.
"""

from nosender.privacy_audit.check import Answer, Check
from nosender.privacy_audit.finding import Claim, Confidence, Found, Severity
from nosender.privacy_audit.questions.declared import closed
from nosender.privacy_audit.snapshot.object_names import dotted
from nosender.privacy_audit.snapshot.snapshot import Snapshot

CHECK = Check(
    slug="undeclared-rule",
    title="No rule rewrites what is sent to the tables.",
    claim=Claim.NO_SENDER,
    severity=Severity.HIGH,
    confidence=Confidence.CERTAIN,
    remedy="Drop the rule, and look at where it wrote.",
    since="0.1",
)


def look(snapshot: Snapshot) -> Answer:
    """Every rule in scope, but those that make a view."""
    return closed(
        snapshot,
        "rules",
        lambda each: Found(
            dotted(each.schema, each.table, each.name),
            "rule",
            f"It is not declared, and rewrites each {each.event} on {dotted(each.schema, each.table)}.",
            {"event": each.event, "instead": each.instead},
        ),
    )
