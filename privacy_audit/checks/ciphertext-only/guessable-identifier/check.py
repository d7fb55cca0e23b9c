"""Identifiers that are not random.

A UUID of version 1, 6 or 7 and a ULID hold the moment to a millisecond, and version 1 the machine too; a
counter holds the order; a number inside names somebody; few beginnings or ends name the clients. Each
undoes the coarse times. So does a part, or some letters, with few values, wherever they stand: they name
whoever made the identifier. Ten letters that stand at one place in several are the token of a conversation.
Reads the probes' sample, of 300 each letter; an identifier that is encrypted order cannot be told from a
random one.
"""

from nosender.privacy_audit.check import Answer, Check
from nosender.privacy_audit.finding import Claim, Confidence, Found, Severity
from nosender.privacy_audit.questions.completeness import columns_of, passed_over, places
from nosender.privacy_audit.questions.randomness import marks
from nosender.privacy_audit.snapshot.samples import samples
from nosender.privacy_audit.snapshot.snapshot import Snapshot

CHECK = Check(
    slug="guessable-identifier",
    title="Identifiers are random: none says when, in which order or by whom it was made.",
    claim=Claim.CIPHERTEXT_ONLY,
    severity=Severity.HIGH,
    confidence=Confidence.LIKELY,
    remedy="Draw identifiers at random, as UUID version 4 or 16 random bytes.",
    since="0.1",
)


def _alike(names: int, different: int) -> int:
    """How many repeat the six characters of another, where that is more than chance."""
    return names - different if names >= 20 and 1 < different < names * 0.9 else 0


def look(snapshot: Snapshot) -> Answer:
    """The counts of the probe, column by column."""
    rows = snapshot.probe("audit_identifiers")
    found = []
    for row in rows:
        n = row["examined"]
        signs = {
            "hold a moment": row["timed"] if row["timed"] > n // 200 else 0,
            "are plain numbers": row["digits"] if row["digits"] * 2 > n else 0,
            "hold a phone number": row["phones"],
            "are shorter than 16 characters": row["short"] if row["short"] * 2 > n else 0,
            "begin like others": _alike(row["names"], row["prefixes"]),
            "end like others": _alike(row["names"], row["suffixes"]),
            "hold ten letters of another": row["repeated"] if row["repeated"] >= 3 else 0,
            "sort after the one before": row["ascending"] if n >= 10 and row["ascending"] * 10 > n * 9 else 0,
        }
        seen = {words: count for words, count in signs.items() if count} | marks(row)
        if seen:
            what = ", ".join(f"{count} {words}" for words, count in seen.items())
            found.append(
                Found(
                    snapshot.named(row["table_name"], row["column_name"]),
                    "column",
                    f"Of {n} identifiers looked at, {what}.",
                    {"examined": n, **seen},
                )
            )
    return Answer(
        sum(row["examined"] for row in rows),
        tuple(found),
        passed_over("audit_identifiers", columns_of(snapshot.catalogue, "random-id"), places(snapshot, rows)),
        samples(snapshot.schema, rows),
    )
