"""The server settings an Observation keeps: those that can reveal data, or keep it after deletion."""

from typing import Any

from nosender.schema.observe.cluster_model import Setting

# Names that every supported server has, or has from a version on (server_version_num).
WATCHED: dict[str, int] = {
    **dict.fromkeys(
        (
            "archive_command", "archive_library", "archive_mode", "autovacuum",
            "compute_query_id", "debug_print_parse", "debug_print_plan", "debug_print_rewritten",
            "default_transaction_isolation", "fsync", "hot_standby_feedback",
            "jit", "local_preload_libraries", "log_autovacuum_min_duration", "log_connections",
            "log_destination", "log_directory", "log_disconnections", "log_duration",
            "log_error_verbosity", "log_executor_stats", "log_filename", "log_hostname",
            "log_line_prefix", "log_lock_waits", "log_min_duration_sample", "log_min_duration_statement",
            "log_min_error_statement", "log_min_messages", "log_parameter_max_length",
            "log_parameter_max_length_on_error", "log_parser_stats", "log_planner_stats",
            "log_recovery_conflict_waits", "log_replication_commands", "log_rotation_age",
            "log_statement", "log_statement_sample_rate", "log_statement_stats", "log_temp_files",
            "log_transaction_sample_rate", "logging_collector", "max_prepared_transactions",
            "max_slot_wal_keep_size", "password_encryption", "primary_conninfo", "row_security",
            "search_path", "session_preload_libraries", "session_replication_role",
            "shared_preload_libraries", "ssl", "temp_tablespaces", "TimeZone", "log_timezone",
            "track_activities", "track_activity_query_size", "track_commit_timestamp", "track_counts",
            "track_functions", "wal_keep_size", "wal_level", "xmlbinary", "event_source",
            "syslog_facility", "syslog_ident", "update_process_title", "unix_socket_directories",
        ),
        150000,
    ),
    "event_triggers": 170000,
    "log_lock_failures": 180000,
}  # fmt: skip


def read_settings(rows: list[dict[str, Any]], server: int, *, sees_settings: bool) -> tuple[Setting, ...]:
    """The watched settings and every one of an extension; a hidden one is said to be hidden."""
    found = {row["name"]: row for row in rows}
    settings = [Setting(**row, state="set") for name, row in found.items() if name in WATCHED or "." in name]
    for name, since in WATCHED.items():
        if name not in found:
            # Only a member of pg_read_all_settings sees them all: for others no row proves nothing.
            hidden = server >= since and not sees_settings
            settings.append(
                Setting(name, "hidden" if hidden else "absent", None, None, None, pending_restart=False)
            )
    return tuple(sorted(settings, key=lambda setting: setting.name))
