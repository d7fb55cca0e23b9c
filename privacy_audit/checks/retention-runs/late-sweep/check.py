"""No sweep has ended as done for longer than twice the promised interval.

State alone proves little: a quiet table has nothing overdue though nobody sweeps. So the event counts as
well, as the ledger has it: the last run that ended as done. Where none ever has, the check waits until
something is overdue. It cannot see a sweep by other means, which leaves no receipt.
"""

from nosender.privacy_audit.case import Case
from nosender.privacy_audit.check import Answer, Check
from nosender.privacy_audit.finding import Claim, Confidence, Found, Severity
from nosender.privacy_audit.names import dotted

CHECK = Check(
    slug="late-sweep",
    title="A sweep has ended as done within twice the promised interval.",
    claim=Claim.RETENTION_RUNS,
    severity=Severity.HIGH,
    confidence=Confidence.CERTAIN,
    remedy=(
        "Run `nosender retention sweep`, look at `nosender retention status`, and mend what should run it."
    ),
    since="0.1",
)


def look(case: Case) -> Answer:
    """The age of the last run that was done; a run that failed or never ended does not count."""
    (row,) = case.probe("audit_ledger")
    seconds = row["last_done_seconds"]
    if seconds is None:
        late = any(each["overdue"] for each in case.probe("audit_overdue"))
        detail = "No sweep has ever ended as done, and rows are overdue."
    else:
        late = seconds > 2 * case.catalogue.interval.total_seconds()
        detail = "The last sweep that ended as done is older than twice the promised interval."
    found = (Found(dotted(case.schema, "retention_runs"), "table", detail),) if late else ()
    return Answer(1, found)
