"""Rows of the ledger that do not follow from the row before.

Each holds the hash of the one before it, so a row that was edited, removed or slipped in shows. An owner can
compute the whole chain anew, which only an earlier signed report can tell. Looks at the newest thousand rows;
`nosender retention verify` looks at all of them.
"""

from nosender.privacy_audit.case import Case
from nosender.privacy_audit.check import Answer, Check
from nosender.privacy_audit.finding import Claim, Confidence, Found, Severity
from nosender.privacy_audit.names import dotted

CHECK = Check(
    slug="broken-ledger",
    title="The ledger of the sweeps is one unbroken chain.",
    claim=Claim.RETENTION_RUNS,
    severity=Severity.HIGH,
    confidence=Confidence.CERTAIN,
    remedy="Find out who wrote to it with `nosender retention verify`; keep the signed reports that hold an "
    "earlier head.",
    since="0.1",
)


def look(case: Case) -> Answer:
    """The counts of the probe."""
    (row,) = case.probe("audit_ledger")
    found: tuple[Found, ...] = ()
    if row["broken"]:
        found = (
            Found(
                dotted(case.schema, "retention_runs"),
                "table",
                f"{row['broken']} of its rows do not follow from the row before.",
                {"broken": row["broken"]},
            ),
        )
    return Answer(row["examined"], found)
