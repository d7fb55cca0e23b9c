"""An expression or body that asks for the role, the client's address, the process or a setting.

Whoever is connected when a message is stored is its sender. Looks into defaults, generated columns, domains,
CHECKs, index expressions and predicates, views, rules, triggers, policies and bodies, also through functions
that these call. What is word for word in the DDL is accounted for. It cannot see what a function builds as
text.
"""

from nosender.privacy_audit.check import Answer, Check
from nosender.privacy_audit.finding import Claim, Confidence, Found, Severity
from nosender.privacy_audit.questions.sql_texts import body_of, calls, expressions, identity_words
from nosender.privacy_audit.snapshot.object_names import function_name
from nosender.privacy_audit.snapshot.snapshot import Snapshot

CHECK = Check(
    slug="session-identity",
    title="No expression and no function asks who is connected.",
    claim=Claim.NO_SENDER,
    severity=Severity.CRITICAL,
    confidence=Confidence.CERTAIN,
    remedy="Take the expression out; what it filled in meanwhile has to be found and deleted.",
    since="0.1",
    waivable=False,
)


def look(snapshot: Snapshot) -> Answer:
    """Every expression in scope that is not the declared one."""
    declared = {(each.object, each.kind, each.text) for each in expressions(snapshot.declared)}
    live = list(expressions(snapshot.scoped))
    unknown = [each for each in live if (each.object, each.kind, each.text) not in declared]
    asking = {
        each.name
        for each in snapshot.live.functions
        if (function_name(each), each.kind, body_of(each)) not in declared and identity_words(body_of(each))
    }
    found = []
    for each in unknown:
        words = identity_words(each.text) or calls(each.text, frozenset(asking))
        if words:
            found.append(
                Found(
                    each.object,
                    each.kind,
                    f"It asks who is connected: {', '.join(words)}.",
                    {"words": words},
                )
            )
    return Answer.of(live, found)
