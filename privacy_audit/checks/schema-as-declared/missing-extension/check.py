"""An extension that the catalogue declares and the database does not have.

The exclusion of session keys under two users needs btree_gist; without it, it cannot be there.
"""

from nosender.privacy_audit.case import Case
from nosender.privacy_audit.check import Answer, Check, NotTested
from nosender.privacy_audit.finding import Claim, Confidence, Found, Severity
from nosender.privacy_audit.names import dotted

CHECK = Check(
    slug="missing-extension",
    title="Every declared extension is installed.",
    claim=Claim.SCHEMA_AS_DECLARED,
    severity=Severity.MEDIUM,
    confidence=Confidence.CERTAIN,
    remedy="Create the extension.",
    since="0.1",
)


def look(case: Case) -> Answer:
    """The declared extensions."""
    live = {each.name for each in case.live.extensions}
    if not case.has_ours:
        raise NotTested("the schema holds none of our tables")
    return Answer.of(
        case.catalogue.extensions,
        (
            Found(dotted(each.name), "extension", "It is declared and not installed.")
            for each in case.catalogue.extensions
            if each.name not in live
        ),
    )
