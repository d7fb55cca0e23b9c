"""Our schema or the database belongs to somebody who does not own the tables.

A schema's owner may create in it, as `schema-privilege` finds of others, and may drop what stands in it; a
database's owner may store settings for every session and is the owner of a schema that belongs to
pg_database_owner. A superuser is none of them: that one may do everything anyway.
"""

from nosender.privacy_audit.check import Answer, Check
from nosender.privacy_audit.finding import Claim, Confidence, Found, Severity
from nosender.privacy_audit.snapshot.object_names import dotted
from nosender.privacy_audit.snapshot.snapshot import Snapshot

CHECK = Check(
    slug="schema-owner",
    title="The schema and the database belong to the owner of the tables, or to a superuser.",
    claim=Claim.LEAST_PRIVILEGE,
    severity=Severity.HIGH,
    confidence=Confidence.CERTAIN,
    remedy="Give the schema, or the database, to the owner of the tables with ALTER ... OWNER TO.",
    since="0.2",
)


def look(snapshot: Snapshot) -> Answer:
    """The owners of the database and of our schema beside those of our tables."""
    live = snapshot.live
    may = {each.owner for each in snapshot.tables.values()}
    may |= {each.name for each in live.roles if each.superuser}
    schemas = {each.name: each.owner for each in live.schemas}
    owner = schemas.get(snapshot.schema, "")
    things = [
        (dotted(snapshot.schema), "schema", live.database.owner if owner == "pg_database_owner" else owner),
        ("database", "database", live.database.owner),
    ]
    return Answer.of(
        things,
        (
            Found(name, kind, f"It belongs to {dotted(whose)}, who owns no table of ours.", {"owner": whose})
            for name, kind, whose in things
            if whose not in may
        ),
    )
