"""Settings that write what is stored, or when, to a place that no sweep reaches.

Logged statements carry phone numbers and ciphertext with the moment and the client beside them: sender and
destination on one line. track_commit_timestamp keeps the exact time of every row. Looks at the server and at
what is stored for roles and databases; and at what connects the nodes of a distributed database, where each
statement goes with its values and the network reads along. Security benchmarks ask for some of these; where
one is needed it is waived, with a reason.
"""

from nosender.privacy_audit.check import Answer, Check
from nosender.privacy_audit.finding import Claim, Confidence, Severity
from nosender.privacy_audit.questions.settings_in_force import (
    Unsafe,
    is_on,
    is_other_than,
    settings_in_force,
    unsafe,
)
from nosender.privacy_audit.snapshot.snapshot import Snapshot

TRACK, UTILITY = "pg_stat_statements.track", "pg_stat_statements.track_utility"
SAMPLES = "some statements are logged with their values"
ENCRYPTED = {"require", "verify-ca", "verify-full"}


def is_readable_on_the_way(value: str) -> bool:
    """Whether connections by these parameters may go unencrypted; without a word, libpq only tries."""
    found = dict(word.partition("=")[::2] for word in value.lower().split())
    return found.get("sslmode", "").strip("'") not in ENCRYPTED


RULES: dict[str, tuple[Unsafe, str]] = {
    "log_statement": (is_other_than("none", "ddl", ""), "statements are logged with their values"),
    "log_min_duration_statement": (is_other_than("-1", ""), "slow statements are logged with their values"),
    "log_min_duration_sample": (is_other_than("-1", ""), SAMPLES),
    "log_transaction_sample_rate": (lambda value: float(value or 0) > 0, SAMPLES),
    "log_duration": (is_on, "the moment of every statement is logged"),
    "log_parameter_max_length_on_error": (is_other_than("0", ""), "errors are logged with bound values"),
    "debug_print_parse": (is_on, "statements are logged with their constants"),
    "debug_print_rewritten": (is_on, "statements are logged with their constants"),
    "debug_print_plan": (is_on, "statements are logged with their constants"),
    "track_commit_timestamp": (is_on, "the exact moment of every row can be asked for"),
    "pgaudit.log": (is_other_than("none", ""), "statements are logged"),
    "pgaudit.log_parameter": (is_on, "bound values are logged"),
    "pgaudit.log_rows": (is_on, "how many rows each statement met is logged"),
    "auto_explain.log_min_duration": (is_other_than("-1", ""), "plans are logged with their constants"),
    "citus.stat_tenants_track": (is_other_than("none", ""), "numbers are kept as tenants, with their counts"),
    "citus.stat_statements_track": (
        is_other_than("none", ""),
        "statements are kept with the number they are for",
    ),
    "citus.node_conninfo": (
        is_readable_on_the_way,
        "what nodes send one another goes over the network with its values, unencrypted",
    ),
    "citus.log_remote_commands": (is_on, "what goes to other nodes is logged with its values"),
    "citus.log_multi_join_order": (is_on, "how statements are planned is logged"),
    UTILITY: (is_on, "statements that are not normalised are kept"),
}

CHECK = Check(
    slug="recording-setting",
    title="No setting writes rows, statements or their moments anywhere.",
    claim=Claim.NO_SIDE_CHANNEL,
    severity=Severity.MEDIUM,
    confidence=Confidence.CERTAIN,
    remedy="Set the value that docs/dba.md lists, for the server and for every role and database.",
    since="0.1",
)


def look(snapshot: Snapshot) -> Answer:
    """The settings of these rules, wherever they are in force. What tracks nothing tracks no utility."""
    tracked, unseen = settings_in_force(snapshot, {TRACK: None})
    idle = bool(tracked) and not unseen and all(each.value == "none" for each in tracked)
    return unsafe(snapshot, {name: rule for name, rule in RULES.items() if not (idle and name == UTILITY)})
