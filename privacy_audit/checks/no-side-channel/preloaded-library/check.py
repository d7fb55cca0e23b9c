"""A library that the server loads by itself, for all sessions or for those of a role or database.

Such a library sees every statement and every row, needs no extension in any database and shows in no catalog.
The server's own lists are shown to members of pg_read_all_settings only; without that this is not tested.
"""

from collections.abc import Collection

from nosender.privacy_audit.check import Answer, Check
from nosender.privacy_audit.finding import Claim, Confidence, Severity
from nosender.privacy_audit.questions.settings_in_force import Unsafe, is_other_than, unsafe
from nosender.privacy_audit.snapshot.snapshot import Snapshot

WHY = "it sees every statement of the sessions that load it"
LOADED = frozenset({"citus"})
"""Extensions whose library of the same name has to be loaded so."""
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
    """The three lists, wherever they are in force; Citus loads itself so, where a project declares it."""
    declared = {each.name for each in snapshot.catalogue.extensions} & LOADED
    rules: dict[str, tuple[Unsafe, str]] = {name: (_others_than(declared), WHY) for name in RULES}
    return unsafe(snapshot, rules)


def _others_than(declared: Collection[str]) -> Unsafe:
    """Whether a list names a library that is none of these."""
    return lambda value: any(each.strip(' "') not in {"", *declared} for each in value.split(","))
