"""Values in other schemas that are phone numbers of our users or destinations, or identifiers of ours.

Whatever the column is called and however the number is written, it joins: a table of calls or customers
beside ours gives the sender back, and so does a log of message ids. Up to 300 rows of every column of text,
JSON, bytes or large numbers of a plain table elsewhere are looked at, and of what in them reads like a
number, digits only, or like an identifier, 24 are looked up. A column that the owner of our tables may not
read is not tested, unless its schema is declared out of scope, and neither is what comes after the first
5,000 columns. Hashes of numbers do not show.
"""

from nosender.privacy_audit.check import Answer, Check
from nosender.privacy_audit.finding import Claim, Confidence, Found, Severity
from nosender.privacy_audit.questions.completeness import columns_of, passed_over
from nosender.privacy_audit.snapshot.object_names import dotted
from nosender.privacy_audit.snapshot.samples import samples
from nosender.privacy_audit.snapshot.snapshot import Snapshot

LOOKED_UP = (
    ("users", "phone_number"),
    ("messages", "destination_phone"),
    ("messages", "message_id"),
    ("ephemeral_keys", "destination_phone"),
    ("ephemeral_keys", "key_exchange_id"),
    ("device_session_keys", "session_key_id"),
)
"""What of ours the probe compares with: its rows are about the other side."""

CHECK = Check(
    slug="matching-value",
    title="No phone number or identifier of ours stands in another schema.",
    claim=Claim.NO_RELATIONSHIP,
    severity=Severity.HIGH,
    confidence=Confidence.LIKELY,
    remedy="Drop the column, or the table; what has to stay belongs in another database.",
    since="0.1",
)


def look(snapshot: Snapshot) -> Answer:
    """The counts of the probe: no excuse of a schema covers a number of ours in it."""
    rows = snapshot.probe("audit_matching_values")
    unread = sorted({row["schema_name"] for row in rows if not row["readable"]})
    beyond = sum(not row["looked"] for row in rows)
    ours = columns_of(snapshot.catalogue, "account-phone", "destination-phone", "random-id")
    reasons = []
    if unasked := passed_over("audit_matching_values", ours, LOOKED_UP):
        reasons.append(unasked)
    if unread:
        reasons.append(f"the owner of our tables may not read schema {', '.join(unread)}")
    if beyond:
        reasons.append(f"{beyond} columns of other schemas were too many to look into")
    return Answer(
        sum(row["examined"] for row in rows),
        tuple(
            Found(
                dotted(row["schema_name"], row["table_name"], row["column_name"]),
                "column",
                f"{row['matching']} of {row['compared']} values looked up are numbers or identifiers of "
                "ours.",
                {"matching": row["matching"], "compared": row["compared"], "examined": row["examined"]},
            )
            for row in rows
            if row["matching"]
        ),
        " and ".join(reasons) or None,
        samples(snapshot.schema, rows),
    )
