"""An extension that nobody declared.

Some keep statements with their constants, some stamp rows with the user who wrote them, some open a way to
other databases and files. What the extension brings along is accounted for by it, which is one more reason to
account for the extension.
"""

from nosender.privacy_audit.check import Answer, Check
from nosender.privacy_audit.finding import Claim, Confidence, Found, Severity
from nosender.privacy_audit.snapshot.object_names import dotted
from nosender.privacy_audit.snapshot.snapshot import Snapshot

TELLING = frozenset(
    [
        "pg_stat_statements",
        "pg_stat_monitor",
        "pgaudit",
        "auto_explain",
        "pg_qualstats",
        "pg_store_plans",
        "pg_tracing",
        "pgsentinel",
        "pg_wait_sampling",
        "temporal_tables",
        "insert_username",
        "tcn",
        "sslinfo",
        "dblink",
        "postgres_fdw",
        "file_fdw",
        "pg_cron",
        "pg_net",
        "http",
        "pgmq",
        "plpython3u",
        "plperlu",
        "pltclu",
        "adminpack",
        "pageinspect",
        "pg_dirtyread",
        "pg_logicalinspect",
        "pg_walinspect",
    ]
)

CHECK = Check(
    slug="undeclared-extension",
    title="The only extensions are the declared ones.",
    claim=Claim.NO_SIDE_CHANNEL,
    severity=Severity.MEDIUM,
    confidence=Confidence.CERTAIN,
    remedy="Drop the extension, or declare it in policy.toml with what it is for.",
    since="0.1",
)


def look(snapshot: Snapshot) -> Answer:
    """Every installed extension."""
    declared = {named.name for named in snapshot.catalogue.extensions}
    return Answer.of(
        snapshot.live.extensions,
        (
            Found(
                dotted(each.name),
                "extension",
                "It can keep, stamp or send what rows hold."
                if each.name in TELLING
                else "Nothing declares what it is for.",
                {"version": each.version},
                Severity.HIGH if each.name in TELLING else None,
            )
            for each in snapshot.live.extensions
            if each.name not in declared
        ),
    )
