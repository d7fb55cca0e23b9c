"""The diagram of tables and foreign keys: people on one side, messages on the other, and what joins them.

Hand-drawn SVG: it needs no library, prints sharply, follows the page's colours, and its text can be read
aloud. Undeclared tables stand below in red, and so does every key that the catalogue does not allow.
"""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Literal

from nosender.terminal_text import visible

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

Side = Literal["people", "messages", "bookkeeping", "undeclared"]


@dataclass(frozen=True, slots=True)
class Node:
    """A table of the diagram."""

    name: str
    side: Side
    """Which part it stands in: nothing may lead from one to another but a delivery to the destination's device."""
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


_BOX = 300
_ROW = 17
_HEAD = 26
_SPACE = 26
_LEFT, _RIGHT = 40, 620
_WIDTH = 960
_MOST_COLUMNS = 24
_MOST_UNDECLARED = 12


@dataclass(frozen=True, slots=True)
class _Box:
    node: Node
    x: int
    y: int

    @property
    def height(self) -> int:
        return _HEAD + 8 + _ROW * (min(len(self.node.columns), _MOST_COLUMNS) or 1)

    def row(self, column: str) -> int:
        """The height of a column's line; of the name's where the column is not shown."""
        names = [name for name, _ in self.node.columns[:_MOST_COLUMNS]]
        return self.y + _HEAD + 12 + _ROW * names.index(column) if column in names else self.y + _HEAD // 2


_ZONES: Mapping[str, str] = {
    "people": "People: who can be reached",
    "messages": "Messages: what waits for whom",
    "bookkeeping": "Bookkeeping: about no person and no message",
    "undeclared": "Not declared: nothing says what these are for",
}


def render(
    nodes: Sequence[Node], edges: Sequence[Edge], style: str = "", zones: Mapping[str, str] = _ZONES
) -> str:
    """An `<svg>` with its title and description; empty when there is no table.

    `style` goes into the picture; inside a page the page's own style is enough. `zones` are the headings of the
    sides.
    """
    if not nodes:
        return ""
    boxes: dict[str, _Box] = {}
    bottom = max(
        _stack(boxes, _side(nodes, "people"), _LEFT, 70), _stack(boxes, _side(nodes, "messages"), _RIGHT, 70)
    )
    divider = bottom
    parts = [
        _zone(_LEFT, 46, zones["people"]),
        _zone(_RIGHT, 46, zones["messages"]),
    ]
    below: tuple[Side, ...] = ("bookkeeping", "undeclared")
    for side in below:
        here = _side(nodes, side)
        if here:
            parts.append(_zone(_LEFT, bottom + 34, zones[side], bad=side == "undeclared"))
            shown = here[:_MOST_UNDECLARED]
            lefts, rights = shown[0::2], shown[1::2]
            top = bottom + 54
            bottom = max(_stack(boxes, lefts, _LEFT, top), _stack(boxes, rights, _RIGHT, top))
            if len(here) > len(shown):
                parts.append(
                    f'<text class="label" x="{_LEFT}" y="{bottom + 4}">and {len(here) - len(shown)} more</text>'
                )
                bottom += 16
    middle = (_LEFT + _BOX + _RIGHT) // 2
    parts.insert(0, f'<line class="gap" x1="{middle}" x2="{middle}" y1="34" y2="{divider}"/>')
    keys = [_key(edge, boxes, number) for number, edge in enumerate(edges)]
    described = "; ".join(_described(edge) for edge in edges)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {bottom + 10}" role="img" '
        'aria-labelledby="picture-title picture-words">'
        f'<title id="picture-title">Tables and foreign keys</title>'
        f'<desc id="picture-words">{_html(described) or "No foreign keys."}</desc>'
        f"{f'<style>{style}</style>' if style else ''}{''.join(parts)}{''.join(_drawn(box) for box in boxes.values())}{''.join(keys)}</svg>"
    )


def parents_first(nodes: Iterable[Node], edges: Sequence[Edge]) -> tuple[Node, ...]:
    """The nodes in the order of drawing: what others refer to stands above what refers."""
    return tuple(sorted(nodes, key=lambda node: (sum(node.name == edge.table for edge in edges), node.name)))


