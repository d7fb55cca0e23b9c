"""A declared table that does not exist.

Half a schema proves nothing about the other half, and a name that is free can be taken by something else.
Where none of our tables is there at all, this is the wrong database or schema, and nothing is tested.
"""

from nosender.privacy_audit.case import Case
from nosender.privacy_audit.check import Answer, Check, NotTested
from nosender.privacy_audit.finding import Claim, Confidence, Found, Severity
from nosender.privacy_audit.names import dotted

CHECK = Check(
    slug="missing-table",
    title="Every declared table exists.",
    claim=Claim.SCHEMA_AS_DECLARED,
    severity=Severity.HIGH,
    confidence=Confidence.CERTAIN,
    remedy="Run `nosender db upgrade`, or take the table out of the catalogue if it was dropped on purpose.",
    since="0.1",
)


def look(case: Case) -> Answer:
    """The tables of the catalogue; those that Alembic makes may be absent."""
    if not case.has_ours:
        raise NotTested(
            f"schema {case.schema} holds none of our tables; is it the right database and schema?"
        )
    declared = [table for table in case.catalogue.tables if table.made_by == "nosender"]
    return Answer.of(
        declared,
        (
            Found(dotted(case.schema, table.name), "table", "The table is declared and does not exist.")
            for table in declared
            if table.name not in case.tables
        ),
    )
