"""No sweep that came to its end within twice the promised interval.

That nothing is overdue now proves nothing about tomorrow: an idle table has nothing to sweep. The ledger says
when a sweep last ended. Where none ever ran, the promise has not been tested.
"""

from nosender.privacy_audit.case import Case
from nosender.privacy_audit.check import Answer, Check, NotTested
from nosender.privacy_audit.finding import Claim, Confidence, Found, Severity
from nosender.privacy_audit.names import dotted

CHECK = Check(
    slug="sweep-not-recent",
    title="A sweep came to its end within twice the promised interval.",
    claim=Claim.RETENTION_RUNS,
    severity=Severity.HIGH,
    confidence=Confidence.CERTAIN,
    remedy="Run `nosender retention sweep`, and see that a timer or scheduler runs it.",
    since="0.1",
)


def look(case: Case) -> Answer:
    """The counts of the probe; the age itself moves and stands under run.measured."""
    (row,) = case.probe("audit_ledger")
    if not row["finished"]:
        raise NotTested("no sweep has run to its end yet; `nosender retention sweep` runs one")
    found: tuple[Found, ...] = ()
    if row["seconds"] > 2 * case.catalogue.interval.total_seconds():
        found = (
            Found(
                dotted(case.schema, "retention_runs"),
                "table",
                f"The last sweep ended longer ago than twice the promised {case.catalogue.interval}.",
            ),
        )
    return Answer(1, found)
