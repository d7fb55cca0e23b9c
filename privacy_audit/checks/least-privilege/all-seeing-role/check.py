"""A member of a role of PostgreSQL's own that reads or writes past every grant.

pg_read_all_data reads every message, pg_execute_server_program and the file roles take them out,
pg_read_all_stats shows the statements of others with the addresses they came from.
"""

from nosender.privacy_audit.check import Answer, Check
from nosender.privacy_audit.finding import Claim, Confidence, Found, Severity
from nosender.privacy_audit.snapshot.object_names import dotted
from nosender.privacy_audit.snapshot.snapshot import Snapshot

ALL_SEEING = frozenset(
    [
        "pg_read_all_data",
        "pg_write_all_data",
        "pg_read_server_files",
        "pg_write_server_files",
        "pg_execute_server_program",
        "pg_monitor",
        "pg_read_all_stats",
    ]
)

CHECK = Check(
    slug="all-seeing-role",
    title="No role but superusers may read everything, write files or run programs.",
    claim=Claim.LEAST_PRIVILEGE,
    severity=Severity.MEDIUM,
    confidence=Confidence.CERTAIN,
    remedy="Revoke the membership; backups and monitoring can do with less.",
    since="0.1",
)


def look(snapshot: Snapshot) -> Answer:
    """The memberships of these roles."""
    supers = {each.name for each in snapshot.live.roles if each.superuser}
    reach: dict[str, list[str]] = {}
    for each in snapshot.live.memberships:
        if each.role in ALL_SEEING and each.member not in supers:
            reach.setdefault(each.member, []).append(each.role)
    return Answer.of(
        snapshot.live.memberships,
        (
            Found(
                dotted(member),
                "role",
                f"It is a member of {', '.join(sorted(roles))}, past every grant.",
                {"roles": sorted(roles)},
            )
            for member, roles in sorted(reach.items())
        ),
    )
