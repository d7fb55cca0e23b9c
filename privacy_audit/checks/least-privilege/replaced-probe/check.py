"""A counting function that is not the declared one, by body, owner, settings or rights.

The auditor believes what it answers, and runs it with its owner's rights: a replaced body is a false
all-clear and somebody else's code at once. So they are compared before any of them is called, and one that
differs never is.
"""

from nosender.privacy_audit.case import Case
from nosender.privacy_audit.check import Answer, Check, NotTested
from nosender.privacy_audit.finding import Claim, Confidence, Found, Severity
from nosender.privacy_audit.names import dotted
from nosender.privacy_audit.probes import called, differences

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


def look(case: Case) -> Answer:
    """The functions that the auditor calls, and those that they call."""
    if not case.has_ours:
        raise NotTested(f"schema {case.schema} holds none of our tables")
    wrong = differences(case.live, case.declared)
    return Answer.of(
        called(case.declared),
        (
            Found(f"{dotted(case.schema)}.{name}", "function", f"The function {what}, and was not called.")
            for name, what in sorted(wrong.items())
        ),
    )
