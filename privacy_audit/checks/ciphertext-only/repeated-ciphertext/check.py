"""Ciphertexts or wrapped keys that are equal, or begin alike.

Equal ones say that two messages are one, sent twice or to two people; an equal nonce under one key undoes
AES-GCM; a fixed beginning is a counter or a mark of the client that made it. Compares 64, 12 and 4 bytes
within the probes' sample; a few of 4 are alike by chance in very many. Keys wrapped for the devices of one
person may begin with one public key, so of them only whole values count here; what two people share is a
matter of shared-value.
"""

from nosender.privacy_audit.check import Answer, Check
from nosender.privacy_audit.finding import Claim, Confidence, Found, Severity
from nosender.privacy_audit.questions.completeness import columns_of, passed_over, places
from nosender.privacy_audit.snapshot.object_names import dotted
from nosender.privacy_audit.snapshot.samples import samples
from nosender.privacy_audit.snapshot.snapshot import Row, Snapshot

RANDOM = ("ciphertext", "wrapped-key")

CHECK = Check(
    slug="repeated-ciphertext",
    title="No two ciphertexts are alike, in whole or in their nonce.",
    claim=Claim.CIPHERTEXT_ONLY,
    severity=Severity.HIGH,
    confidence=Confidence.LIKELY,
    remedy="Draw a fresh nonce for every encryption, and a fresh message for every destination.",
    since="0.1",
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

    def alike(row: Row) -> bool:
        if classes[row["table_name"], row["column_name"]] == "wrapped-key":
            return bool(row["repeated"])
        return bool(row["repeated_nonce"] or row["repeated_prefix"] > max(1, row["examined"] // 100))

    return Answer(
        sum(row["examined"] for row in rows),
        tuple(
            Found(
                dotted(snapshot.schema, row["table_name"], row["column_name"]),
                "column",
                f"Of {row['examined']} values looked at, {row['repeated']} repeat another, "
                f"{row['repeated_nonce']} its nonce and {row['repeated_prefix']} its first four bytes.",
                {"equal": row["repeated"], "nonce": row["repeated_nonce"], "prefix": row["repeated_prefix"]},
            )
            for row in rows
            if alike(row)
        ),
        passed_over("audit_content", columns_of(snapshot.catalogue, *RANDOM), places(rows)),
        samples(snapshot.schema, rows),
    )
