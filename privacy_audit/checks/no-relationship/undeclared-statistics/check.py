"""An extended statistics object.

ANALYZE then keeps the commonest combinations of values, which outlive the rows: which number with which key,
which device with which hour. None is declared.
"""

from nosender.privacy_audit.check import Answer, Check
from nosender.privacy_audit.finding import Claim, Confidence, Found, Severity
from nosender.privacy_audit.snapshot.object_names import dotted
from nosender.privacy_audit.snapshot.snapshot import Snapshot
from nosender.schema.observe.quoting import qualified

CHECK = Check(
    slug="undeclared-statistics",
    title="No statistics are kept about pairs of columns.",
    claim=Claim.NO_RELATIONSHIP,
    severity=Severity.MEDIUM,
    confidence=Confidence.CERTAIN,
    remedy="Drop the statistics object and run ANALYZE.",
    since="0.1",
)


def look(snapshot: Snapshot) -> Answer:
    """Every extended statistics object in scope, or about a table of ours."""
    ours = {qualified(each.schema, each.name) for each in snapshot.tables.values()}
    live = [each for each in snapshot.live.statistics if each.schema in snapshot.scope or each.table in ours]
    return Answer.of(
        live,
        (
            Found(
                dotted(each.schema, each.name),
                "statistics",
                f"It keeps combinations of values of {each.table}, also after their rows are gone.",
            )
            for each in live
        ),
    )
