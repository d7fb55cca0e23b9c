"""The plot of the retention ledger: what each sweep took away, and what it had to leave."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from nosender.privacy_audit.reports.words import html

if TYPE_CHECKING:
    from nosender.privacy_audit.result.annex import LedgerRow, LedgerState

_WIDTH, _HEIGHT = 960, 240
_LEFT, _BOTTOM, _TOP = 70, 200, 24
_MOST = 60


@dataclass(frozen=True, slots=True)
class Sweep:
    """One run of the sweep, all tables together."""

    run: str
    at: str
    """When its last row was written."""
    status: str
    removed: int
    """Deleted and deactivated."""
    left: int
    """Expired rows that it could not take."""


def sweeps(retention: LedgerState) -> list[Sweep]:
    """The ledger's rows put together by run, oldest first; one that never finished says so."""
    runs: dict[str, list[LedgerRow]] = {}
    for row in retention.rows:
        runs.setdefault(row.run, []).append(row)
    return [
        Sweep(
            run,
            rows[-1].at,
            next((row.status or "done" for row in rows if row.event == "finished"), "not finished"),
            sum(row.deleted + row.deactivated for row in rows if row.event == "swept"),
            sum(row.left for row in rows if row.event == "swept"),
        )
        for run, rows in runs.items()
    ]


def apart(earlier: str, later: str) -> str:
    """The time between two moments in ISO 8601, in its largest unit: `12 minutes`."""
    try:
        seconds = (datetime.fromisoformat(later) - datetime.fromisoformat(earlier)).total_seconds()
    except ValueError:
        return "an unknown time"
    for unit, size in (("day", 86400), ("hour", 3600), ("minute", 60)):
        if seconds >= 2 * size:
            return f"{seconds // size:.0f} {unit}s"
    return f"{max(0, seconds):.0f} seconds"


def render(retention: LedgerState) -> str:
    """An `<svg>` of the newest sweeps; empty when there was none."""
    shown = sweeps(retention)[-_MOST:]
    if not shown:
        return ""
    highest = max(1, *(sweep.removed + sweep.left for sweep in shown))
    step = (_WIDTH - _LEFT - 20) / max(len(shown), 8)
    scale = (_BOTTOM - _TOP) / highest
    parts = []
    for number, sweep in enumerate(shown):
        x = _LEFT + step * number + step * 0.15
        width = min(step * 0.7, 46)
        height = sweep.removed * scale
        words = f"{sweep.at}: {sweep.removed:,} removed, {sweep.left:,} left, {sweep.status}"
        parts.append(
            f'<g><title>{html(words)}</title><rect class="bar" x="{x:.1f}" y="{_BOTTOM - height:.1f}" '
            f'width="{width:.1f}" height="{height:.1f}"/>'
        )
        if sweep.left:
            left = sweep.left * scale
            parts.append(
                f'<rect class="bar-left" x="{x:.1f}" y="{_BOTTOM - height - left:.1f}" width="{width:.1f}" '
                f'height="{left:.1f}"/>'
            )
        parts.append("</g>")
    first, last = shown[0].at, shown[-1].at
    ends = f'<text class="label" x="{_LEFT}" y="{_BOTTOM + 22}">{html(first)}</text>'
    if len(shown) > 3:  # fewer bars leave no room for two moments under them
        ends += (
            f'<text class="label" x="{_LEFT + step * len(shown):.0f}" y="{_BOTTOM + 22}" text-anchor="end">'
            f"{html(last)}</text>"
        )
    lines = "".join(
        f'<line class="axis" x1="{_LEFT}" x2="{_WIDTH - 20}" y1="{y:.1f}" y2="{y:.1f}"/>'
        f'<text class="label" x="{_LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{value:,}</text>'
        for value, y in ((0, _BOTTOM), (highest, _TOP))
    )
    return (
        f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" aria-labelledby="plot-title plot-words">'
        f'<title id="plot-title">Rows that each sweep removed</title>'
        f'<desc id="plot-words">{len(shown)} sweeps from {html(first)} to {html(last)}; at most {highest:,} rows in '
        f"one. The table below has the numbers.</desc>{lines}{''.join(parts)}{ends}</svg>"
    )
