"""The one picture: success against the number of messages, a line a channel. SVG, written by hand.

Seventy lines do it. A plotting library would bring more code than numpy, for one picture of straight lines.
"""

from __future__ import annotations

import math
from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from nosender.linkability.outcome import LayoutResult, Row

WIDTH, HEIGHT = 900, 420
LEFT, RIGHT, TOP, BOTTOM = 50, 210, 15, 45
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#7f3c8d", "#a0522d")
"""Told apart by most who see colours otherwise (Okabe and Ito), then two more; dashes repeat them."""

TICKS = (2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000)


def picture(layout: LayoutResult) -> str:
    """An SVG element; text alone where no row has enough people for a line."""
    rows = [row for row in layout.rows if len(row.curve) > 1]
    if not rows:
        return "<p>Too few people for a picture.</p>"
    messages = [point.messages for row in rows for point in row.curve]
    low, high = math.log10(max(1.0, min(messages))), math.log10(max(2.0, *messages))

    def across(value: float) -> float:
        share = (math.log10(max(1.0, value)) - low) / max(high - low, 1e-9)
        return LEFT + share * (WIDTH - LEFT - RIGHT)

    marks = [tick for tick in TICKS if low - 0.01 <= math.log10(tick) <= high + 0.01]
    parts = [
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" font-family="system-ui, sans-serif" font-size="12" '
        'fill="currentColor"><title>Success against the number of messages</title>'
    ]
    parts += [
        f'<path d="M{LEFT} {down(share):.1f}H{WIDTH - RIGHT}" stroke="#8886"/>'
        f'<text x="{LEFT - 8}" y="{down(share) + 4:.1f}" text-anchor="end">{share:g}</text>'
        for share in (0.0, 0.25, 0.5, 0.75, 1.0)
    ]
    parts += [
        f'<text x="{across(tick):.1f}" y="{HEIGHT - BOTTOM + 18}" text-anchor="middle">{tick}</text>'
        for tick in marks
    ]
    parts.append(
        f'<text x="{(LEFT + WIDTH - RIGHT) / 2}" y="{HEIGHT - 6}" text-anchor="middle">'
        "messages that a person got</text>"
    )
    for row in rows:
        parts.append(_line(((across(p.messages), p.control) for p in row.curve), "#8888", "1"))
        parts.append(_line(((across(p.messages), p.popular) for p in row.curve), "#8888", "1", "5 4"))
    for number, (row, height) in enumerate(zip(rows, _labels(rows), strict=True)):
        colour, dash = COLOURS[number % len(COLOURS)], ("", "7 3", "2 3")[number // len(COLOURS) % 3]
        parts.append(_line(((across(p.messages), p.success) for p in row.curve), colour, "2", dash))
        parts.append(
            f'<path d="M{across(row.curve[-1].messages):.1f} {down(row.curve[-1].success):.1f}'
            f'L{WIDTH - RIGHT + 14} {height - 4:.1f}" stroke="{colour}" stroke-width=".6"/>'
            f'<text x="{WIDTH - RIGHT + 18}" y="{height:.1f}" fill="{colour}">'
            f"{escape(row.channel.slug)}</text>"
        )
    return "".join(parts) + "</svg>"


def down(share: float) -> float:
    """The height of a share from 0 to 1."""
    return TOP + (1.0 - share) * (HEIGHT - TOP - BOTTOM)


def _line(points: Iterable[tuple[float, float]], colour: str, width: str, dash: str = "") -> str:
    path = "M" + "L".join(f"{x:.1f} {down(y):.1f}" for x, y in points)
    dashes = f' stroke-dasharray="{dash}"' if dash else ""
    return f'<path d="{path}" fill="none" stroke="{colour}" stroke-width="{width}"{dashes}/>'


def _labels(rows: list[Row]) -> list[float]:
    """[rows]: heights of their names beside the last points, at least 14 apart and inside the picture."""
    wanted = sorted((down(row.curve[-1].success) + 4, place) for place, row in enumerate(rows))
    heights = [0.0] * len(rows)
    at = TOP - 4.0
    for height, place in wanted:
        at = max(height, at + 14.0)
        heights[place] = at
    over = max(0.0, at - (HEIGHT - 8.0))
    return [height - over for height in heights]
