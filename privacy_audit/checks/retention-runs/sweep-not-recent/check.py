"""No sweep that came to its end within twice the promised interval.

That nothing is overdue now proves nothing about tomorrow: an idle table has nothing to sweep. The ledger says
when a sweep last ended. Where none ever ran, the promise has not been tested.
"""

from nosender.privacy_audit.check import Answer, Check
from nosender.privacy_audit.finding import Claim, Confidence, Found, NotTested, Severity
from nosender.privacy_audit.snapshot.object_names import dotted
from nosender.privacy_audit.snapshot.snapshot import Snapshot

CHECK = Check(
    slug="sweep-not-recent",
    title="A sweep came to its end within twice the promised interval.",
    claim=Claim.RETENTION_RUNS,
    severity=Severity.HIGH,
    confidence=Confidence.CERTAIN,
    remedy="Run `nosender retention sweep`, and see that a timer or scheduler runs it.",
    since="0.1",
)


def look(snapshot: Snapshot) -> Answer:
    """The counts of the probe; the age itself moves and stands under run.measured."""
    (row,) = snapshot.probe("audit_ledger")
    if not row["finished"]:
        raise NotTested("no sweep has run to its end yet; `nosender retention sweep` runs one")
    found: tuple[Found, ...] = ()
    if row["seconds"] > 2 * snapshot.catalogue.interval.total_seconds():
        found = (
            Found(
                dotted(snapshot.schema, "retention_runs"),
                "table",
                f"The last sweep ended longer ago than twice the promised {snapshot.catalogue.interval}.",
            ),
        )
    return Answer(1, found)
