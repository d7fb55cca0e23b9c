"""What the next sweep will settle, and what that takes: after an upgrade all there is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import psycopg

from nosender.retention.failures import explain
from nosender.retention.session import statement

if TYPE_CHECKING:
    from nosender.server.target import Target

_WAL_OF_ROW, _WAL_OF_ENTRY = 100, 100
"""Bytes beside the row itself, and of an entry in an index; see benchmarks/settle.py."""
_ROWS_A_SECOND = 8000
"""On one core without a pause; see benchmarks/settle.py."""
SAMPLE, FAST_SAMPLE = 3_000, 20_000
"""A transaction settles so many, drawn at random from all that are left; the second with `--fast`."""
_DUTY = 0.5
"""Of the time at the usual pace; the rest of it is rest."""
_DRAWN_A_SECOND = 2_000_000
"""So many are looked at a second to draw it; on average half of all are left."""


@dataclass(frozen=True, slots=True)
class Unsettled:
    """What there is to settle in one table."""

    table: str
    rows: int
    bytes: int
    """Of these rows, in the table itself and out of line; the table grows by as much until a vacuum."""
    wal: int
    """About so many bytes of WAL, without full-page images."""
    seconds: float
    """About so long at the usual pace."""
    fast_seconds: float
    """About so long with `--fast`."""


def read_unsettled(target: Target) -> tuple[Unsettled, ...]:
    """Count it, table by table; tables with nothing to settle are left out."""
    with target.connect("nosender retention", reading=True) as connection:
        try:
            rows = connection.execute(
                statement(
                    target.schema,
                    "select table_name, due, bytes, indexes from {}.retention_unsettled() where due > 0",
                )
            ).fetchall()
        except psycopg.Error as error:
            raise explain(error, target) from None
    return tuple(unsettled(*row) for row in rows)


def unsettled(table: str, due: int, size: int, indexes: int) -> Unsettled:
    """With what it takes to settle them."""
    wal = size + due * (_WAL_OF_ROW + indexes * _WAL_OF_ENTRY)
    return Unsettled(table, due, size, wal, _seconds(due, SAMPLE) / _DUTY, _seconds(due, FAST_SAMPLE))


def _seconds(due: int, sample: int) -> float:
    """What is written, and what is looked at for each sample: the square of what there is."""
    return due / _ROWS_A_SECOND + due // sample * due / _DRAWN_A_SECOND
