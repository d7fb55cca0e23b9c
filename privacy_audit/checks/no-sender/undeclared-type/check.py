"""A composite type, enum, domain, range or base type that nobody declared.

A composite can have a sender among its attributes, an enum a person among its labels, and a domain has a
default and constraints that no catalog of columns shows: a column of such a domain stores current_user while
it seems to have no default at all. Types that a named extension brought along are accounted for by it.
"""

from nosender.privacy_audit.check import Answer, Check
from nosender.privacy_audit.finding import Claim, Confidence, Found, Severity
from nosender.privacy_audit.questions.declared import closed
from nosender.privacy_audit.snapshot.object_names import dotted
from nosender.privacy_audit.snapshot.snapshot import Snapshot

CHECK = Check(
    slug="undeclared-type",
    title="No type of anybody's own is among the tables.",
    claim=Claim.NO_SENDER,
    severity=Severity.HIGH,
    confidence=Confidence.CERTAIN,
    remedy="Drop the type; columns hold PostgreSQL's own types, which have no parts of their own.",
    since="0.1",
)


def look(snapshot: Snapshot) -> Answer:
    """Every type in scope, composite ones included."""
    answer = closed(
        snapshot,
        "types",
        lambda each: Found(
            dotted(each.schema, each.name),
            each.kind,
            f"This {each.kind} is not declared, and a column of it can hold what a name does not tell.",
            {"labels": len(each.labels)},
        ),
    )
    composites = closed(
        snapshot,
        "relations",
        lambda each: Found(
            dotted(each.schema, each.name),
            each.kind,
            f"This composite type of {len(snapshot.columns_of(each))} attributes is not declared.",
        ),
        lambda each: each.kind == "composite type",
    )
    return Answer(answer.examined + composites.examined, answer.found + composites.found)
