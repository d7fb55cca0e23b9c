"""A column of numbers, identifiers, keys or ciphertexts of which ANALYZE may keep samples.

The samples outlive the rows: they were still there after every row had been deleted, vacuumed and analysed.
Only a target of 0 from the first day keeps them away; set later, it keeps what is there. Expressions of
indexes have targets of their own.
"""

from nosender.privacy_audit.check import Answer, Check
from nosender.privacy_audit.finding import Claim, Confidence, Found, Severity
from nosender.privacy_audit.questions.declared import differing
from nosender.privacy_audit.snapshot.object_names import dotted
from nosender.privacy_audit.snapshot.snapshot import Snapshot
from nosender.schema.catalogue.places import place_of

CHECK = Check(
    slug="statistics-target",
    title="The planner is told to keep no numbers, identifiers or ciphertexts.",
    claim=Claim.RETENTION_RUNS,
    severity=Severity.MEDIUM,
    confidence=Confidence.CERTAIN,
    remedy="ALTER TABLE ... ALTER COLUMN ... SET STATISTICS 0 (ALTER INDEX for one, which no dump carries: "
    "`nosender db check --format sql | psql` puts it back), then remove what is kept; see statistics-kept.",
    since="0.1",
)


def look(snapshot: Snapshot) -> Answer:
    """The statistics target of each such column, and of expressions of indexes."""
    unsampled = {
        (*place_of(table.name, snapshot.schema), column.name)
        for table in snapshot.catalogue.tables
        for column in table.columns
        if not column.data_class.sampled
    }
    columns = [each for each in snapshot.ours("columns") if (each.schema, each.table, each.name) in unsampled]
    found = [
        Found(
            dotted(each.schema, each.table, each.name),
            "column",
            "ANALYZE may keep samples of it, which outlive the rows.",
        )
        for each in columns
        if each.statistics_target != 0
    ]
    found += [
        Found(dotted(live.schema, live.name), "index", "ANALYZE may keep samples of its expression.")
        for live, declared in differing(snapshot, "indexes", "statistics_targets")
        if declared.statistics_targets
    ]
    return Answer(len(columns), tuple(found))
