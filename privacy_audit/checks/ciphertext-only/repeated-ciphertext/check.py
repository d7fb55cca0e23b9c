"""Ciphertexts or wrapped keys that are equal, or begin alike.

Equal ones say that two messages are one, sent twice or to two people; an equal nonce under one key undoes
AES-GCM; a fixed beginning, end or middle is a counter or a mark of the client that made it, and so is a byte
of few values: an identifier of four bytes leaves three of them nearly empty. Compares 64, 12 and 4 bytes of
the beginnings, 16 and 4 of the ends and, for different destinations, every place of the first two thousand,
within the probes' sample; a few of 4 are alike by chance in very many. Counts the values of each of the first
64 and last 16 bytes in 600 ciphertexts, and in wrapped keys of 600 people; a byte that is the same in all is
a format. Keys wrapped for the devices of one person may begin with one public key, so of them only whole
values are compared here; what two people share is a matter of shared-value. A byte with nearly all values
tells nothing here, whatever it says.

One client that repeats itself is told, with how many and of how many, and decides nothing: else whoever likes
could turn everybody's audit red. From `alike` of a thousand values on, which policy.toml declares, it is a
fault of the whole. Marks are counted among 600 and are that already.
"""

from nosender.privacy_audit.check import Answer, Check
from nosender.privacy_audit.finding import Claim, Confidence, Found, NotTested, Severity
from nosender.privacy_audit.questions.completeness import columns_of, passed_over, places
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

    few = [row for row in rows if _alike(row, classes[row["table_name"], row["column_name"]])]
    inside = _inside(snapshot)
    declared = snapshot.catalogue.alike
    found = [
        Found(
            snapshot.named(row["table_name"], row["column_name"]),
            "column",
            f"Of {row['examined']} values looked at, {row['repeated']} repeat another, "
            f"{row['repeated_nonce']} its nonce and {row['repeated_prefix']} its first four bytes, "
            f"{row['repeated_end']} its tag and {row['repeated_suffix']} its last four: "
            + _share(_most(row), row["examined"], declared),
            {"equal": row["repeated"], "nonce": row["repeated_nonce"], "prefix": row["repeated_prefix"]},
            _weight(_most(row), row["examined"], declared),
        )
        for row in few
    ]
    found += [
        Found(
            snapshot.named(row["table_name"], row["column_name"]),
            "column",
            f"At {row['marked']} places near beginning and end the values have few different bytes, "
            "which tell apart what made them.",
            {"marked": row["marked"]},
        )
        for row in rows
        if row["marked"]
    ]
    found += [
        Found(
            snapshot.named(row["table_name"], row["column_name"]),
            "column",
            f"Values for different destinations have the same bytes at the same place, {row['repeated']} "
            f"times in {row['examined']} values: " + _share(row["repeated"], row["examined"], declared),
            {"repeated": row["repeated"]},
            _weight(row["repeated"], row["examined"], declared),
        )
        for row in inside
        if row["repeated"]
    ]
    return Answer(
        sum(row["examined"] for row in rows),
        tuple(found),
        passed_over("audit_content", columns_of(snapshot.catalogue, *RANDOM), places(snapshot, rows)),
        samples(snapshot.schema, rows),
    )


def _most(row: Row) -> int:
    """How many values are like another, in the way that most are, but for what chance makes alike."""
    by_chance = row["examined"] // 100
    few = (each for each in (row["repeated_prefix"], row["repeated_suffix"]) if each > by_chance)
    return int(max(row["repeated"], row["repeated_nonce"], row["repeated_end"], *few))


def _share(number: int, examined: int, declared: int) -> str:
    """The share in words, and what it decides."""
    share = f"{number / max(1, examined):.2%} of them"
    decides = _weight(number, examined, declared) is None
    return f"{share}." if decides else f"{share}, where it decides from {declared / 1000:.1%} on."


def _weight(number: int, examined: int, declared: int) -> Severity | None:
    """None, the check's own, from the declared share on."""
    return Severity.LOW if number * 1000 < examined * declared else None


def _alike(row: Row, data_class: str) -> bool:
    """Whether the values of a column begin or end alike more often than by chance."""
    if data_class == "wrapped-key":
        return bool(row["repeated"])
    by_chance = max(1, row["examined"] // 100)
    return bool(
        row["repeated_nonce"]
        or row["repeated_prefix"] > by_chance
        or row["repeated_end"]
        or row["repeated_suffix"] > by_chance
    )


def _inside(snapshot: Snapshot) -> list[Row]:
    """What the search for known values has of our own columns; nothing where it did not look."""
    try:
        rows = snapshot.probe("audit_matching_values")
    except NotTested:
        return []
    return [row for row in rows if row["schema_name"] == snapshot.schema]
