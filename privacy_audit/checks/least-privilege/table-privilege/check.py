"""A privilege on a table, column or sequence of ours for anybody but its owner.

A grant cannot say "the rows for this destination only", so every one of them is a right to everybody's
messages. The application, the sweep and the auditor work through functions and need none.
"""

from nosender.privacy_audit.check import Answer, Check
from nosender.privacy_audit.finding import Claim, Confidence, Found, Severity
from nosender.privacy_audit.snapshot.object_names import dotted
from nosender.privacy_audit.snapshot.snapshot import Snapshot

KINDS = ("table", "column", "sequence")

CHECK = Check(
    slug="table-privilege",
    title="Nobody but the owner may read or write a table.",
    claim=Claim.LEAST_PRIVILEGE,
    severity=Severity.HIGH,
    confidence=Confidence.CERTAIN,
    remedy="Revoke the privilege; grant EXECUTE on the function that answers the question instead.",
    since="0.1",
)


def look(snapshot: Snapshot) -> Answer:
    """The privileges on what the schema holds, by object."""
    owners = {(each.schema, each.name): each.owner for each in snapshot.in_scope("relations")}
    owners |= {(each.schema, each.name): each.owner for each in snapshot.in_scope("sequences")}
    given: dict[tuple[str, ...], list[str]] = {}
    for grant in snapshot.live.grants:
        if grant.kind not in KINDS or grant.schema not in snapshot.scope:
            continue
        if grant.privileges and grant.grantee != owners.get((grant.schema, grant.object)):
            name = (grant.schema, grant.object, *([grant.column] if grant.column else []))
            given.setdefault(name, []).append(f"{dotted(grant.grantee)} {', '.join(grant.privileges)}")
    return Answer.of(
        owners,
        (
            Found(
                dotted(*name),
                "column" if len(name) > 2 else snapshot.kinds.get((name[0], name[1]), "sequence"),
                f"Others than its owner have rights to it: {'; '.join(rights)}.",
                {"rights": rights},
            )
            for name, rights in sorted(given.items())
        ),
    )
