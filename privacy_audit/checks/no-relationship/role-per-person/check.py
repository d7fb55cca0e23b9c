"""A guess: more than fifty roles that somebody is, or ten that are named alike but for a number.

Where each person has a role, the server itself knows who is connected when a message is stored, and writes it
into its log, its sessions and the owner of what is made. A role is somebody's who can log in, who is in one
of our groups, or whom a login becomes by SET ROLE, as behind a gateway that takes a role for each request.
"""

import re
from collections import Counter

from nosender.privacy_audit.check import Answer, Check
from nosender.privacy_audit.finding import Claim, Confidence, Found, Severity
from nosender.privacy_audit.snapshot.snapshot import Snapshot

MOST, ALIKE = 50, 10

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
    """The roles that are somebody's."""
    live = snapshot.live
    logins = {each.name for each in live.roles if each.login}
    groups = {each.name for each in snapshot.catalogue.roles}
    become = {each.role for each in live.memberships if each.member in logins}
    own = {each.name for each in live.roles} - groups
    people = own & (logins | become | {each.member for each in live.memberships if each.role in groups})
    alike = Counter(re.sub(r"[0-9]+", "0", name) for name in people)
    alike = Counter({name: count for name, count in alike.items() if "0" in name and count >= ALIKE})
    reasons = []
    if len(people) > MOST:
        reasons.append(f"{len(people)} roles are somebody's, which looks like one for each person")
    if alike:
        reasons.append(f"{sum(alike.values())} roles are named alike but for a number")
    found = [Found("roles", "cluster", f"{'; '.join(reasons)}.", {"count": len(people)})] if reasons else []
    return Answer(len(people), tuple(found))
