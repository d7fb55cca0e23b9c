"""An object of the schema that does not belong to the owner of the tables.

Its owner can change it and grant it away. Functions that run with their owner's rights matter most; the
counting ones are not called at all then.
"""

from nosender.privacy_audit.check import Answer, Check
from nosender.privacy_audit.finding import Claim, Confidence, Found, Severity
from nosender.privacy_audit.snapshot.object_names import dotted, function_name
from nosender.privacy_audit.snapshot.snapshot import Snapshot, brought_along

CHECK = Check(
    slug="owner-differs",
    title="Everything belongs to one owner.",
    claim=Claim.SCHEMA_AS_DECLARED,
    severity=Severity.LOW,
    confidence=Confidence.CERTAIN,
    remedy="Give the object to the owner of the tables with ALTER ... OWNER TO.",
    since="0.1",
)


def look(snapshot: Snapshot) -> Answer:
    """Tables, sequences and functions of the schema."""
    from dataclasses import replace

    from nosender.schema.observe.reference import owner_of

    ours = snapshot.ours("relations")
    owner = owner_of(replace(snapshot.live, relations=tuple(ours)))
    things = [
        *((dotted(each.schema, each.name), each.kind, each.owner) for each in ours),
        *((dotted(each.schema, each.name), "sequence", each.owner) for each in snapshot.ours("sequences")),
        *(
            (function_name(each), each.kind, each.owner)
            for each in snapshot.ours("functions")
            if not brought_along(each)
        ),
    ]
    return Answer.of(
        things,
        (
            Found(name, kind, f"It belongs to {dotted(whose)}, and the tables to {dotted(owner or '')}.")
            for name, kind, whose in things
            if whose != owner
        ),
    )
