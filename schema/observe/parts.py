"""Two Observations of one schema that stand beside one another: what one adds, and both together."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import fields, replace
from typing import Any

from nosender.schema.observe.diff.differences import without_version_table
from nosender.schema.observe.observation import Observation
from nosender.schema.observe.read.records import ordered
from nosender.schema.observe.reference import within


def _kinds(observation: Observation) -> Iterator[tuple[str, tuple[Any, ...]]]:
    for field in fields(observation):
        value = getattr(observation, field.name)
        if isinstance(value, tuple):
            yield field.name, value


def added(live: Observation, base: Observation) -> Observation:
    """What stands in the schema of `base` and not in `base`, as it stands there."""
    part = without_version_table(within(live, base.schema), base)
    own: dict[str, Any] = {}
    for name, records in _kinds(part):
        known = set(getattr(base, name))
        own[name] = tuple(each for each in records if each not in known)
    return replace(part, **own)


def beside(live: Observation, schemas: Iterable[str]) -> Observation:
    """Everything in schemas that are a project's own, beside that of `live`."""
    whole = Observation(live.schema, live.database)
    for schema in schemas:
        part = within(live, schema)
        whole = together(
            whole, replace(part, extensions=(), roles=(), default_privileges=(), dependencies=())
        )
    return whole


def together(base: Observation, more: Observation) -> Observation:
    """Both, as one schema that holds them."""
    joined: dict[str, Any] = {}
    for name, records in _kinds(more):
        if not records:
            continue
        whole = [*getattr(base, name), *records]
        if name == "functions":  # those of ours that are a project's to fill
            theirs = {(each.name, each.identity) for each in records}
            whole = [each for each in base.functions if (each.name, each.identity) not in theirs] + [*records]
        # columns stand in their order in the table
        joined[name] = (
            tuple(sorted(whole, key=lambda each: (each.schema, each.table)))
            if name == "columns"
            else ordered(whole)
        )
    return replace(base, **joined)
