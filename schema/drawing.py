"""Draws the diagram of tables and foreign keys: people on one side, messages on the other, what joins them.

SVG of our own: it needs no library, prints sharply, follows the page's colours, and its text can be read
aloud. Undeclared tables stand below in red, and so does every key that the catalogue does not allow. Here is
where each thing stands; the template says what it looks like.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from markupsafe import Markup

from nosender.markup import templates
from nosender.schema.diagram import Node, Side

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from nosender.schema.diagram import Edge

BOX = 300
ROW = 17
HEAD = 26
SPACE = 26
LEFT, RIGHT = 40, 620
WIDTH = 960
MOST_COLUMNS = 24
MOST_UNDECLARED = 12


@dataclass(frozen=True, slots=True)
class Box:
    """A table and where it stands."""

    node: Node
    x: int
    y: int

    @property
    def shown(self) -> tuple[tuple[str, str | None], ...]:
        """The columns that there is room for."""
        return self.node.columns[:MOST_COLUMNS]

    @property
    def height(self) -> int:
        """Of the whole box."""
        return HEAD + 8 + ROW * (len(self.shown) or 1)

    def row(self, column: str) -> int:
        """The height of a column's line; of the name's where the column is not shown."""
        names = [name for name, _ in self.shown]
        return self.y + HEAD + 12 + ROW * names.index(column) if column in names else self.y + HEAD // 2


@dataclass(frozen=True, slots=True)
class Line:
    """A foreign key and its way."""

    edge: Edge
    path: str
    tip: str
    bridge: bool
    """It leads from one side to the other."""


@dataclass(frozen=True, slots=True)
class Label:
    """A few words at a place."""

    text: str
    x: int
    y: int
    kind: str = "zone"


ZONES: Mapping[Side, str] = {
    "people": "People: who can be reached",
    "messages": "Messages: what waits for whom",
    "bookkeeping": "Bookkeeping: about no person and no message",
    "undeclared": "Not declared: nothing says what these are for",
}


def draw(
    nodes: Sequence[Node], edges: Sequence[Edge], style: str = "", zones: Mapping[Side, str] = ZONES
) -> Markup:
    """An `<svg>` with its title and description; empty when there is no table.

    `style` goes into the picture; inside a page the page's own style is enough. `zones` are the headings of
    the sides.
    """
    if not nodes:
        return Markup()
    boxes: dict[str, Box] = {}
    bottom = divider = max(
        _stack(boxes, _side(nodes, "people"), LEFT, 70), _stack(boxes, _side(nodes, "messages"), RIGHT, 70)
    )
    labels = [
        Label(zones["people"], LEFT, 46),
        Label(zones["messages"], RIGHT, 46),
    ]
    below: tuple[tuple[Side, str], ...] = (("bookkeeping", "zone"), ("undeclared", "zone bad-fill"))
    for side, kind in below:
        here = _side(nodes, side)
        if here:
            labels.append(Label(zones[side], LEFT, bottom + 34, kind))
            shown = here[:MOST_UNDECLARED]
            top = bottom + 54
            bottom = max(
                _stack(boxes, shown[0::2], LEFT, top),
                _stack(boxes, shown[1::2], RIGHT, top),
            )
            if len(here) > len(shown):
                labels.append(Label(f"and {len(here) - len(shown)} more", LEFT, bottom + 4, "label"))
                bottom += 16
    lines = [_line(edge, boxes, number) for number, edge in enumerate(edges)]
    template = templates("nosender.schema").get_template("diagram.svg.j2")
    svg = template.render(
        width=WIDTH,
        height=bottom + 10,
        middle=(LEFT + BOX + RIGHT) // 2,
        divider=divider,
        style=Markup(style),  # noqa: S704 (ours)
        words="; ".join(edge.words for edge in edges),
        labels=labels,
        boxes=boxes.values(),
        lines=[line for line in lines if line is not None],
        BOX=BOX,
        ROW=ROW,
        HEAD=HEAD,
    )
    return Markup(svg)  # noqa: S704 (made by the template)


def _side(nodes: Iterable[Node], side: Side) -> list[Node]:
    return [node for node in nodes if node.side == side]


def _stack(boxes: dict[str, Box], nodes: Iterable[Node], x: int, top: int) -> int:
    """Place the nodes one below another; returns the height at which the next thing may begin."""
    for node in nodes:
        box = boxes[node.name] = Box(node, x, top)
        top += box.height + SPACE
    return top


def _line(edge: Edge, boxes: dict[str, Box], number: int) -> Line | None:
    """From the referring column to the name of the table that it refers to; None where one is not drawn."""
    child, parent = boxes.get(edge.table), boxes.get(edge.parent)
    if child is None or parent is None:
        return None
    y1 = child.row(edge.columns[0]) if edge.columns else child.y + HEAD // 2
    y2 = parent.y + HEAD // 2 + (number % 5 - 2) * 4
    lane = 14 + 7 * (number % 4)
    if child.x == parent.x:
        out = end = child.x + BOX if child.x == LEFT else child.x
        turn = out + lane if child.x == LEFT else out - lane
        into = -1 if child.x == LEFT else 1
    else:
        out = child.x if child.x > parent.x else child.x + BOX
        end = parent.x + BOX if child.x > parent.x else parent.x
        turn = (out + end) // 2 + (number % 5 - 2) * 9
        into = -1 if child.x > parent.x else 1
    return Line(
        edge,
        path=f"M{out} {y1}H{turn}V{y2}H{end}",
        tip=f"M{end} {y2}l{-7 * into} -4v8z",
        bridge=child.x != parent.x,
    )
