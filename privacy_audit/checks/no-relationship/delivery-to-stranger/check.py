"""Deliveries to a device that is not the destination's own.

Such a row names its device's owner beside the destination: store a sender's own device in message_deliveries
and the sender is in the database without any column for it. A trigger refuses new ones; this counts those
that are there, whatever let them in. Reads all rows up to 8 MB a table; of larger ones those on
about ten pages, and the 30 of the highest ids, because each takes looks through three indexes.
"""

from nosender.privacy_audit.check import Answer, Check
from nosender.privacy_audit.finding import Claim, Confidence, Found, Severity
from nosender.privacy_audit.questions.completeness import passed_over, referring
from nosender.privacy_audit.snapshot.object_names import dotted
from nosender.privacy_audit.snapshot.samples import samples
from nosender.privacy_audit.snapshot.snapshot import Snapshot

CHECK = Check(
    slug="delivery-to-stranger",
    title="Every delivery is to a device of the message's own destination.",
    claim=Claim.NO_RELATIONSHIP,
    severity=Severity.CRITICAL,
    confidence=Confidence.CERTAIN,
    remedy="Delete the deliveries, find what wrote them, and see that the trigger that refuses them is "
    "enabled.",
    since="0.1",
    waivable=False,
)


def look(snapshot: Snapshot) -> Answer:
    """The counts of the probe."""
    (row,) = snapshot.probe("audit_deliveries")
    joining = referring(snapshot.catalogue, "messages") & referring(
        snapshot.catalogue, "webauthn_credentials"
    )
    found: tuple[Found, ...] = ()
    if row["strangers"]:
        found = (
            Found(
                dotted(snapshot.schema, "message_deliveries"),
                "table",
                f"{row['strangers']} of {row['examined']} deliveries looked at are to somebody else's "
                f"device.",
                {"strangers": row["strangers"], "examined": row["examined"]},
            ),
        )
    return Answer(
        row["examined"],
        found,
        passed_over("audit_deliveries", joining, {("message_deliveries",)}),
        samples(snapshot.schema, [row], "message_deliveries", "webauthn_credential_id"),
    )
