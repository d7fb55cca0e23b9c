"""A foreign server or a foreign data wrapper, in any state.

Through a foreign table rows leave the database, or a table elsewhere is joined with ours. The options of the
server are readable for everybody, those of a user's mapping are not shown to the auditor. None is declared.
"""

from nosender.privacy_audit.check import Answer, Check
from nosender.privacy_audit.finding import Claim, Confidence, Found, Severity
from nosender.privacy_audit.snapshot.object_names import dotted
from nosender.privacy_audit.snapshot.snapshot import Snapshot

CHECK = Check(
    slug="foreign-data",
    title="No door leads to another database or file.",
    claim=Claim.NO_SENDER,
    severity=Severity.HIGH,
    confidence=Confidence.CERTAIN,
    remedy="Drop the foreign server and its wrapper, and look at what was sent through it.",
    since="0.1",
)


def look(snapshot: Snapshot) -> Answer:
    """Every foreign server and wrapper."""
    wrappers = [each for each in snapshot.live.others if each.kind == "foreign-data wrapper"]
    return Answer.of(
        [*snapshot.live.foreign_servers, *wrappers],
        [
            *(
                Found(
                    dotted(each.name),
                    "foreign server",
                    f"It is a way out for {len(each.mappings)} mapped roles.",
                    {"wrapper": each.wrapper, "mappings": len(each.mappings)},
                )
                for each in snapshot.live.foreign_servers
            ),
            *(Found(each.name, each.kind, "With it a way out can be made.") for each in wrappers),
        ],
    )
