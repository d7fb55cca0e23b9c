"""What an object is, as one hash: a waiver holds it, so that a changed object voids the waiver."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from typing import TYPE_CHECKING

from nosender.privacy_audit.snapshot.object_names import dotted, function_name, without_numbers
from nosender.schema.observe.spelling import restored

if TYPE_CHECKING:
    from nosender.schema.observe import Observation
    from nosender.schema.observe.observation import Kind

_BY_NAME: tuple[Kind, ...] = ("relations", "indexes", "sequences", "types", "statistics")
_BY_TABLE: tuple[Kind, ...] = ("columns", "constraints", "triggers", "rules", "policies")
_ALONE: tuple[Kind, ...] = (
    "schemas",
    "extensions",
    "publications",
    "subscriptions",
    "foreign_servers",
    "event_triggers",
    "roles",
)


def definitions(observation: Observation, wanted: Collection[str]) -> Mapping[str, str]:
    """The hash of what the catalogs say about each of these objects, named as findings name them.

    The definition of a table takes in those of its columns. A setting has the hash of its value; what the
    catalogs do not describe has none.
    """
    records: dict[str, list[str]] = defaultdict(list)
    for name, record in _records(observation):
        if (shown := without_numbers(name)) in wanted:
            records[shown].append(restored(repr(record)))  # a restored object is the same object
    return {
        name: "sha256:" + hashlib.sha256("\n".join(sorted(each)).encode()).hexdigest()
        for name, each in records.items()
    }


def _records(observation: Observation) -> Iterator[tuple[str, object]]:
    for kind in _BY_NAME:
        for each in observation.of(kind):
            yield dotted(each.schema, each.name), each
    for kind in _BY_TABLE:
        for each in observation.of(kind):
            yield dotted(each.schema, each.table, each.name), each
    for column in observation.columns:
        yield dotted(column.schema, column.table), column
    for function in observation.functions:
        yield function_name(function), function
    for kind in _ALONE:
        for each in observation.of(kind):
            yield dotted(each.name), each
    for setting in observation.settings:
        yield setting.name, setting.value
    for stored in observation.role_settings:
        yield f"{dotted(stored.role or stored.database or 'every role')}: {stored.name}", stored.value
