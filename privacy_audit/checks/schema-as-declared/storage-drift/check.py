"""A storage parameter, column storage or compression other than declared.

Nothing is revealed by it as such. autovacuum_enabled is a matter of autovacuum-off.
"""

from nosender.privacy_audit.check import Answer, Check
from nosender.privacy_audit.finding import Claim, Confidence, Found, Severity
from nosender.privacy_audit.questions.declared import differing
from nosender.privacy_audit.snapshot.object_names import dotted
from nosender.privacy_audit.snapshot.snapshot import Snapshot

CHECK = Check(
    slug="storage-drift",
    title="Storage parameters are as declared.",
    claim=Claim.SCHEMA_AS_DECLARED,
    severity=Severity.LOW,
    confidence=Confidence.CERTAIN,
    remedy="Set the parameter as the DDL has it, or take it into the DDL.",
    since="0.1",
)


def look(snapshot: Snapshot) -> Answer:
    """Options of tables and indexes; storage and compression of columns."""
    found = [
        Found(dotted(live.schema, live.name), kind, "Its storage parameters are not the declared ones.")
        for kind, answers in (
            ("table", differing(snapshot, "relations", "options", "toast_options")),
            ("index", differing(snapshot, "indexes", "options")),
        )
        for live, _ in answers
    ]
    found += [
        Found(
            dotted(live.schema, live.table, live.name),
            "column",
            "Its options are not the declared ones."
            if (live.storage, live.compression) == (declared.storage, declared.compression)
            else "It is stored in another way than declared.",
        )
        for live, declared in differing(snapshot, "columns", "storage", "compression", "options")
    ]
    return Answer(len(snapshot.declared.relations) + len(snapshot.declared.indexes), tuple(found))
