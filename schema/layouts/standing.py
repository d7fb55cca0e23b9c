"""What a schema looks like in a layout: the core, without what the layout takes away and with what it adds.

Both parts stand in one file a revision of the core, `NNNN.json`, which `make generate` writes on an empty
server. So whatever compares a schema with what it should be takes the layout's word where it is in it.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, fields, replace
from functools import lru_cache
from importlib import resources
from typing import Any

from nosender.schema.observe import Observation
from nosender.schema.observe.parts import together
from nosender.schema.observe.reference import PLACEHOLDER, relocated, within

NAME = "citus"
KEY = ("message_deliveries", "message_deliveries_pkey", "destination_phone")
"""The key by which a schema is known to be in the layout: no column that somebody adds makes it so."""


@dataclass(frozen=True, slots=True)
class Beside:
    """In what the layout and the core differ."""

    lacks: Observation
    """What of the core the layout has not, or has otherwise."""
    has: Observation
    """What stands in its place, and what it adds."""

    def back(self) -> Beside:
        """What leads the other way."""
        return Beside(self.has, self.lacks)

    def to_json(self) -> str:
        """As text, for the file."""
        return f"[\n{self.lacks.to_json()},\n{self.has.to_json()}]\n"


def nothing(schema: str) -> Beside:
    """No difference."""
    empty = Observation(schema, beside(schema).lacks.database)
    return Beside(empty, empty)


def stands(live: Observation) -> bool:
    """Whether the schema of the Observation is in the layout."""
    table, key, column = KEY
    return any(
        (each.schema, each.table, each.name) == (live.schema, table, key) and column in each.columns
        for each in live.constraints
    )


def laid_out(core: Observation, live: Observation, revision: str | None = None) -> Observation:
    """What is expected of `live`, where the core is expected to be `core`: itself outside the layout."""
    return applied(core, beside(core.schema, revision)) if stands(live) else core


def applied(core: Observation, change: Beside) -> Observation:
    """An Observation after a change."""
    gone = {
        field.name: set(value)
        for field in fields(change.lacks)
        if isinstance(value := getattr(change.lacks, field.name), tuple)
    }
    lists: dict[str, Any] = {
        name: tuple(each for each in getattr(core, name) if each not in records)
        for name, records in gone.items()
        if records
    }
    return together(replace(core, **lists), change.has)


def between(core: Observation, other: Observation) -> Beside:
    """In what two Observations of one schema differ."""
    return Beside(_less(core, other), _less(other, core))


def _less(one: Observation, other: Observation) -> Observation:
    lists: dict[str, Any] = {}
    for field in fields(one):
        value = getattr(one, field.name)
        if isinstance(value, tuple):
            known = set(getattr(other, field.name))
            lists[field.name] = tuple(each for each in value if each not in known)
    return replace(one, **lists)


def first_revision() -> str:
    """The revision from which on a schema may be in the layout."""
    return min(_files())


@lru_cache(maxsize=8)
def beside(schema: str, revision: str | None = None) -> Beside:
    """The layout beside the core at a revision, by default the last one."""
    known = _files()
    name = max(each for each in known if revision is None or each <= max(revision, min(known)))
    lacks, has = json.loads((resources.files(__package__) / NAME / f"{name}.json").read_text("utf-8"))
    read = (relocated(Observation.from_json(json.dumps(each)), schema) for each in (lacks, has))
    return Beside(*read)


def _files() -> list[str]:
    folder = resources.files(__package__) / NAME
    return [each.name.removesuffix(".json") for each in folder.iterdir() if each.name.endswith(".json")]


def make(conninfo: str) -> Beside:
    """The layout beside the DDL, made in a scratch database beside the one of `conninfo`."""
    from psycopg import sql

    from nosender.schema import ddl
    from nosender.schema.layouts.scripts import keys_and_functions
    from nosender.schema.observe import observe
    from nosender.server.scratch import scratch_database
    from nosender.server.target import Target

    with scratch_database(conninfo) as scratch, Target(scratch).connect("nosender layout") as connection:
        connection.execute(sql.SQL("create schema {}").format(sql.Identifier(PLACEHOLDER)))
        ddl.load(connection, PLACEHOLDER)
        core = within(observe(connection, PLACEHOLDER), PLACEHOLDER)
        connection.execute(keys_and_functions(PLACEHOLDER).encode())
        return between(core, within(observe(connection, PLACEHOLDER), PLACEHOLDER))
