"""A declared sequence of another type, step, bound or cycle.

One that cycles gives a number twice; one with a step of its own tells which server wrote a row.
"""

from nosender.privacy_audit.check import Answer, Check
from nosender.privacy_audit.finding import Claim, Confidence, Found, Severity
from nosender.privacy_audit.questions.declared import compared
from nosender.privacy_audit.snapshot.object_names import dotted
from nosender.privacy_audit.snapshot.snapshot import Snapshot
from nosender.schema.observe.model import Sequence

CHECK = Check(
    slug="sequence-differs",
    title="The sequences count as declared.",
    claim=Claim.SCHEMA_AS_DECLARED,
    severity=Severity.LOW,
    confidence=Confidence.CERTAIN,
    remedy="Set the sequence as the DDL has it.",
    since="0.1",
)


FIELDS = ("type", "start", "minimum", "maximum", "increment", "cycle", "owned_by", "persistence")


def look(snapshot: Snapshot) -> Answer:
    """Everything about each sequence but its owner and its place."""
    return compared(
        snapshot,
        "sequences",
        FIELDS,
        lambda live, declared: Found(
            dotted(live.schema, live.name),
            "sequence",
            f"It is declared with another {_differing(live, declared)}.",
        ),
    )


def _differing(live: Sequence, declared: Sequence) -> str:
    names = [name for name in FIELDS if getattr(live, name) != getattr(declared, name)]
    return ", ".join(name.replace("owned_by", "owning column") for name in names)
