"""A declared function that others than declared may call, or its own role may not.

The functions run with their owner's rights: whoever may call the sweep's may delete, whoever may call the
flow's may read pending messages. PUBLIC may call a new function unless that is taken back.
"""

from nosender.privacy_audit.check import Answer, Check
from nosender.privacy_audit.finding import Claim, Confidence, Found, Severity
from nosender.privacy_audit.snapshot.object_names import dotted
from nosender.privacy_audit.snapshot.snapshot import Snapshot
from nosender.schema.observe import Observation

CHECK = Check(
    slug="function-privilege",
    title="Every function may be called by its own role and nobody else.",
    claim=Claim.LEAST_PRIVILEGE,
    severity=Severity.HIGH,
    confidence=Confidence.CERTAIN,
    remedy="Grant and revoke EXECUTE as the function's file in the DDL has it; after a restore without "
    "rights, `nosender db check --format sql | psql` puts all of them back.",
    since="0.1",
)


def look(snapshot: Snapshot) -> Answer:
    """Who may call each declared function that exists, the owner left out."""

    def rights(observation: Observation) -> dict[str, set[str]]:
        owners = {
            f"{each.name}({each.identity})": each.owner
            for each in observation.functions
            if each.schema == snapshot.schema
        }
        callers: dict[str, set[str]] = {name: set() for name in owners}
        for grant in observation.grants:
            known = grant.kind == "function" and grant.schema == snapshot.schema and grant.object in owners
            if known and grant.grantee != owners[grant.object] and grant.privileges:
                callers[grant.object].add(grant.grantee)
        return callers

    live, declared = rights(snapshot.live), rights(snapshot.declared)
    both = sorted(live.keys() & declared.keys())
    return Answer.of(
        both,
        (
            Found(
                f"{dotted(snapshot.schema)}.{name}",
                "function",
                f"May be called by {', '.join(sorted(live[name])) or 'nobody'}; declared is "
                f"{', '.join(sorted(declared[name])) or 'nobody'}.",
                {"callers": sorted(live[name])},
            )
            for name in both
            if live[name] != declared[name]
        ),
    )
