"""Text, files or contacts where ciphertext, keys or signatures belong.

Random bytes are nearly never printable throughout, repeat few byte values and begin like no file. A value
that is text, JSON, base64 or hex, a picture or an archive, or holds a phone number or an address, is not
encrypted, whatever wrote it. Reads the first 128 bytes of the values in the probes' sample, and after them
64 bytes at a time: all of what stands in its row, of what is stored outside eight places or the end. Weak or
known keys do not show.
"""

from nosender.privacy_audit.check import Answer, Check
from nosender.privacy_audit.finding import Claim, Confidence, Found, Severity
from nosender.privacy_audit.questions.completeness import columns_of, passed_over, places
from nosender.privacy_audit.snapshot.samples import samples
from nosender.privacy_audit.snapshot.snapshot import Snapshot

RANDOM = ("ciphertext", "wrapped-key", "public-key", "signature")
SIGNS = (
    ("printable", "printable text"),
    ("uniform", "too few different bytes"),
    ("structured", "the head of a file"),
    ("contacts", "a phone number or an address"),
    ("late", "text or filling after the first 128 bytes"),
)

CHECK = Check(
    slug="plaintext",
    title="What should be ciphertext, a key or a signature looks like one.",
    claim=Claim.CIPHERTEXT_ONLY,
    severity=Severity.CRITICAL,
    confidence=Confidence.LIKELY,
    remedy="Find what wrote it; the rows are to be deleted, and the tables rewritten.",
    since="0.1",
    waivable=False,
)


def look(snapshot: Snapshot) -> Answer:
    """The counts of the probe for the columns of these classes."""
    classes = {
        (table.name, column.name): column.data_class.name
        for table in snapshot.catalogue.tables
        for column in table.columns
    }
    rows = [
        row
        for row in snapshot.probe("audit_content")
        if classes.get((row["table_name"], row["column_name"])) in RANDOM
    ]
    found = []
    for row in rows:
        seen = {words: row[name] for name, words in SIGNS if row[name]}
        # Two bytes alone are found by chance in one value of sixteen thousand.
        if row["zlib"] > max(2, row["examined"] // 50):
            seen["the head of a compressed stream"] = row["zlib"]
        if seen:
            what = ", ".join(f"{count} with {words}" for words, count in seen.items())
            found.append(
                Found(
                    snapshot.named(row["table_name"], row["column_name"]),
                    "column",
                    f"Of {row['examined']} values looked at: {what}.",
                    {"examined": row["examined"], **seen},
                )
            )
    return Answer(
        sum(row["examined"] for row in rows),
        tuple(found),
        passed_over("audit_content", columns_of(snapshot.catalogue, *RANDOM), places(snapshot, rows)),
        samples(snapshot.schema, rows),
    )
