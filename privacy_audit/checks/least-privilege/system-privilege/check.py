"""A right on PostgreSQL's own functions, catalogs or settings that initdb did not give.

pg_read_binary_file and lo_import read the files in which the tables are, pg_statistic holds samples of
values, and who may set session_replication_role switches off every trigger that keeps a sender out. No grant
on our tables shows any of it. What only moves or measures the server (its WAL, its logs, its statistics) is
noted and decides nothing. Superusers are not named: nothing binds them.
"""

import re

from nosender.privacy_audit.check import Answer, Check
from nosender.privacy_audit.finding import Claim, Confidence, Found, Severity
from nosender.privacy_audit.snapshot.object_names import dotted
from nosender.privacy_audit.snapshot.snapshot import Snapshot

HARMLESS = re.compile(
    r"pg_(ls_(log|wal|tmp|archive_status|logical\w+|replslot|summaries)dir|stat_reset\w*|stat_(clear|force)\w+"
    r"|switch_wal|create_restore_point|reload_conf|rotate_logfile\w*|wal_replay_(pause|resume)"
    r"|log_backend_memory_contexts|backup_(start|stop)|promote|(cancel|terminate)_backend|replication_origin\w+"
    r"|show_replication_origin_status|current_logfile|control_\w+|get_wal_\w+|available_wal_summaries"
    r"|wal_summary_contents)\("
)
"""Functions that say or change nothing about rows."""

CHECK = Check(
    slug="system-privilege",
    title="Nobody was given a right on PostgreSQL's own functions, catalogs and settings.",
    claim=Claim.LEAST_PRIVILEGE,
    severity=Severity.HIGH,
    confidence=Confidence.CERTAIN,
    remedy="Revoke it: initdb gave nobody but superusers and PostgreSQL's own groups this right.",
    since="0.2",
)


def look(snapshot: Snapshot) -> Answer:
    """The rights beyond those of initdb, by object and grantee."""
    rights = snapshot.surroundings.system_rights
    held: dict[tuple[str, str, str], list[str]] = {}
    for each in rights:
        held.setdefault((each.kind, each.object, each.grantee), []).append(each.right)
    found = []
    for (kind, name, grantee), given in sorted(held.items()):
        who = "Everybody" if grantee == "PUBLIC" else dotted(grantee)
        what = ", ".join(given)
        found.append(
            Found(
                f"{kind} {name}",
                kind,
                f"{who} has {what} on it, which initdb did not give.",
                {"grantee": grantee, "rights": given},
                Severity.LOW if _harmless(kind, name) else None,
            )
        )
    return Answer(len(rights), tuple(found))


def _harmless(kind: str, name: str) -> bool:
    return kind == "function" and HARMLESS.match(name.removeprefix("pg_catalog.")) is not None
