"""A column that was dropped from a table which has rows.

DROP COLUMN hides the column and leaves its values in every row: all copies of a dropped sender were still in
the file after a vacuum, and none after a rewrite. The catalog keeps the mark of a dropped column through a
rewrite, so the ledger has to say that one has passed: `nosender retention erase --rewrite` leaves a receipt
in the transaction of the rewrite itself, with the number of the new file and those of the columns dropped by
then. Only that clears a column, only in that file, and only while the ledger's chain is whole; a column
dropped later is found. A rewrite by other means leaves no receipt, and neither does a TRUNCATE. A table
without a page holds nothing and is no finding. What it cannot see is a receipt that the owner of the ledger
made up together with the chain, nor the copies in WAL, replicas and backups.
"""

from nosender.privacy_audit.check import Answer, Check
from nosender.privacy_audit.finding import Claim, Confidence, Found, NotTested, Severity
from nosender.privacy_audit.snapshot.object_names import dotted
from nosender.privacy_audit.snapshot.snapshot import Snapshot
from nosender.schema.catalogue.places import place_of

CHECK = Check(
    slug="dropped-column",
    title="No dropped column can still be read from the files.",
    claim=Claim.RETENTION_RUNS,
    severity=Severity.MEDIUM,
    confidence=Confidence.LIKELY,
    remedy="Write the table anew with `nosender retention erase --rewrite`, which leaves a receipt in the "
    "ledger.",
    since="0.1",
)


def look(snapshot: Snapshot) -> Answer:
    """The marks of dropped columns in scope that no receipt clears."""
    empty = {
        (each.schema, each.table)
        for each in snapshot.surroundings.vacuums
        if each.pages == 0 and not snapshot.is_spread(each.schema, each.table)
    }
    cleared = _cleared(snapshot)
    return Answer.of(
        snapshot.in_scope("relations"),
        (
            Found(
                dotted(each.schema, each.table, f"dropped column {each.number}"),
                "dropped column",
                "Its values are in the file until the table is written anew; no receipt says that it was.",
                {"number": each.number},
            )
            for each in snapshot.in_scope("dropped_columns")
            if (each.schema, each.table) not in empty
            and (each.schema, each.table, each.number) not in cleared
        ),
    )


def _cleared(snapshot: Snapshot) -> set[tuple[str, str, int]]:
    """The dropped columns that a receipt clears: none where the receipts cannot be read or believed."""
    try:
        (chain,) = snapshot.probe("audit_ledger_chain")
        receipts = snapshot.probe("audit_rewrites")
    except NotTested:
        return set()
    if chain["missing"] or chain["unlinked"] or chain["altered"]:
        return set()
    return {
        (*place_of(each["table_name"], snapshot.schema), each["column_number"])
        for each in receipts
        if each["receipts"]
    }
