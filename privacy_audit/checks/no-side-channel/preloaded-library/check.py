"""A library that the server loads by itself, for all sessions or for those of a role or database.

Such a library sees every statement and every row, needs no extension in any database and shows in no catalog.
The server's own lists are shown to members of pg_read_all_settings only; without that this is not tested.
"""

from nosender.privacy_audit.check import Answer, Check
from nosender.privacy_audit.finding import Claim, Confidence, Severity
from nosender.privacy_audit.questions.settings_in_force import Unsafe, is_other_than, unsafe
from nosender.privacy_audit.snapshot.snapshot import Snapshot

WHY = "it sees every statement of the sessions that load it"
RULES: dict[str, tuple[Unsafe, str]] = {
    "shared_preload_libraries": (is_other_than(""), WHY),
    "session_preload_libraries": (is_other_than(""), WHY),
    "local_preload_libraries": (is_other_than(""), WHY),
}

CHECK = Check(
    slug="preloaded-library",
    title="The server and its sessions load no library that watches them.",
    claim=Claim.NO_SIDE_CHANNEL,
    severity=Severity.MEDIUM,
    confidence=Confidence.CERTAIN,
    remedy="Take the library out of the setting and restart, or waive it with the reason.",
    since="0.1",
)


def look(snapshot: Snapshot) -> Answer:
    """The three lists, wherever they are in force."""
    return unsafe(snapshot, RULES)
