"""A default, generated or identity column other than declared.

A default fills in what the application never said: current_user, the client's address, a setting that holds
the caller's number. A generated column copies one value into another. Neither shows in a column's name or
type.
"""

from nosender.privacy_audit.check import Answer, Check
from nosender.privacy_audit.finding import Claim, Confidence, Found, Severity
from nosender.privacy_audit.questions.declared import differing
from nosender.privacy_audit.snapshot.object_names import dotted
from nosender.privacy_audit.snapshot.snapshot import Snapshot
from nosender.schema.observe.model import Column

CHECK = Check(
    slug="column-default",
    title="Every declared column has its declared default and nothing else fills it.",
    claim=Claim.NO_SENDER,
    severity=Severity.HIGH,
    confidence=Confidence.CERTAIN,
    remedy="Set the declared default again; what was filled in meanwhile has to be looked at.",
    since="0.1",
)


def look(snapshot: Snapshot) -> Answer:
    """Default expression, generation and identity of each column."""
    pairs = differing(snapshot, "columns", "default", "generated", "identity")
    return Answer(
        len(snapshot.declared.columns),
        tuple(
            Found(
                dotted(live.schema, live.table, live.name),
                "column",
                _told(live, declared),
                {"has_default": live.default is not None, "generated": live.generated},
            )
            for live, declared in pairs
        ),
    )


def _told(live: Column, declared: Column) -> str:
    """What fills the column, where something does."""
    if live.default is None and live.generated is None and live.identity is None:
        return "Its declared default is gone: nothing fills this column where the application says nothing."
    if declared.default is None and declared.generated is None and declared.identity is None:
        return "The database fills this column, and nothing declares that; it can be who is connected."
    return "The database fills this column with something else than declared; it can be who is connected."
