"""Lifetimes of messages and session keys that are none of the thirteen.

A client that asks for 1 hour 40 minutes where others ask for two hours signs what it sends. The functions
store the next of thirteen lifetimes, and a settle raises the expiry with the other times; what lives for
anything else was written by somebody who calls no function, or by version 0.1.0, whose messages keep their
expiry until they go. What it cannot see: a lifetime that rounding may have made of a usual one, up to two
hours in a fresh row and up to two days in one that settled.
"""

from nosender.privacy_audit.check import Answer, Check
from nosender.privacy_audit.finding import Claim, Confidence, Found, Severity
from nosender.privacy_audit.snapshot.object_names import dotted
from nosender.privacy_audit.snapshot.samples import samples
from nosender.privacy_audit.snapshot.snapshot import Snapshot

CHECK = Check(
    slug="unusual-lifetime",
    title="No message and no session key lives for a time of its own.",
    claim=Claim.NO_SIDE_CHANNEL,
    severity=Severity.HIGH,
    confidence=Confidence.CERTAIN,
    remedy="Send and rotate by the functions, which store the next of thirteen lifetimes.",
    since="0.2",
)


def look(snapshot: Snapshot) -> Answer:
    """The counts of the probe, by table."""
    rows = sorted(snapshot.probe("audit_lifetimes"), key=lambda row: str(row["table_name"]))
    return Answer(
        sum(row["examined"] for row in rows),
        tuple(
            Found(
                dotted(snapshot.schema, row["table_name"], "expires_at"),
                "column",
                f"{row['unusual']} of {row['examined']} lifetimes looked at are none of the thirteen.",
                {"unusual": row["unusual"], "examined": row["examined"]},
            )
            for row in rows
            if row["unusual"]
        ),
        samples=samples(snapshot.schema, [{**row, "column_name": "expires_at"} for row in rows]),
    )
