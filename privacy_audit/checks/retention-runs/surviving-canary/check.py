"""A canary that a sweep left stands longer than its expiry and the grace.

The sweep plants a message and an ephemeral key to a number that no country has, and the next sweeps must
remove them like any other row. One that stays means that sweeps report success without deleting. It cannot
see where no canary was planted: `nosender retention watch` does, and `sweep --canary`.
"""

from nosender.privacy_audit.check import Answer, Check
from nosender.privacy_audit.finding import Claim, Confidence, Found, Severity
from nosender.privacy_audit.questions.completeness import columns_of, passed_over
from nosender.privacy_audit.snapshot.object_names import dotted
from nosender.privacy_audit.snapshot.snapshot import Snapshot

PLANTED = (("messages",), ("ephemeral_keys",))
"""Where the sweep plants: of canaries that are gone there are no rows."""

CHECK = Check(
    slug="surviving-canary",
    title="Every canary is gone once it is due and the grace is over.",
    claim=Claim.RETENTION_RUNS,
    severity=Severity.HIGH,
    confidence=Confidence.CERTAIN,
    remedy="Run `nosender retention sweep` and see why it passes a row over that has expired like any other.",
    since="0.1",
    waivable=False,
)


def look(snapshot: Snapshot) -> Answer:
    """The canaries that stand, each against the promised grace."""
    rows = snapshot.probe("audit_canaries")
    addressed = {(table,) for table, _ in columns_of(snapshot.catalogue, "destination-phone")}
    grace = snapshot.catalogue.grace.total_seconds()
    late = sorted({row["table_name"] for row in rows if row["seconds"] > grace})
    return Answer(
        len(rows),
        tuple(
            Found(
                dotted(snapshot.schema, table),
                "table",
                f"A canary in {table} is past its expiry and the grace, and no sweep deleted it.",
            )
            for table in late
        ),
        passed_over("audit_canaries", addressed, PLANTED),
    )
