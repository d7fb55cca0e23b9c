"""An undeclared function, in any schema, whose text sends something out of the database.

A notification on a channel per person, a link to another database, a file, a program, a message in the log, a
large object: what a trigger hands to such a function leaves without a row. Looks for the names of what sends;
a function that builds its text can hide them, which is why undeclared-function does not look at what it says.
"""

import re

from nosender.privacy_audit.check import Answer, Check
from nosender.privacy_audit.finding import Claim, Confidence, Found, Severity
from nosender.privacy_audit.questions.sql_texts import body_of, without_comments
from nosender.privacy_audit.snapshot.object_names import function_name
from nosender.privacy_audit.snapshot.snapshot import Snapshot, brought_along

SENDS = re.compile(
    r"\b(pg_notify|notify|dblink\w*|lo_(?:import|export|create|from_bytea)|pg_logical_emit_message"
    r"|http_\w+|net\.http\w*|pg_file_write|pg_advisory_\w+|raise\s+(?:log|notice|warning)|to\s+program)\b",
    re.IGNORECASE,
)

CHECK = Check(
    slug="sending-function",
    title="No undeclared function sends anything out.",
    claim=Claim.NO_SIDE_CHANNEL,
    severity=Severity.HIGH,
    confidence=Confidence.LIKELY,
    remedy="Drop the function, and ask who listened.",
    since="0.1",
)


def look(snapshot: Snapshot) -> Answer:
    """Every function of the database that the DDL does not have word for word."""
    declared = {(function_name(each), body_of(each)) for each in snapshot.declared.functions}
    unknown = [
        each
        for each in snapshot.live.functions
        if not brought_along(each) and (function_name(each), body_of(each)) not in declared
    ]
    sending = [
        (each, sorted({word.lower() for word in SENDS.findall(without_comments(body_of(each)))}))
        for each in unknown
    ]
    return Answer.of(
        snapshot.live.functions,
        (
            Found(
                function_name(each),
                each.kind,
                f"Its text sends something out: {', '.join(' '.join(word.split()) for word in words)}.",
                {"words": words},
            )
            for each, words in sending
            if words
        ),
    )
