"""A function, procedure or aggregate that nobody declared.

What code does cannot be proved from outside, least of all when it builds its statements as text; so it is not
judged by what it says: it is declared, or it is a finding. Members of an extension count as accounted for
only where they are code in C from the server's own library folder, because ALTER EXTENSION ... ADD can make
anything a member.
"""

from nosender.privacy_audit.check import Answer, Check
from nosender.privacy_audit.finding import Claim, Confidence, Found, Severity
from nosender.privacy_audit.questions.declared import closed
from nosender.privacy_audit.snapshot.object_names import function_name
from nosender.privacy_audit.snapshot.snapshot import Snapshot

CHECK = Check(
    slug="undeclared-function",
    title="The only functions are the declared ones.",
    claim=Claim.NO_SENDER,
    severity=Severity.HIGH,
    confidence=Confidence.CERTAIN,
    remedy="Drop the function, or declare it in the catalogue with its purpose and bring it into the DDL.",
    since="0.1",
)


def look(snapshot: Snapshot) -> Answer:
    """Every function in scope."""
    return closed(
        snapshot,
        "functions",
        lambda each: Found(
            function_name(each),
            each.kind,
            f"This {each.kind} in {each.language} is not declared; what it does cannot be proved.",
            {"language": each.language, "security_definer": each.security_definer},
        ),
    )
