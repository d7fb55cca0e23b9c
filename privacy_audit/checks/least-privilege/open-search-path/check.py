"""A SECURITY DEFINER function, in any schema, without a search_path of its own.

Its caller decides then which table, operator or function its names mean, and it runs what the caller planted
with its owner's rights.
"""

from nosender.privacy_audit.check import Answer, Check
from nosender.privacy_audit.finding import Claim, Confidence, Found, Severity
from nosender.privacy_audit.snapshot.object_names import function_name
from nosender.privacy_audit.snapshot.snapshot import Snapshot

CHECK = Check(
    slug="open-search-path",
    title="Every function with its owner's rights says where it looks names up.",
    claim=Claim.LEAST_PRIVILEGE,
    severity=Severity.MEDIUM,
    confidence=Confidence.CERTAIN,
    remedy="Set search_path on the function to its schema and pg_temp.",
    since="0.1",
)


def look(snapshot: Snapshot) -> Answer:
    """Every function of the database that runs with its owner's rights."""
    definers = [each for each in snapshot.live.functions if each.security_definer]
    return Answer.of(
        definers,
        (
            Found(
                function_name(each),
                each.kind,
                "It runs with its owner's rights and looks names up where its caller says.",
            )
            for each in definers
            if not any(line.startswith("search_path=") for line in each.config)
        ),
    )
