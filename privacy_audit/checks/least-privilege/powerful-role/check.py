"""One of our four groups with an attribute or a membership of its own, or somebody who is in two of them.

They are groups that nobody logs in as, with EXECUTE on their functions. A superuser, one that passes row
security, or a member of pg_read_all_data among them reads everything. The auditor alone may be in
pg_read_all_settings. Who is in two of the groups can do what was parted on purpose: a login that sends and
sweeps deletes what it sent, and one that audits as well is its own auditor. Who has the admin option on one
lets others in. Superusers, who create roles, and owners of the tables are left out: they need no group, and
who creates one is a member of it on 16 and later.
"""

from nosender.privacy_audit.check import Answer, Check
from nosender.privacy_audit.finding import Claim, Confidence, Found, Severity
from nosender.privacy_audit.snapshot.memberships import reached
from nosender.privacy_audit.snapshot.object_names import dotted
from nosender.privacy_audit.snapshot.snapshot import Snapshot

ATTRIBUTES = ("superuser", "login", "create_role", "create_database", "replication", "bypass_row_security")
ALLOWED = {("pg_read_all_settings", "nosender_auditor")}

CHECK = Check(
    slug="powerful-role",
    title="The four groups can do nothing but call their functions, and nobody is in two of them.",
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
    bound = _bound(snapshot)
    for name in sorted(bound):
        groups = sorted(ours & reached(snapshot.live, name))
        if len(groups) > 1:
            reasons[name] = [f"in {' and '.join(groups)}"]
    for membership in snapshot.live.memberships:
        if membership.member in bound and membership.role in ours and membership.admin:
            reasons.setdefault(membership.member, []).append(f"lets others into {membership.role}")
    return Answer.of(
        reasons,
        (
            Found(
                dotted(name),
                "role",
                f"It can do more than call the functions of one group: {', '.join(what)}.",
                {"rights": what},
            )
            for name, what in sorted(reasons.items())
            if what
        ),
    )


def _bound(snapshot: Snapshot) -> set[str]:
    """The roles that rights bind: none that creates roles, owns a table of ours, or is one of ours."""
    ours = {named.name for named in snapshot.catalogue.roles}
    owners = {each.owner for each in snapshot.tables.values()}
    bound = {each.name for each in snapshot.live.roles if not (each.superuser or each.create_role)}
    return bound - ours - owners
