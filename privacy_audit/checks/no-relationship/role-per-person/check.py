"""A guess: more than fifty roles that can log in.

Where each person has a role, the server itself knows who is connected when a message is stored, and writes it
into its log, its sessions and the owner of what is made.
"""

from nosender.privacy_audit.check import Answer, Check
from nosender.privacy_audit.finding import Claim, Confidence, Found, Severity
from nosender.privacy_audit.snapshot.snapshot import Snapshot

MOST = 50

CHECK = Check(
    slug="role-per-person",
    title="Database roles are for programs, not for people who write.",
    claim=Claim.NO_RELATIONSHIP,
    severity=Severity.MEDIUM,
    confidence=Confidence.HINT,
    remedy="Let the application connect with one role; whom it acts for is not the database's business.",
    since="0.1",
)


def look(snapshot: Snapshot) -> Answer:
    """The roles that can log in."""
    logins = [each for each in snapshot.live.roles if each.login]
    found: tuple[Found, ...] = ()
    if len(logins) > MOST:
        found = (
            Found(
                "roles",
                "cluster",
                f"{len(logins)} roles can log in, which looks like one for each person.",
                {"count": len(logins)},
            ),
        )
    return Answer(len(logins), found)
