"""Replication slots, receivers and archiving: copies of the log of changes.

Every row and every deleted row stands in the WAL, with the moment of its commit; where it is archived or held
for a receiver, the true lifetime of a row is the archive's. A receiver without a slot holds nothing here, and
has a copy. Archiving and a standby are often needed, so this
is the one to waive with a reason and the lifetime.
"""

from nosender.privacy_audit.check import Answer, Check
from nosender.privacy_audit.finding import Claim, Confidence, Found, Severity
from nosender.privacy_audit.questions.settings_in_force import Unsafe, is_other_than, unsafe
from nosender.privacy_audit.snapshot.object_names import dotted
from nosender.privacy_audit.snapshot.snapshot import Snapshot

CHECK = Check(
    slug="copied-log",
    title="The log of changes is kept and sent only as far as a crash needs it.",
    claim=Claim.NO_SIDE_CHANNEL,
    severity=Severity.MEDIUM,
    confidence=Confidence.CERTAIN,
    remedy="Drop the slot, turn archiving off, or bring the archive's lifetime into what is promised for a "
    "row.",
    since="0.1",
)


def look(snapshot: Snapshot) -> Answer:
    """Slots, receivers at this moment, and the settings for archiving."""
    found = [
        Found(
            dotted(name),
            "replication slot",
            f"A {kind} receiver holds the log of changes until it has read it.",
            {"kind": kind},
        )
        for name, kind in snapshot.surroundings.slots
    ]
    without_slot = snapshot.surroundings.standbys - len(snapshot.surroundings.slots)
    if without_slot > 0:
        found.append(
            Found(
                "receivers",
                "server",
                f"{without_slot} more get the log of changes at this moment than there are slots.",
                {"receivers": snapshot.surroundings.standbys},
            )
        )
    rules: dict[str, tuple[Unsafe, str]] = {
        "archive_mode": (
            is_other_than("off", ""),
            "every change is copied to an archive with a lifetime of its own",
        ),
        "wal_level": (is_other_than("replica", "minimal", ""), "changes can be read row by row"),
    }
    settings = unsafe(snapshot, rules)
    return Answer(
        settings.examined + len(snapshot.surroundings.slots), (*found, *settings.found), settings.unseen
    )
