"""A role that reads or writes past every grant, by itself or through memberships of any number of steps.

pg_read_all_data reads every message, pg_execute_server_program and the file roles take them out,
pg_read_all_stats shows the statements of others with the addresses they came from. A member of whoever owns
our tables is their owner, REPLICATION copies every row, BYPASSRLS passes row security, and CREATEROLE makes
itself a member where it has the admin option, on 15 of any role. A membership counts whether it is inherited
or has to be taken by SET ROLE. Superusers are not named here: the server has one, and nothing binds it.
"""

from nosender.privacy_audit.check import Answer, Check
from nosender.privacy_audit.finding import Claim, Confidence, Found, Severity
from nosender.privacy_audit.snapshot.memberships import reached
from nosender.privacy_audit.snapshot.object_names import dotted
from nosender.privacy_audit.snapshot.snapshot import Snapshot
from nosender.schema.observe.cluster_model import Role

WATCHING = frozenset(["pg_monitor", "pg_read_all_stats"])
ALL_SEEING = WATCHING | {
    "pg_read_all_data",
    "pg_write_all_data",
    "pg_read_server_files",
    "pg_write_server_files",
    "pg_execute_server_program",
}

FENCED = 160000
"""The server version from which CREATEROLE makes nobody a member of a role that another has made."""

CHECK = Check(
    slug="all-seeing-role",
    title="No role but superusers is the owner of our tables, copies them, or passes every grant.",
    claim=Claim.LEAST_PRIVILEGE,
    severity=Severity.MEDIUM,
    confidence=Confidence.CERTAIN,
    remedy="Revoke the membership or the attribute; backups and monitoring can do with less.",
    since="0.1",
)


def look(snapshot: Snapshot) -> Answer:
    """What each role is or can become, superusers and PostgreSQL's own roles left out."""
    supers = {each.name for each in snapshot.live.roles if each.superuser}
    owners = {each.owner for each in snapshot.tables.values()} - supers
    found = []
    for role in snapshot.live.roles:
        become = reached(snapshot.live, role.name)
        what = [f"member of {name}" for name in sorted(become & (ALL_SEEING | owners | supers))]
        what += ["replication"] if role.replication else []
        what += ["bypasses row security"] if role.bypass_row_security else []
        what += ["creates roles"] if role.create_role else []
        if what and not role.superuser:
            found.append(
                Found(
                    dotted(role.name),
                    "role",
                    f"It reaches past every grant: {', '.join(what)}.",
                    {"rights": what},
                    _severity(snapshot, role, become, owners | supers),
                )
            )
    return Answer.of([*snapshot.live.roles, *snapshot.live.memberships], sorted(found, key=_object))


def _severity(snapshot: Snapshot, role: Role, become: set[str], owners: set[str]) -> Severity | None:
    """By who it is: a login of the application that reads everything is worse than one that only watches."""
    own = {each.name for each in snapshot.catalogue.roles}
    reads = become & (ALL_SEEING - WATCHING | owners) or role.replication or role.bypass_row_security
    if role.login and reads:
        return Severity.CRITICAL if become & own and role.name not in owners else Severity.HIGH
    # From 16 on who creates roles is a member of those alone, which administering needs; before, of any.
    creates_only = role.create_role and not reads and not become & WATCHING
    return Severity.LOW if creates_only and snapshot.live.database.server >= FENCED else None


def _object(found: Found) -> str:
    return found.object
