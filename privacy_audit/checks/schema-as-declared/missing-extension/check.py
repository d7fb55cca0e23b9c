"""An extension that the catalogue declares and the database does not have.

The exclusion of session keys under two users needs btree_gist; without it, it cannot be there.
"""

from nosender.privacy_audit.check import Answer, Check
from nosender.privacy_audit.finding import Claim, Confidence, Found, NotTested, Severity
from nosender.privacy_audit.snapshot.object_names import dotted
from nosender.privacy_audit.snapshot.snapshot import NOT_OURS, Snapshot

CHECK = Check(
    slug="missing-extension",
    title="Every declared extension is installed.",
    claim=Claim.SCHEMA_AS_DECLARED,
    severity=Severity.MEDIUM,
    confidence=Confidence.CERTAIN,
    remedy="Create the extension.",
    since="0.1",
)


def look(snapshot: Snapshot) -> Answer:
    """The declared extensions."""
    live = {each.name for each in snapshot.live.extensions}
    if not snapshot.has_ours:
        raise NotTested(NOT_OURS)
    return Answer.of(
        snapshot.catalogue.extensions,
        (
            Found(dotted(each.name), "extension", "It is declared and not installed.")
            for each in snapshot.catalogue.extensions
            if each.name not in live
        ),
    )
