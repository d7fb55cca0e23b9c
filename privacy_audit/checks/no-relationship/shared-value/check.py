"""A value that stands under two users or two destinations.

One session key id, token, ciphertext or prefix in two places is a relationship: a GROUP BY away from the
contact list, without any column or key for it. Identifiers, keys and ciphertexts may never be shared; of any
other column the shape decides: few values that very many share are a state, many values that two or three
share are conversations, and counts of which nearly all stand under two or three are too. Identifiers are
compared in one spelling: in capitals, without dashes and backwards they join as well. Reads the sample that
the probes read, so of a large table it can miss what is rare.
"""

from nosender.privacy_audit.check import Answer, Check
from nosender.privacy_audit.finding import Claim, Confidence, Found, Severity
from nosender.privacy_audit.questions.completeness import passed_over, places, texts_of
from nosender.privacy_audit.snapshot.samples import samples
from nosender.privacy_audit.snapshot.snapshot import Snapshot

UNSHARED = ("random-id", "ciphertext", "wrapped-key", "public-key", "signature", "device-id", "device-key")
STATES = 20  # a column of a few fixed values has no more of them than this

CHECK = Check(
    slug="shared-value",
    title="No value is shared between two people, except where everybody shares it.",
    claim=Claim.NO_RELATIONSHIP,
    severity=Severity.CRITICAL,
    confidence=Confidence.LIKELY,
    remedy="Find what writes the value; identifiers and keys are drawn anew for each person, device and "
    "message.",
    since="0.1",
)


def look(snapshot: Snapshot) -> Answer:
    """The counts of the probe, column by column."""
    rows = snapshot.probe("audit_shared_values")
    classes = {
        (table.name, column.name): column.data_class.name
        for table in snapshot.catalogue.tables
        for column in table.columns
    }
    found = []
    for row in rows:
        column = row["column_name"].partition("[")[0]
        class_name = classes.get((row["table_name"], column))
        shared = row["shared_values"]
        if class_name == "device-key" and row["column_name"].endswith("[1..8]") and shared <= STATES:
            continue  # COSE keys of one algorithm begin alike, and there are few algorithms
        # Counts of many people meet in many values, and now and then more than three of them.
        paired = row["distinct_values"] > 2 * STATES and row["widest"] <= 3
        paired = paired and 5 * shared >= 4 * row["distinct_values"]
        # Between a bucket and a conversation the mean number of people behind one value tells.
        many_small = row["distinct_values"] > STATES and row["pairs"] < 4 * row["distinct_values"]
        if class_name == "state" and row["distinct_values"] > STATES:
            found.append(
                Found(
                    snapshot.named(row["table_name"], column),
                    "column",
                    f"A column for a few states holds {row['distinct_values']} different values in what was "
                    "looked at: as many as there are people or conversations, they tell them apart.",
                    {"values": row["distinct_values"]},
                )
            )
        elif shared and (class_name in UNSHARED or (paired if class_name == "counter" else many_small)):
            found.append(
                Found(
                    snapshot.named(row["table_name"], column),
                    "column",
                    f"{shared} of {row['distinct_values']} values looked at stand under more than one "
                    f"person, "
                    f"at most under {row['widest']} of {row['owners']}.",
                    {"shared": shared, "values": row["distinct_values"], "widest": row["widest"]},
                )
            )
    return Answer(
        sum(row["examined"] for row in rows),
        tuple(found),
        passed_over("audit_shared_values", texts_of(snapshot, "state", *UNSHARED), places(snapshot, rows)),
        samples(snapshot.schema, rows),
    )
