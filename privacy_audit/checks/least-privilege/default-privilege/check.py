"""Default privileges that give others rights to tables, sequences, functions or schemas created later.

The next migration's table is then readable before anybody looks at it.
"""

from nosender.privacy_audit.check import Answer, Check
from nosender.privacy_audit.finding import Claim, Confidence, Found, Severity
from nosender.privacy_audit.snapshot.object_names import dotted
from nosender.privacy_audit.snapshot.snapshot import Snapshot

CHECK = Check(
    slug="default-privilege",
    title="What will be created later is not given away beforehand.",
    claim=Claim.LEAST_PRIVILEGE,
    severity=Severity.MEDIUM,
    confidence=Confidence.CERTAIN,
    remedy="Revoke with ALTER DEFAULT PRIVILEGES, and grant by name what is needed.",
    since="0.1",
)


def look(snapshot: Snapshot) -> Answer:
    """Every default privilege that reaches a schema in scope."""
    live = [
        each
        for each in snapshot.live.default_privileges
        if each.schema is None or each.schema in snapshot.scope
    ]
    return Answer.of(
        live,
        (
            Found(
                f"{dotted(each.role)}: {each.kind}",
                "default privilege",
                f"{each.grantee} gets {', '.join(each.privileges)} on every {each.kind} that it creates"
                + (f" in schema {dotted(each.schema)}." if each.schema is not None else "."),
                {"grantee": each.grantee},
            )
            for each in live
            if each.grantee != each.role and each.privileges
        ),
    )
