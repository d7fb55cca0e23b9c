"""The defaults of PostgreSQL that still log a value or an address.

A duplicate key is logged with the key, a failing statement with its text, a connection with its address;
together in one log they are a sender and a destination. All of these are PostgreSQL's defaults or a
benchmark's advice, so they weigh little by themselves.
"""

from nosender.privacy_audit.check import Answer, Check
from nosender.privacy_audit.finding import Claim, Confidence, Severity
from nosender.privacy_audit.questions.settings_in_force import Unsafe, is_on, is_other_than, unsafe
from nosender.privacy_audit.snapshot.snapshot import Snapshot

RULES: dict[str, tuple[Unsafe, str]] = {
    "log_error_verbosity": (is_other_than("terse"), "a duplicate key is logged with the key"),
    "log_min_error_statement": (
        is_other_than("panic", "fatal"),
        "a statement that fails is logged with its values",
    ),
    "log_parameter_max_length": (is_other_than("0", ""), "where statements are logged, bound values are too"),
    "log_connections": (is_other_than("off", "", "false"), "who connects from where is logged"),
    "log_disconnections": (is_on, "who connects from where is logged"),
    "log_hostname": (is_on, "names of clients are looked up and logged"),
    "log_line_prefix": (
        lambda value: any(mark in value for mark in ("%h", "%r", "%u", "%a", "%L")),
        "every line carries the client's address or name",
    ),
    "log_lock_waits": (is_on, "statements that wait are logged"),
    "log_replication_commands": (is_on, "addresses of receivers are logged"),
    "log_temp_files": (is_other_than("-1", ""), "statements that spill to disk are logged"),
}

CHECK = Check(
    slug="error-logging",
    title="Errors and connections are logged without values and addresses.",
    claim=Claim.NO_SIDE_CHANNEL,
    severity=Severity.LOW,
    confidence=Confidence.CERTAIN,
    remedy="Set the value that docs/dba.md lists; without it a failed insert writes its key into the log.",
    since="0.1",
)


def look(snapshot: Snapshot) -> Answer:
    """The settings of these rules, wherever they are in force."""
    return unsafe(snapshot, RULES)
