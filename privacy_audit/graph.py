"""The graph of foreign keys, and the ways in it from messages to people."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from typing import TYPE_CHECKING

from .compare import is_allowed

if TYPE_CHECKING:
    from nosender.schema.observe.types import Constraint

    from .case import Case

Node = tuple[str, str]
"""A table: schema and name."""

MESSAGES = ("messages", "message_deliveries", "ephemeral_keys")
PEOPLE = ("users", "webauthn_credentials", "device_session_keys", "messaging_public_keys")
_DELIVERY = ("message_deliveries", "webauthn_credentials")
"""The one allowed way, which is left out of the graph."""


def ways(case: Case) -> Iterator[tuple[Constraint, list[Node]]]:
    """For each foreign key that opens a way: the key, and the shortest way through it.

    Breadth first over a dictionary, in both directions of every key; what a way was found through is taken
    out of the graph, and the search goes on until no way is left.
    """
    keys = [
        each for each in case.live.constraints if each.kind == "foreign key" and not _delivery(case, each)
    ]
    start = {(case.schema, name) for name in MESSAGES}
    goal = {(case.schema, name) for name in PEOPLE}
    while found := _shortest(_edges(keys), start, goal):
        nodes, through = found
        # An allowed key opens nothing; of the others, the one that leaves the messages is to blame.
        opening = next((key for key in through if not is_allowed(case, key)), through[0])
        yield opening, nodes
        keys.remove(opening)


def _delivery(case: Case, key: Constraint) -> bool:
    return (key.table, key.referenced_table) == _DELIVERY and is_allowed(case, key)


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
