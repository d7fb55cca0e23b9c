"""Phone numbers, keys and identifiers of ours where they do not belong.

Elsewhere in the database, whatever the column is called and however the value is written, it joins: a table
of calls or customers beside ours gives the sender back, and so does a log of message ids. Up to 300 rows of
every table of other schemas are looked at, in columns of any type that could hold one, domains, arrays,
ranges and composites among them; of what reads like a number, in any digits, with its country's code or
without, or like an identifier or a key, in either case, as hex or base64, 100 of a kind are looked up. In our
own columns a value that is stored about one person, such as a published key, may stand in no row of another:
in a ciphertext it names the sender. What may not be read is not tested, unless its schema is declared out of
scope, and neither is what comes after the first 5,000 columns. Hashes of numbers do not show, nor a number in
halves, nor do small numbers, which equal others by chance.
"""

from nosender.privacy_audit.check import Answer, Check
from nosender.privacy_audit.finding import Claim, Confidence, Found, Severity
from nosender.privacy_audit.questions.completeness import columns_of, passed_over, places
from nosender.privacy_audit.snapshot.object_names import dotted
from nosender.privacy_audit.snapshot.samples import samples
from nosender.privacy_audit.snapshot.snapshot import Row, Snapshot

SEARCHED = ("ciphertext", "wrapped-key", "random-id")

CHECK = Check(
    slug="matching-value",
    title="No number, key or identifier of ours stands where it does not belong.",
    claim=Claim.NO_RELATIONSHIP,
    severity=Severity.HIGH,
    confidence=Confidence.LIKELY,
    remedy="Drop the column, or the table; what has to stay belongs in another database. In a ciphertext, "
    "have clients send nothing in clear beside it.",
    since="0.1",
)


def look(snapshot: Snapshot) -> Answer:
    """The counts of the probe: no excuse of a schema covers a number of ours in it."""
    rows = list(snapshot.probe("audit_matching_values"))
    unread: dict[str, set[str]] = {}
    for row in rows:
        if not row["readable"]:
            unread.setdefault(row["reason"], set()).add(row["schema_name"])
    beyond = sum(not row["looked"] for row in rows)
    own = places(snapshot, [row for row in rows if row["schema_name"] == snapshot.schema])
    reasons = [
        f"what stands in schema {', '.join(sorted(schemas))} {why}" for why, schemas in sorted(unread.items())
    ]
    if unasked := passed_over("audit_matching_values", columns_of(snapshot.catalogue, *SEARCHED), own):
        reasons.append(unasked)
    if beyond:
        reasons.append(f"{beyond} columns of other schemas were too many to look into")
    return Answer(
        sum(row["examined"] for row in rows),
        tuple(
            Found(
                snapshot.named(row["table_name"], row["column_name"])
                if row["schema_name"] == snapshot.schema
                else dotted(row["schema_name"], row["table_name"], row["column_name"]),
                "column",
                _detail(row, snapshot.schema),
                {"matching": row["matching"], "compared": row["compared"], "examined": row["examined"]},
            )
            for row in rows
            if row["matching"]
        ),
        " and ".join(reasons) or None,
        samples(snapshot.schema, rows),
    )


def _detail(row: Row, ours: str) -> str:
    """What was found, in counts."""
    if row["schema_name"] == ours:
        return (
            f"{row['matching']} of {row['examined']} values looked at hold what is stored about a person "
            "whom the row is not for."
        )
    return (
        f"{row['matching']} of {row['compared']} values looked up are numbers, keys or identifiers of ours."
    )
