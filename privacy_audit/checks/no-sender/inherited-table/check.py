"""A child of one of our tables, by inheritance or as a partition, in any schema.

A query of the parent reads the child's rows, and only the child shows the columns it has besides: a sender is
then in "messages" and in no column of messages. The bound of a partition is stored for everybody to read,
number and all.
"""

from nosender.privacy_audit.check import Answer, Check
from nosender.privacy_audit.finding import Claim, Confidence, Found, Severity
from nosender.privacy_audit.snapshot.object_names import dotted
from nosender.privacy_audit.snapshot.snapshot import Snapshot
from nosender.schema.observe.model import Relation
from nosender.schema.observe.quoting import qualified

CHECK = Check(
    slug="inherited-table",
    title="No table hangs under one of ours.",
    claim=Claim.NO_SENDER,
    severity=Severity.HIGH,
    confidence=Confidence.CERTAIN,
    remedy="Detach the table with NO INHERIT or DETACH PARTITION, look at what it holds, and drop it.",
    since="0.1",
)


def look(snapshot: Snapshot) -> Answer:
    """Every relation with a parent among our tables."""
    ours = {qualified(each.schema, each.name): name for name, each in snapshot.tables.items()}
    return Answer.of(
        snapshot.live.relations,
        (
            Found(
                dotted(each.schema, each.name),
                each.kind,
                f"Its rows are among those of {ours[parent]}, with "
                f"{_own(snapshot, each, ours[parent])} columns of its own.",
                {"parent": ours[parent], "columns": len(snapshot.columns_of(each))},
            )
            for each in snapshot.live.relations
            for parent in each.parents
            if parent in ours
        ),
    )


def _own(snapshot: Snapshot, child: Relation, parent: str) -> int:
    """How many columns it has beside those of its parent."""
    inherited = {column.name for column in snapshot.columns_of(snapshot.tables[parent])}
    return sum(column.name not in inherited for column in snapshot.columns_of(child))
