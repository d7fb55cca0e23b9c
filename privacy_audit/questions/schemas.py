"""Every schema of the database is accounted for, or the audit does not speak of the whole of it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

    from nosender.privacy_audit.snapshot.snapshot import Snapshot
    from nosender.schema.observe.observation import SchemaKind

_KINDS: tuple[SchemaKind, ...] = ("relations", "functions", "types", "sequences", "others")
_STORES = {"table", "partitioned table", "materialized view", "foreign table"}
_EMPTY = 8
"""So many empty schemas say nothing; more of them can say something by their names."""
_TEMPORARY = re.compile(r"pg_(toast_)?temp_[0-9]+")


@dataclass(frozen=True, slots=True)
class Unaccounted:
    """A schema that is neither ours, a project's, an extension's nor PostgreSQL's, nor empty or excused."""

    name: str
    tables: int
    """What in it stores rows."""
    ours_too: bool
    """It holds a second set of our tables, which no excuse covers: a database holds one."""


def unaccounted(snapshot: Snapshot, excused: Iterable[str]) -> tuple[Unaccounted, ...]:
    """By name. What an extension brought accounts for code and views; a table stores, whoever made it."""
    left: dict[str, list[Any]] = {}
    for kind in _KINDS:
        for each in snapshot.live.of(kind):
            if each.schema is not None and (each.extension is None or _stores(each)):
                left.setdefault(each.schema, []).append(each)
    excused = set(excused)
    found = []
    for name in sorted(left.keys() - snapshot.schemas):
        second = snapshot.holds_ours(name)
        if not _TEMPORARY.fullmatch(name) and (second or name not in excused):
            found.append(Unaccounted(name, sum(map(_stores, left[name])), second))
    named = {each.name for each in snapshot.live.schemas if each.extension is None}
    empty = named - left.keys() - snapshot.schemas - excused - {"public"}
    if len(empty) > _EMPTY:
        found += [Unaccounted(name, 0, ours_too=False) for name in sorted(empty)]
    return tuple(sorted(found, key=lambda each: each.name))


def _stores(thing: object) -> bool:
    return hasattr(thing, "persistence") and getattr(thing, "kind", None) in _STORES
