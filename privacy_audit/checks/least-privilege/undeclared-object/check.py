"""An operator, cast, language or the like that nobody declared, where it can meet our tables.

Operator classes, collations, conversions, transforms, access methods and text search objects count too. An
operator in our schema that fits two arguments better than PostgreSQL's own is taken in its stead, by whoever
compares next and with their rights; a cast runs unasked. Casts, languages and access methods have no schema,
so all of them count.
"""

from nosender.privacy_audit.check import Answer, Check
from nosender.privacy_audit.finding import Claim, Confidence, Found, Severity
from nosender.privacy_audit.snapshot.snapshot import Snapshot

ELSEWHERE = ("foreign-data wrapper",)

CHECK = Check(
    slug="undeclared-object",
    title="No operator, cast, language or dictionary of anybody's own stands in the way.",
    claim=Claim.LEAST_PRIVILEGE,
    severity=Severity.HIGH,
    confidence=Confidence.CERTAIN,
    remedy="Drop the object.",
    since="0.1",
)


def look(snapshot: Snapshot) -> Answer:
    """Every such object in scope that no extension brought along."""
    live = [
        each
        for each in snapshot.live.others
        if each.extension is None
        and each.kind not in ELSEWHERE
        and (each.schema is None or each.schema in snapshot.scope)
    ]
    declared = {(each.kind, each.name) for each in snapshot.declared.others}
    return Answer.of(
        live,
        (
            Found(
                each.name,
                each.kind,
                f"This {each.kind} is not declared, and can be taken for PostgreSQL's own.",
            )
            for each in live
            if (each.kind, each.name) not in declared
        ),
    )
