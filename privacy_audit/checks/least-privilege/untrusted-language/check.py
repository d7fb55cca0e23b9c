"""A procedural language that is not trusted.

Its functions do what the server's own account may do: read the files of the database past every grant, run
programs, open connections.
"""

from nosender.privacy_audit.check import Answer, Check
from nosender.privacy_audit.finding import Claim, Confidence, Found, Severity
from nosender.privacy_audit.snapshot.snapshot import Snapshot

CHECK = Check(
    slug="untrusted-language",
    title="No language of the database reaches files, programs or the network.",
    claim=Claim.LEAST_PRIVILEGE,
    severity=Severity.HIGH,
    confidence=Confidence.CERTAIN,
    remedy="Drop the language, and look at every function in it.",
    since="0.1",
)


def look(snapshot: Snapshot) -> Answer:
    """Every language of somebody's own."""
    languages = [each for each in snapshot.live.others if each.kind == "language"]
    return Answer.of(
        languages,
        (
            Found(each.name, "language", "Its functions can do whatever the server's account may do.")
            for each in languages
            if each.definition.startswith("untrusted")
        ),
    )
