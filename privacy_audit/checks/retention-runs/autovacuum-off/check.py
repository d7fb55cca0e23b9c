"""Autovacuum switched off, for the server or for a table of ours.

A deleted row stays in the file, readable for whoever reads the file, until a vacuum has passed and its place
is written again.
"""

from collections.abc import Iterable

from nosender.privacy_audit.check import Answer, Check
from nosender.privacy_audit.finding import Claim, Confidence, Found, Severity
from nosender.privacy_audit.questions.settings_in_force import is_on, unsafe
from nosender.privacy_audit.snapshot.object_names import dotted
from nosender.privacy_audit.snapshot.snapshot import Snapshot


def is_off(value: str) -> bool:
    """Whether a switch is off."""
    return not is_on(value)


CHECK = Check(
    slug="autovacuum-off",
    title="What a sweep deletes is vacuumed.",
    claim=Claim.RETENTION_RUNS,
    severity=Severity.MEDIUM,
    confidence=Confidence.CERTAIN,
    remedy="Turn autovacuum and track_counts on, and take autovacuum_enabled off the table.",
    since="0.1",
)


def look(snapshot: Snapshot) -> Answer:
    """The two settings, and the options of our tables."""
    why = "deleted rows stay in the files"
    settings = unsafe(snapshot, {"autovacuum": (is_off, why), "track_counts": (is_off, why)})
    tables = list(snapshot.tables.values())
    return Answer(
        settings.examined + len(tables),
        (
            *settings.found,
            *(
                Found(
                    dotted(each.schema, each.name),
                    each.kind,
                    "Autovacuum passes it over."
                    if _off(each.options)
                    else "Autovacuum passes its TOAST over.",
                )
                for each in tables
                if _off(each.options) or _off(each.toast_options)
            ),
        ),
        settings.unseen,
    )


def _off(options: Iterable[str]) -> bool:
    return any(
        option.startswith("autovacuum_enabled=") and not is_on(option.partition("=")[2]) for option in options
    )
