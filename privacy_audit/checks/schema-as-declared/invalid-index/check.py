"""An index that is not valid.

CREATE INDEX CONCURRENTLY leaves one behind when it fails: it is maintained and never used, and a unique one
has never been asked of the rows that were there.
"""

from nosender.privacy_audit.check import Answer, Check
from nosender.privacy_audit.finding import Claim, Confidence, Found, Severity
from nosender.privacy_audit.snapshot.object_names import dotted
from nosender.privacy_audit.snapshot.snapshot import Snapshot

CHECK = Check(
    slug="invalid-index",
    title="Every index is whole and in use.",
    claim=Claim.SCHEMA_AS_DECLARED,
    severity=Severity.MEDIUM,
    confidence=Confidence.CERTAIN,
    remedy="Drop the index, or build it anew with REINDEX INDEX CONCURRENTLY.",
    since="0.1",
)


def look(snapshot: Snapshot) -> Answer:
    """Every index in scope."""
    indexes = snapshot.in_scope("indexes")
    return Answer.of(
        indexes,
        (
            Found(dotted(each.schema, each.name), "index", "It is not valid, so no query uses it.")
            for each in indexes
            if not (each.valid and each.ready and each.live)
        ),
    )
