"""A guess: ciphertexts of so many lengths that the length tells messages apart.

A receipt is short, an answer quotes what it answers: a length that few messages have recognises one among
many, and the same message under two destinations. Padding is the client's to do; the database can only say
what it sees. Looks at the sample of the probes, from a hundred messages on.
"""

from nosender.privacy_audit.check import Answer, Check
from nosender.privacy_audit.finding import Claim, Confidence, Found, Severity
from nosender.privacy_audit.questions.completeness import columns_of, passed_over, places
from nosender.privacy_audit.snapshot.samples import samples
from nosender.privacy_audit.snapshot.snapshot import Snapshot

CHECK = Check(
    slug="distinguishing-size",
    title="Ciphertexts come in a few lengths.",
    claim=Claim.CIPHERTEXT_ONLY,
    severity=Severity.LOW,
    confidence=Confidence.HINT,
    remedy="Let clients pad messages to a few lengths before they encrypt.",
    since="0.1",
)


def look(snapshot: Snapshot) -> Answer:
    """The counts of the probe."""
    rows = snapshot.probe("audit_sizes")
    return Answer(
        sum(row["examined"] for row in rows),
        tuple(
            Found(
                snapshot.named(row["table_name"], row["column_name"]),
                "column",
                f"{row['examined']} ciphertexts looked at have {row['sizes']} different lengths.",
                {"examined": row["examined"], "lengths": row["sizes"], "commonest": row["commonest"]},
            )
            for row in rows
            if row["examined"] >= 100 and row["sizes"] * 10 > row["examined"]
        ),
        passed_over("audit_sizes", columns_of(snapshot.catalogue, "ciphertext"), places(snapshot, rows)),
        samples(snapshot.schema, rows),
    )
