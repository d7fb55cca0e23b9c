"""How much of the database is accounted for, kind by kind."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nosender.privacy_audit.questions.declared import KEYS, undeclared
from nosender.privacy_audit.result.audit import Coverage

if TYPE_CHECKING:
    from nosender.privacy_audit.snapshot.snapshot import Snapshot


def coverage_of(snapshot: Snapshot) -> dict[str, Coverage]:
    """Seen and accounted for every kind, in the schemas that are in scope."""
    covered: dict[str, Coverage] = {}
    for kind, key in KEYS.items():
        live = snapshot.in_scope(kind)
        covered[kind] = Coverage(len(live), len(live) - sum(1 for _ in undeclared(snapshot, kind, key)))
    return covered
