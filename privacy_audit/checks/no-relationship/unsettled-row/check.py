"""Rows that have not settled though their period is over: their order still names who answers whom.

A sweep writes rows anew in random order once their hour is over, and its receipt stands in the transaction
that wrote them. A row of any other transaction, older than a settle that came to its end, was missed by it;
where no settle ever came to its end, rows are counted whose own times are past. Of people and devices, the
rows that somebody locked before. An hour, the grace and an hour more are given. What it cannot see: copies,
WAL and backups; of tables above 2 MB all but a sample, but which of them settled is found by all of them or
none; tables that somebody declared beside ours without saying by what they settle: the report names them
among its limits. One that settles by xmin has no times of its own, so only a newer settle tells.
"""

from nosender.privacy_audit.check import Answer, Check
from nosender.privacy_audit.finding import Claim, Confidence, Found, Severity
from nosender.privacy_audit.snapshot.samples import samples
from nosender.privacy_audit.snapshot.snapshot import Snapshot

CHECK = Check(
    slug="unsettled-row",
    title="Every row whose period is over was written anew in random order.",
    claim=Claim.NO_RELATIONSHIP,
    severity=Severity.HIGH,
    confidence=Confidence.CERTAIN,
    remedy="Run `nosender retention sweep` of all tables after each full hour.",
    since="0.2",
)


def look(snapshot: Snapshot) -> Answer:
    """The counts of the probe, by table."""
    rows = snapshot.probe("audit_settling")
    return Answer(
        sum(row["examined"] for row in rows),
        tuple(
            Found(
                snapshot.named(row["table_name"]),
                "table",
                "Rows keep the order in which they came, or the lock of who came last: no settle took them.",
                {"rows": row["unsettled"]},
            )
            for row in rows
            if row["unsettled"]
        ),
        samples=samples(snapshot.schema, rows),
    )
