"""The plan that belongs to this program: its catalogue, and the foreign keys that the catalogue allows."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from nosender.retention.plan import Plan, make_plan


@cache
def declared_plan(folder: Path | None = None) -> Plan:
    """The plan of the catalogue in `folder`, by default our own; UsageError where it is not a safe one."""
    from nosender.schema.catalogue import load

    catalogue = load(folder)
    cascading = {(table.name, parent) for table in catalogue.tables for parent in table.retention.parents}
    return make_plan(
        catalogue,
        [(key.table, key.parent, (key.table, key.parent) in cascading) for key in catalogue.foreign_keys],
    )
