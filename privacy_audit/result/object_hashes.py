"""What an object is, as one hash: a waiver holds it, so that a changed object voids the waiver."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from typing import TYPE_CHECKING

from nosender.privacy_audit.snapshot.memberships import reached
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

    The definition of a table takes in those of its columns, that of a trigger or event trigger the function
    that it runs, and that of a role whatever it is a member of, through any number of steps. A setting has
    the hash of its value; what the catalogs do not describe has none.
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
    for privilege in observation.default_privileges:
        yield f"{dotted(privilege.role)}: {privilege.kind}", privilege
    for role in observation.roles:
        become = {role.name, *reached(observation, role.name)}
        for membership in observation.memberships:
            if membership.member in become:
                yield dotted(role.name), membership
    yield from _run(observation)
    for setting in observation.settings:
        yield setting.name, setting.value
    for stored in observation.role_settings:
        yield f"{dotted(stored.role or stored.database or 'every role')}: {stored.name}", stored.value


def _run(observation: Observation) -> Iterator[tuple[str, object]]:
    """The functions that triggers run, each under the trigger's name."""
    functions: dict[str, list[object]] = defaultdict(list)
    for function in observation.functions:
        functions[f"{function.schema}.{function.name}"].append(function)
    for trigger in observation.triggers:
        for run in functions[_unquoted(trigger.function)]:
            yield dotted(trigger.schema, trigger.table, trigger.name), run
    for watching in observation.event_triggers:
        for run in functions[_unquoted(watching.function)]:
            yield dotted(watching.name), run


def _unquoted(function: str) -> str:
    """`schema.name` of a function; two that are alike but for quotes and arguments are both taken in."""
    return function.partition("(")[0].replace('"', "")
