"""Whether a probe looked at all that it was to look at: what it is silent about is not tested."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from nosender.privacy_audit.snapshot.object_names import dotted
from nosender.privacy_audit.snapshot.snapshot import Unseen

if TYPE_CHECKING:
    from nosender.privacy_audit.snapshot.snapshot import Row, Snapshot
    from nosender.schema.catalogue.model import Column

SHOWN = 5
"""So many columns are named in a reason; the rest are counted."""


def unprobed(snapshot: Snapshot, rows: Iterable[Row], wanted: Callable[[Column], bool]) -> str | None:
    """Why the rows of a probe do not tell of every declared column that is `wanted`; None if they do.

    A column that no row is about has not been looked at, and neither has one that must have a value in every
    row, where some probe found rows in its table and this one none.
    """
    examined: dict[tuple[str, str], int] = {}
    for row in rows:
        key = (str(row["table_name"]), str(row["column_name"]).partition("[")[0])
        examined[key] = max(examined.get(key, 0), int(row.get("examined", 1)))
    filled = _filled(snapshot)
    silent = [
        dotted(snapshot.schema, table.name, live.name)
        for table in snapshot.catalogue.tables
        if (relation := snapshot.tables.get(table.name)) is not None
        for live in snapshot.columns_of(relation)
        if (declared := table.column(live.name)) is not None and wanted(declared)
        if (seen := examined.get((table.name, live.name))) is None
        or (not seen and live.not_null and table.name in filled)
    ]
    if not silent:
        return None
    more = f" and {len(silent) - SHOWN} more columns" if len(silent) > SHOWN else ""
    return f"no probe looked at {', '.join(sorted(silent)[:SHOWN])}{more}"


def of_class(*names: str) -> Callable[[Column], bool]:
    """Whether a column is of one of these classes."""
    return lambda column: column.data_class.name in names


def _filled(snapshot: Snapshot) -> frozenset[str]:
    """The tables of ours in which some probe found a row."""
    return frozenset(
        str(row["table_name"])
        for answer in snapshot.probes.values()
        if not isinstance(answer, Unseen)
        for row in answer
        if row.get("table_name") and row.get("schema_name", snapshot.schema) == snapshot.schema
        if int(row.get("examined") or 0) > 0
    )
