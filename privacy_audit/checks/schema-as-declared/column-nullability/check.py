"""A column that may be null and should not, or the other way round.

A flag with three values is a mistake that waits: a key whose `used` is unknown is neither used nor free.
"""

from nosender.privacy_audit.check import Answer, Check
from nosender.privacy_audit.finding import Claim, Confidence, Found, Severity
from nosender.privacy_audit.questions.declared import compared
from nosender.privacy_audit.snapshot.object_names import dotted
from nosender.privacy_audit.snapshot.snapshot import Snapshot

CHECK = Check(
    slug="column-nullability",
    title="Every declared column may be null exactly where the DDL says.",
    claim=Claim.SCHEMA_AS_DECLARED,
    severity=Severity.MEDIUM,
    confidence=Confidence.CERTAIN,
    remedy="Set or drop NOT NULL as the DDL has it.",
    since="0.1",
)


def look(snapshot: Snapshot) -> Answer:
    """Nullability of each column."""
    return compared(
        snapshot,
        "columns",
        ("not_null",),
        lambda live, _: Found(
            dotted(live.schema, live.table, live.name),
            "column",
            f"It {'must not' if live.not_null else 'may'} be null, and is declared the other way.",
        ),
    )
