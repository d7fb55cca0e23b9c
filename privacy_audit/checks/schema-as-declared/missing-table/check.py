"""A declared table that does not exist.

Half a schema proves nothing about the other half, and a name that is free can be taken by something else.
Where none of our tables is there at all, this is the wrong database or schema, and nothing is tested.
"""

from nosender.privacy_audit.check import Answer, Check
from nosender.privacy_audit.finding import Claim, Confidence, Found, NotTested, Severity
from nosender.privacy_audit.snapshot.snapshot import Snapshot

CHECK = Check(
    slug="missing-table",
    title="Every declared table exists.",
    claim=Claim.SCHEMA_AS_DECLARED,
    severity=Severity.HIGH,
    confidence=Confidence.CERTAIN,
    remedy="Run `nosender db upgrade`, or take the table out of the catalogue if it was dropped on purpose.",
    since="0.1",
)


def look(snapshot: Snapshot) -> Answer:
    """The tables of the catalogue; those that Alembic makes may be absent."""
    if not snapshot.has_ours:
        raise NotTested(
            f"schema {snapshot.schema} holds none of our tables; is it the right database and schema?"
        )
    declared = [table for table in snapshot.catalogue.tables if table.made_by == "nosender"]
    spread = snapshot.live.distribution
    shards = spread.missing if spread is not None else ()
    return Answer.of(
        declared,
        [
            *(Found(name, "table", "Citus has this shard here, and it is not.") for name in shards),
            *(
                Found(snapshot.named(table.name), "table", "The table is declared and does not exist.")
                for table in declared
                if table.name not in snapshot.tables
            ),
        ],
    )
