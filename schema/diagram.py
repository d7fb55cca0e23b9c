"""What the diagram of tables and foreign keys shows; `nosender.schema.drawing` draws it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

Side = Literal["people", "messages", "bookkeeping", "undeclared"]


@dataclass(frozen=True, slots=True)
class Node:
    """A table of the diagram."""

    name: str
    side: Side
    """Where it stands: nothing leads from one part to another but a delivery to the destination's device."""
    columns: tuple[tuple[str, str | None], ...]
    """Name and data class of each column; the class is None where nothing declares it."""


@dataclass(frozen=True, slots=True)
class Edge:
    """A foreign key of the diagram."""

    table: str
    columns: tuple[str, ...]
    parent: str
    name: str
    allowed: bool

    @property
    def words(self) -> str:
        """What it says to somebody who cannot see it."""
        state = "" if self.allowed else ", which is not allowed"
        return f"{self.table} ({', '.join(self.columns)}) refers to {self.parent}{state}"


def parents_first(nodes: Iterable[Node], edges: Sequence[Edge]) -> tuple[Node, ...]:
    """The nodes in the order of drawing: what others refer to stands above what refers."""
    return tuple(sorted(nodes, key=lambda node: (sum(node.name == edge.table for edge in edges), node.name)))
