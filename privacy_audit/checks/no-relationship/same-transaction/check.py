"""Transactions that wrote a message or key for a destination and a row of another user.

Every row keeps the number of the transaction that wrote it, for as long as it stands. Whoever sends a message
and rotates a key in one transaction is joined with the destination by it. Small tables are compared whole,
of large ones the 100 of the highest ids. A transaction that wrote for more than five people is a load of data
and is passed over. Of a database that Citus distributes each node is asked by itself, where it is looked at:
each counts its transactions alone.
"""

from nosender.privacy_audit.check import Answer, Check
from nosender.privacy_audit.finding import Claim, Confidence, Found, NotTested, Severity
from nosender.privacy_audit.questions.completeness import columns_of, passed_over, referring
from nosender.privacy_audit.snapshot.samples import samples
from nosender.privacy_audit.snapshot.snapshot import Snapshot

CHECK = Check(
    slug="same-transaction",
    title="No transaction wrote for a destination and for another person at once.",
    claim=Claim.NO_RELATIONSHIP,
    severity=Severity.HIGH,
    confidence=Confidence.LIKELY,
    remedy="Send in a transaction of its own; the functions of the message flow refuse anything else.",
    since="0.1",
)


def look(snapshot: Snapshot) -> Answer:
    """The counts of the probe, by pair of tables."""
    rows = snapshot.probe("audit_same_transaction")
    spread = sorted(
        name for name, each in snapshot.tables.items() if snapshot.is_spread(each.schema, each.name)
    )
    if spread and "audit_same_transaction" not in snapshot.by_node:
        raise NotTested(
            f"{', '.join(spread)} stand on several nodes, and each counts its transactions by itself"
        )
    catalogue = snapshot.catalogue
    outward = {table for table, _ in columns_of(catalogue, "destination-phone")}
    own = {table for table, _ in columns_of(catalogue, "account-phone")}
    # A delivery belongs to a message; whose device it is for, delivery-to-stranger looks at.
    hangs_on = referring(catalogue, *own, "webauthn_credentials") - referring(catalogue, *outward)
    pairs = {(a, b) for a in outward for b in own | {table for (table,) in hangs_on}}
    if spread:  # what stands on nodes has no transaction in common with what stands on the coordinator
        kinds = {name: snapshot.stands(each.schema, each.name) for name, each in snapshot.tables.items()}
        pairs = {(a, b) for a, b in pairs if {kinds.get(a), kinds.get(b)} != {"distributed", "local"}}
    return Answer(
        sum(row["examined"] for row in rows),
        tuple(
            Found(
                snapshot.named(row["table_name"]),
                "table",
                f"{row['joined']} transactions wrote here and for another person in {row['other_table']}.",
                {"transactions": row["joined"], "other": row["other_table"]},
            )
            for row in rows
            if row["joined"]
        ),
        passed_over(
            "audit_same_transaction", pairs, {(row["table_name"], row["other_table"]) for row in rows}
        ),
        samples(snapshot.schema, rows),
    )
