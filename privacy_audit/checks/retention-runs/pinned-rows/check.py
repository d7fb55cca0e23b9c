"""A prepared transaction, an unused replication slot, or a session with an old snapshot.

As long as it stands, vacuum may not remove what has been deleted since, and a sweep deletes only in name. A
session counts from the promised grace on. Sessions of other roles are shown to members of pg_read_all_stats;
what is not shown is said among the limits.
"""

from nosender.privacy_audit.check import Answer, Check
from nosender.privacy_audit.finding import Claim, Confidence, Found, Severity
from nosender.privacy_audit.snapshot.object_names import dotted
from nosender.privacy_audit.snapshot.snapshot import Snapshot

CHECK = Check(
    slug="pinned-rows",
    title="Nothing keeps deleted rows alive.",
    claim=Claim.RETENTION_RUNS,
    severity=Severity.MEDIUM,
    confidence=Confidence.CERTAIN,
    remedy="Commit or roll back the prepared transaction, drop the slot, end the session.",
    since="0.1",
)


def look(snapshot: Snapshot) -> Answer:
    """Whatever holds deleted rows at this moment."""
    grace = snapshot.catalogue.grace.total_seconds()
    holders = snapshot.surroundings.holders
    return Answer.of(
        holders,
        (
            Found(
                dotted(each.name) if each.kind != "session" else each.name,
                each.kind,
                "As long as it stands, rows that are deleted stay in the files.",
            )
            for each in holders
            if each.kind != "session" or (each.seconds or 0) > grace
        ),
    )
