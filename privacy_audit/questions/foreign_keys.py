"""The graph of foreign keys, and the ways in it from messages to people."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from nosender.schema.catalogue.people import EXCEPTIONS
from nosender.schema.catalogue.places import place_of
from nosender.schema.catalogue.sides import sides

if TYPE_CHECKING:
    from nosender.privacy_audit.snapshot.snapshot import Snapshot
    from nosender.schema.diagram import Side
    from nosender.schema.observe.model import Constraint


def foreign_keys(snapshot: Snapshot) -> list[Constraint]:
    """Every foreign key from or to a schema in scope."""
    return [
        each
        for each in snapshot.live.constraints
        if each.kind == "foreign key" and {each.schema, each.referenced_schema} & snapshot.scope
    ]


def same_key(snapshot: Snapshot, live: Constraint, allowed: Any) -> bool:
    """Whether a live foreign key joins the columns that an allowed one of the catalogue joins."""
    home = snapshot.schema
    return (live.schema, live.table, live.columns) == (*place_of(allowed.table, home), allowed.columns) and (
        live.referenced_schema,
        live.referenced_table,
        live.referenced_columns,
    ) == (*place_of(allowed.parent, home), allowed.parent_columns)


def is_allowed(snapshot: Snapshot, live: Constraint) -> bool:
    """Whether a live foreign key is one of the catalogue's."""
    return any(same_key(snapshot, live, allowed) for allowed in snapshot.catalogue.foreign_keys)


def is_exception(snapshot: Snapshot, live: Constraint) -> bool:
    """Whether a live foreign key is one of those of session keys and deliveries, which guards prove."""
    return is_allowed(snapshot, live) and live.columns in EXCEPTIONS.get(snapshot.declared_name(live), ())


def proves_one_person(snapshot: Snapshot, live: Constraint) -> bool:
    """Whether a key over several columns holds for every row, so that all its columns lead to one person."""
    if len(live.columns) < 2 or not (live.validated and live.enforced):
        return False
    not_null = {
        column.name
        for column in snapshot.live.columns
        if (column.schema, column.table) == (live.schema, live.table) and column.not_null
    }
    tables = {(live.schema, live.table), (live.referenced_schema, live.referenced_table)}
    off = any(
        trigger.internal and trigger.enabled != "origin" and (trigger.schema, trigger.table) in tables
        for trigger in snapshot.live.triggers
    )
    return not off and (set(live.columns) <= not_null or " MATCH FULL" in live.definition)


def same_person(snapshot: Snapshot, live: Constraint, other: Constraint) -> bool:
    """Whether another key, over the columns of this one and more, leads to the same person in every row."""
    if not set(live.columns) < set(other.columns) or not proves_one_person(snapshot, other):
        return False
    there = dict(zip(other.columns, other.referenced_columns, strict=True))
    columns = tuple(there[column] for column in live.columns)
    goal = (live.referenced_schema, live.referenced_table, live.referenced_columns)
    return (other.referenced_schema, other.referenced_table, columns) == goal or any(
        (each.schema, each.table, each.columns) == (other.referenced_schema, other.referenced_table, columns)
        and (each.referenced_schema, each.referenced_table, each.referenced_columns) == goal
        for each in snapshot.live.constraints
        if each.kind == "foreign key" and each.validated and each.enforced
    )


Node = tuple[str, str]
"""A table: schema and name."""

_DELIVERY = ("message_deliveries", "webauthn_credentials")
"""The one allowed way, which is left out of the graph."""


def tables_of(snapshot: Snapshot, side: Side) -> set[Node]:
    """The declared tables that are about people, or about messages."""
    found = sides(snapshot.catalogue).items()
    return {place_of(name, snapshot.schema) for name, about in found if about == side}


def ways(snapshot: Snapshot) -> Iterator[tuple[Constraint, list[Node]]]:
    """For each foreign key that opens a way: the key, and the shortest way through it.

    Breadth first over a dictionary, in both directions of every key; what a way was found through is taken
    out of the graph, and the search goes on until no way is left.
    """
    keys = [
        each
        for each in snapshot.live.constraints
        if each.kind == "foreign key" and not _delivery(snapshot, each)
    ]
    start, goal = tables_of(snapshot, "messages"), tables_of(snapshot, "people")
    while found := _shortest(_edges(keys), start, goal):
        nodes, through = found
        # An allowed key opens nothing; of the others, the one that leaves the messages is to blame.
        opening = next((key for key in through if not is_allowed(snapshot, key)), through[0])
        yield opening, nodes
        keys.remove(opening)


def _delivery(snapshot: Snapshot, key: Constraint) -> bool:
    return (snapshot.declared_name(key), key.referenced_table) == _DELIVERY and is_allowed(snapshot, key)


def _edges(keys: list[Constraint]) -> dict[Node, list[tuple[Node, Constraint]]]:
    edges: dict[Node, list[tuple[Node, Constraint]]] = {}
    for key in keys:
        child: Node = (key.schema, key.table)
        parent: Node = (key.referenced_schema or "", key.referenced_table or "")
        edges.setdefault(child, []).append((parent, key))
        edges.setdefault(parent, []).append((child, key))
    return edges


def _shortest(
    edges: dict[Node, list[tuple[Node, Constraint]]], start: set[Node], goal: set[Node]
) -> tuple[list[Node], list[Constraint]] | None:
    before: dict[Node, tuple[Node, Constraint] | None] = dict.fromkeys(sorted(start))
    queue = deque(sorted(start))
    while queue:
        node = queue.popleft()
        if node in goal:
            nodes, through = [node], []
            step = before[node]
            while step is not None:
                node, key = step
                nodes.append(node)
                through.append(key)
                step = before[node]
            return nodes[::-1], through[::-1]
        for neighbour, key in edges.get(node, ()):
            if neighbour not in before:
                before[neighbour] = (node, key)
                queue.append(neighbour)
    return None
