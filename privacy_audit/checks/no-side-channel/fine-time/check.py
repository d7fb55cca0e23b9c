"""Times that are finer than the catalogue says, or that cannot be.

The moment of a message and the moment of its answer find the partner after three to five messages when they
are exact to a second. Triggers round and checks prove; this counts what stands there, whatever became of
them. A moment that should be past and is not, or is from before 2000, is a number of somebody's choice. Reads
the sample that the probes read.
"""

from nosender.privacy_audit.check import Answer, Check
from nosender.privacy_audit.finding import Claim, Confidence, Found, Severity
from nosender.privacy_audit.questions.completeness import declared, passed_over, places
from nosender.privacy_audit.snapshot.samples import samples
from nosender.privacy_audit.snapshot.snapshot import Snapshot

CHECK = Check(
    slug="fine-time",
    title="No stored time is finer than declared, and none that is past lies ahead or before 2000.",
    claim=Claim.NO_SIDE_CHANNEL,
    severity=Severity.HIGH,
    confidence=Confidence.CERTAIN,
    remedy="Round the times down (expiries up), see what let them in, and validate the constraint that "
    "proves it.",
    since="0.1",
)


def look(snapshot: Snapshot) -> Answer:
    """The counts of the probe."""
    rows = snapshot.probe("audit_times")
    coarse = {
        (table.name, column.name)
        for table, column in declared(snapshot.catalogue)
        if column.resolution is not None and column.resolution.seconds
    }
    return Answer(
        sum(row["examined"] for row in rows),
        tuple(
            Found(
                snapshot.named(row["table_name"], row["column_name"]),
                "column",
                f"{row['finer']} of {row['examined']} times looked at are finer than declared"
                + (f", and {row['impossible']} lie ahead or before 2000." if row["impossible"] else "."),
                {"finer": row["finer"], "impossible": row["impossible"], "examined": row["examined"]},
            )
            for row in rows
            if row["finer"] or row["impossible"]
        ),
        passed_over("audit_times", coarse, places(snapshot, rows)),
        samples(snapshot.schema, rows),
    )
