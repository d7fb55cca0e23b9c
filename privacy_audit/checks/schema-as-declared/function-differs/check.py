"""A declared function with another body, other rights or other settings.

CREATE OR REPLACE keeps the name, the owner and the grants, so nothing else shows that send_message now keeps
a copy. Compares body, language, whose rights it runs with, settings, volatility, arguments and result.
"""

from nosender.privacy_audit.check import Answer, Check
from nosender.privacy_audit.finding import Claim, Confidence, Found, Severity
from nosender.privacy_audit.questions.declared import differing
from nosender.privacy_audit.snapshot.object_names import function_name
from nosender.privacy_audit.snapshot.snapshot import Snapshot

FIELDS = (
    "body",
    "sql_body",
    "language",
    "security_definer",
    "config",
    "volatility",
    "strict",
    "leakproof",
    "arguments",
    "result",
    "library",
    "kind",
)

CHECK = Check(
    slug="function-differs",
    title="Every declared function does what the DDL says.",
    claim=Claim.SCHEMA_AS_DECLARED,
    severity=Severity.HIGH,
    confidence=Confidence.CERTAIN,
    remedy="Create the function anew from the DDL.",
    since="0.1",
)


def look(snapshot: Snapshot) -> Answer:
    """What each function is, but for its owner and its costs."""
    pairs = differing(snapshot, "functions", *FIELDS)
    return Answer(
        len(snapshot.declared.functions),
        tuple(
            Found(
                function_name(live),
                live.kind,
                "It is not what the DDL says.",
                {"differs": [name for name in FIELDS if getattr(live, name) != getattr(declared, name)]},
            )
            for live, declared in pairs
        ),
    )
