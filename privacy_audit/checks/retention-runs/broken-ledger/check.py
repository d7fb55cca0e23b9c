"""The chain of the sweeps' ledger is broken.

Each row of retention_runs holds the hash of the row before it and of itself. A row that was edited,
removed, moved or slipped in shows. What it cannot see is a chain that its owner has computed anew from the
beginning, or cut at the end: that takes an earlier signed report, and `nosender retention verify --since`.
"""

from nosender.privacy_audit.check import Answer, Check
from nosender.privacy_audit.finding import Claim, Confidence, Found, Severity
from nosender.privacy_audit.snapshot.object_names import dotted
from nosender.privacy_audit.snapshot.snapshot import Snapshot

CHECK = Check(
    slug="broken-ledger",
    title="The chain of the sweeps' ledger is whole.",
    claim=Claim.RETENTION_RUNS,
    severity=Severity.CRITICAL,
    confidence=Confidence.CERTAIN,
    remedy=(
        "Find out who wrote to retention_runs and why; hold it against the last signed report with "
        "`nosender retention verify --since REPORT`."
    ),
    since="0.1",
    waivable=False,
)


def look(snapshot: Snapshot) -> Answer:
    """The three ways in which a chain breaks, as the probe counts them."""
    (row,) = snapshot.probe("audit_ledger_chain")
    counts = {name: row[name] for name in ("missing", "unlinked", "altered") if row[name]}
    if not counts:
        return Answer(row["entries"], ())
    words = {
        "missing": "rows are missing",
        "unlinked": "rows do not follow the one before",
        "altered": "rows are not what was written",
    }
    told = ", ".join(words[name] for name in counts)
    detail = f"In the ledger of the sweeps {told}: what it says of the sweeps is worth nothing."
    return Answer(
        row["entries"], (Found(dotted(snapshot.schema, "retention_runs"), "table", detail, counts),)
    )
