"""One of our three groups with an attribute or a membership of its own.

They are groups that nobody logs in as, with EXECUTE on their functions. A superuser, one that passes row
security, or a member of pg_read_all_data among them reads everything. The auditor alone may be in
pg_read_all_settings.
"""

from nosender.privacy_audit.check import Answer, Check
from nosender.privacy_audit.finding import Claim, Confidence, Found, Severity
from nosender.privacy_audit.snapshot.object_names import dotted
from nosender.privacy_audit.snapshot.snapshot import Snapshot

ATTRIBUTES = ("superuser", "login", "create_role", "create_database", "replication", "bypass_row_security")
ALLOWED = {("pg_read_all_settings", "nosender_auditor")}

CHECK = Check(
    slug="powerful-role",
    title="The three groups can do nothing but call their functions.",
    claim=Claim.LEAST_PRIVILEGE,
    severity=Severity.HIGH,
    confidence=Confidence.CERTAIN,
    remedy="Take the attribute or membership away.",
    since="0.1",
)


def look(snapshot: Snapshot) -> Answer:
    """The declared roles."""
    ours = {named.name for named in snapshot.catalogue.roles}
    reasons: dict[str, list[str]] = {}
    for role in snapshot.live.roles:
        if role.name in ours:
            reasons[role.name] = [name.replace("_", " ") for name in ATTRIBUTES if getattr(role, name)]
    for membership in snapshot.live.memberships:
        if membership.member in ours and (membership.role, membership.member) not in ALLOWED:
            reasons.setdefault(membership.member, []).append(f"member of {dotted(membership.role)}")
    return Answer.of(
        reasons,
        (
            Found(
                dotted(name),
                "role",
                f"It has more than its functions: {', '.join(what)}.",
                {"rights": what},
            )
            for name, what in sorted(reasons.items())
            if what
        ),
    )
