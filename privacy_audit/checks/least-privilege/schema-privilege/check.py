"""CREATE on our schema for anybody but its owner.

Who may create there can plant a table, a trigger function, or an operator that fits better than PostgreSQL's
own and runs with the rights of whoever compares next.
"""

from nosender.privacy_audit.check import Answer, Check
from nosender.privacy_audit.finding import Claim, Confidence, Found, Severity
from nosender.privacy_audit.snapshot.object_names import dotted
from nosender.privacy_audit.snapshot.snapshot import Snapshot

CHECK = Check(
    slug="schema-privilege",
    title="Nobody but the owner may create anything in the schema.",
    claim=Claim.LEAST_PRIVILEGE,
    severity=Severity.HIGH,
    confidence=Confidence.CERTAIN,
    remedy="Revoke CREATE on the schema.",
    since="0.1",
)


def look(snapshot: Snapshot) -> Answer:
    """The privileges on the schemas in scope."""
    database = {"pg_database_owner": snapshot.live.database.owner}  # its one member
    owners = {each.name: {each.owner, database.get(each.owner)} for each in snapshot.live.schemas}
    tables_owners = {each.owner for each in snapshot.tables.values()}
    grants = [
        each for each in snapshot.live.grants if each.kind == "schema" and each.object in snapshot.scope
    ]
    creators: dict[str, list[str]] = {}
    for grant in grants:
        if (
            "CREATE" in grant.privileges
            and grant.grantee not in owners.get(grant.object, set()) | tables_owners
        ):
            creators.setdefault(grant.object, []).append(grant.grantee)
    return Answer.of(
        snapshot.scope,
        (
            Found(
                dotted(schema),
                "schema",
                f"Others than its owner may create in it: {', '.join(sorted(grantees))}.",
                {"creators": sorted(grantees)},
            )
            for schema, grantees in sorted(creators.items())
        ),
    )