def _side(nodes: Iterable[Node], side: Side) -> list[Node]:
    return [node for node in nodes if node.side == side]


def _stack(boxes: dict[str, _Box], nodes: Iterable[Node], x: int, top: int) -> int:
    """Place the nodes one below another; returns the height at which the next thing may begin."""
    for node in nodes:
        box = boxes[node.name] = _Box(node, x, top)
        top += box.height + _SPACE
    return top


def _zone(x: int, y: int, title: str, *, bad: bool = False) -> str:
    return f'<text class="zone{" bad-fill" if bad else ""}" x="{x}" y="{y}">{_html(title)}</text>'


def _drawn(box: _Box) -> str:
    node, x, y = box.node, box.x, box.y
    bad = node.side == "undeclared"
    shown = node.columns[:_MOST_COLUMNS]
    lines = [
        f'<g><rect class="{"bad-box" if bad else "table"}" x="{x}" y="{y}" width="{_BOX}" height="{box.height}" rx="5"/>'
        f'<text class="name" x="{x + 12}" y="{y + 18}">{_html(_cut(node.name, 38))}</text>'
        f'<line class="axis" x1="{x}" x2="{x + _BOX}" y1="{y + _HEAD}" y2="{y + _HEAD}"/>'
    ]
    for number, (name, data_class) in enumerate(shown):
        line = y + _HEAD + 16 + _ROW * number
        missing = data_class is None
        if missing and not bad:
            lines.append(
                f'<rect class="bad-box" x="{x + 4}" y="{line - 12}" width="{_BOX - 8}" height="{_ROW}" rx="2"/>'
            )
        lines.append(
            f'<text class="col{" bad-fill" if missing else ""}" x="{x + 12}" y="{line}">{_html(_cut(name, 25))}</text>'
            f'<text class="class{" bad-fill" if missing else ""}" x="{x + _BOX - 12}" y="{line}" text-anchor="end">'
            f"{_html(data_class or 'not declared')}</text>"
        )
    if len(node.columns) > len(shown):
        lines.append(
            f'<text class="class" x="{x + _BOX - 12}" y="{y + 18}" text-anchor="end">{len(node.columns)} columns, '
            f"{len(shown)} shown</text>"
        )
    return "".join(lines) + "</g>"


def _key(edge: Edge, boxes: dict[str, _Box], number: int) -> str:
    """A line from the referring column to the name of the table that it refers to."""
    child, parent = boxes.get(edge.table), boxes.get(edge.parent)
    if child is None or parent is None:
        return ""
    y1 = child.row(edge.columns[0]) if edge.columns else child.y + _HEAD // 2
    y2 = parent.y + _HEAD // 2 + (number % 5 - 2) * 4
    lane = 14 + 7 * (number % 4)
    if child.x == parent.x:
        out = child.x + _BOX if child.x == _LEFT else child.x
        turn = out + lane if child.x == _LEFT else out - lane
        path, end, into = f"M{out} {y1}H{turn}V{y2}H{out}", out, -1 if child.x == _LEFT else 1
    else:
        out = child.x if child.x > parent.x else child.x + _BOX
        end = parent.x + _BOX if child.x > parent.x else parent.x
        turn = (out + end) // 2 + (number % 5 - 2) * 9
        path, into = f"M{out} {y1}H{turn}V{y2}H{end}", -1 if child.x > parent.x else 1
    bad = "" if edge.allowed else " bad"
    bridge = " bridge" if child.x != parent.x else ""
    tip = f"M{end} {y2}l{-7 * into} -4v8z"
    return (
        f'<g><title>{_html(_described(edge))}</title><path class="edge{bridge}{bad}" d="{path}"/>'
        f'<path class="{"tip" if edge.allowed else "bad-fill"}" d="{tip}"/></g>'
    )


def _described(edge: Edge) -> str:
    state = "" if edge.allowed else ", which is not allowed"
    return f"{edge.table} ({', '.join(edge.columns)}) refers to {edge.parent}{state}"


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else text[: most - 1] + "…"


def _html(text: str) -> str:
    return escape(visible(text), quote=True)
