"""A counting function that is not the declared one, by body, owner, settings or rights.

The auditor believes what it answers, and runs it with its owner's rights: a replaced body is a false
all-clear and somebody else's code at once. So they are compared before any of them is called, and one that
differs never is.
"""

from nosender.privacy_audit.check import Answer, Check
from nosender.privacy_audit.finding import Claim, Confidence, Found, NotTested, Severity
from nosender.privacy_audit.snapshot.object_names import dotted
from nosender.privacy_audit.snapshot.probes.functions import called, differences
from nosender.privacy_audit.snapshot.snapshot import NOT_OURS, Snapshot

CHECK = Check(
    slug="replaced-probe",
    title="The functions that the auditor calls are the declared ones.",
    claim=Claim.LEAST_PRIVILEGE,
    severity=Severity.CRITICAL,
    confidence=Confidence.CERTAIN,
    remedy="Create the function anew from the DDL, with its owner and grants; until then it is not called.",
    since="0.1",
    waivable=False,
)


def look(snapshot: Snapshot) -> Answer:
    """The functions that the auditor calls, and those that they call."""
    if not snapshot.has_ours:
        raise NotTested(NOT_OURS)
    wrong = differences(snapshot.live, snapshot.declared)
    return Answer.of(
        called(snapshot.declared),
        (
            Found(
                f"{dotted(snapshot.schema)}.{name}", "function", f"The function {what}, and was not called."
            )
            for name, what in sorted(wrong.items())
        ),
    )
