"""The plot of the retention ledger, measured: what each sweep took away, and what it had to leave."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from nosender.privacy_audit.result.annex import LedgerRow, LedgerState

WIDTH, HEIGHT = 960, 240
LEFT, RIGHT, TOP, BOTTOM = 70, 940, 24.0, 200.0
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


@dataclass(frozen=True, slots=True)
class Bar:
    """One sweep as it is drawn."""

    sweep: Sweep
    x: float
    y: float
    """The upper end of what was removed; what was left stands on it."""
    width: float
    height: float
    left_height: float


@dataclass(frozen=True, slots=True)
class Chart:
    """The measures of the plot; the template draws it."""

    bars: tuple[Bar, ...]
    """At least one."""
    highest: int
    """Of all bars, in rows."""
    end: float
    """Where the last bar ends."""

    @property
    def lines(self) -> tuple[tuple[int, float], ...]:
        """The lines of the scale: how many rows, and how high."""
        return (0, BOTTOM), (self.highest, TOP)


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


def chart(retention: LedgerState) -> Chart | None:
    """The newest sweeps; None when there was none."""
    shown = sweeps(retention)[-_MOST:]
    if not shown:
        return None
    highest = max(1, *(sweep.removed + sweep.left for sweep in shown))
    step = (RIGHT - LEFT) / max(len(shown), 8)
    scale = (BOTTOM - TOP) / highest
    bars = tuple(
        Bar(
            sweep,
            x=LEFT + step * number + step * 0.15,
            y=BOTTOM - sweep.removed * scale,
            width=min(step * 0.7, 46.0),
            height=sweep.removed * scale,
            left_height=sweep.left * scale,
        )
        for number, sweep in enumerate(shown)
    )
    return Chart(bars, highest, end=LEFT + step * len(shown))
