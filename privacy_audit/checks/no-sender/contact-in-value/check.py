"""Phone numbers, e-mail and IP addresses in columns that should hold none, and counters that counted nothing.

A type of message, a status or an identifier is text, and text takes whatever is put into it: the sender's
number in message_type needs no column of its own. Looks at every text column of ours, declared or not, and at
the devices' identifiers and keys, and for numbers of 2^32 and more at the counters; the two columns of phone
numbers are left out. Reads the probes' sample.
"""

from nosender.privacy_audit.check import Answer, Check
from nosender.privacy_audit.finding import Claim, Confidence, Found, Severity
from nosender.privacy_audit.questions.completeness import passed_over, places, texts_of
from nosender.privacy_audit.snapshot.samples import samples
from nosender.privacy_audit.snapshot.snapshot import Row, Snapshot

PEOPLES = ("random-id", "state", "device-id", "device-key")
HERE = (None, *PEOPLES, "bookkeeping", "counter")

CHECK = Check(
    slug="contact-in-value",
    title="No text or counter beside the destination's number holds a number or an address.",
    claim=Claim.NO_SENDER,
    severity=Severity.HIGH,
    confidence=Confidence.LIKELY,
    remedy="Find what writes it; delete the rows, and rewrite the table.",
    since="0.1",
    waivable=False,
)


def look(snapshot: Snapshot) -> Answer:
    """The counts of the probe for what is no ciphertext."""
    classes = {
        (table.name, column.name): column.data_class.name
        for table in snapshot.catalogue.tables
        for column in table.columns
    }
    rows: list[Row] = [
        row
        for row in snapshot.probe("audit_content")
        if classes.get((row["table_name"], row["column_name"])) in HERE
    ]
    return Answer(
        sum(row["examined"] for row in rows),
        tuple(
            Found(
                snapshot.named(row["table_name"], row["column_name"]),
                "column",
                f"{row['contacts']} of {row['examined']} values looked at hold a phone number or an address."
                if row["contacts"]
                else f"{row['beyond']} of {row['examined']} values looked at are beyond what counting gives.",
                {"contacts": row["contacts"] or row["beyond"], "examined": row["examined"]},
            )
            for row in rows
            if row["contacts"] or row["beyond"]
        ),
        passed_over("audit_content", texts_of(snapshot, *PEOPLES), places(snapshot, rows)),
        samples(snapshot.schema, rows),
    )
