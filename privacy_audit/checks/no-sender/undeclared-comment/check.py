"""A comment that is not the one made from the catalogue.

Comments are free text that every login can read and every dump carries, so somebody's note is published; one
on the schema, the database or a role as well as one on a table. The texts with which PostgreSQL itself
comments a new database are none of anybody's. A comment on an extension is not looked at: it brings its own.
Numbers in comments are a matter of number-in-name.
"""

from nosender.privacy_audit.check import Answer, Check
from nosender.privacy_audit.finding import Claim, Confidence, Found, Severity
from nosender.privacy_audit.snapshot.snapshot import Snapshot

STOCK = frozenset(
    {
        "standard public schema",
        "default administrative connection database",
        "default template for new databases",
        "unmodifiable empty database",
    }
)
"""What initdb writes."""

CHECK = Check(
    slug="undeclared-comment",
    title="The comments are the declared ones.",
    claim=Claim.NO_SENDER,
    severity=Severity.LOW,
    confidence=Confidence.CERTAIN,
    remedy="Set the comment of the DDL again, or take the comment away.",
    since="0.1",
)


def look(snapshot: Snapshot) -> Answer:
    """Every comment in scope."""
    declared = {(each.kind, each.object, each.text) for each in snapshot.declared.comments}
    live = [
        each
        for each in snapshot.live.comments
        if each.kind != "extension"
        and each.text not in STOCK
        and (each.schema is None or each.schema in snapshot.scope)
    ]
    return Answer.of(
        live,
        (
            Found(each.object, f"comment on {each.kind}", "The comment is not the declared one.")
            for each in live
            if (each.kind, each.object, each.text) not in declared
        ),
    )
