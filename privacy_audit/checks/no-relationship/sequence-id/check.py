"""Ids that were drawn from a sequence: they keep the order in which rows came, whatever else was shuffled.

Ids of messages and deliveries are a day and random bits, those of keys random bits; the sequences that
stand beside them, because the columns are BIGSERIAL and SERIAL, are drawn from by nobody of ours. Who
writes without the functions may, and so did version 0.1.0: its messages keep such ids until they go, as
they are counted here. Ids of deliveries and keys are drawn anew as they settle. What it cannot see: an id
of a sequence of somebody's own that happens to have the form. Of keys some ids stand by chance where the
sequence has been; more than that decide, and a false alarm comes less than once in a million runs.

Random bits have room for a number, too: eight or thirteen bits at a time, ids that meet more often than
random ones do hold something else, such as the number of whoever wrote the row. It does not see numbers
that fill their bits evenly, nor those that a secret of the application's spreads anew with each row.
"""

import math

from nosender.privacy_audit.check import Answer, Check
from nosender.privacy_audit.finding import Claim, Confidence, Found, Severity
from nosender.privacy_audit.snapshot.samples import samples
from nosender.privacy_audit.snapshot.snapshot import Row, Snapshot

CHECK = Check(
    slug="sequence-id",
    title="Ids are random: none was drawn from a sequence, and none has a number in its bits.",
    claim=Claim.NO_RELATIONSHIP,
    severity=Severity.HIGH,
    confidence=Confidence.CERTAIN,
    remedy="Leave ids to their defaults. Those of old messages go with the messages; a greatest age helps.",
    since="0.2",
)

_BY_DAY = ("messages", "message_deliveries")
_DRAWS = 2**31
_ALARMS = 1e-7  # of one table


def look(snapshot: Snapshot) -> Answer:
    """The counts of the probe, by table."""
    rows = sorted(snapshot.probe("audit_sequence_ids"), key=lambda row: str(row["table_name"]))
    return Answer(
        sum(row["examined"] for row in rows),
        tuple(
            Found(snapshot.named(row["table_name"], "id"), "column", sentence, measured)
            for row in rows
            for sentence, measured in _told(row)
        ),
        samples=samples(snapshot.schema, [{**row, "column_name": "id"} for row in rows]),
    )


def _told(row: Row) -> list[tuple[str, dict[str, int]]]:
    """What is said of the ids of one table: the first of the two, for one remedy helps both."""
    if row["drawn"] and not _by_chance(row):
        sentence = "Ids of a sequence stand here, and with them the order in which the rows came."
        return [(sentence, {"rows": row["drawn"], "examined": row["examined"]})]
    if row["repeated"]:
        sentence = "Bits of the ids repeat as the numbers of people would, and random bits do not."
        return [(sentence, {"places": row["repeated"], "examined": row["examined"]})]
    return []


def _by_chance(row: Row) -> bool:
    """Whether so many random ids may well stand where the sequence has been: a bound of Poisson's tail."""
    if row["table_name"] in _BY_DAY:
        return False
    mean, drawn = row["examined"] * row["reach"] / _DRAWS, row["drawn"]
    return bool(drawn <= mean or drawn * (1 + math.log(mean / drawn)) - mean > math.log(_ALARMS))
