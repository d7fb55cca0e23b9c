"""The catalogue as knobs make it: tables of ours with the greatest age that an operator gave their rows."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from nosender.schema.knobs import AGES, Knobs

if TYPE_CHECKING:
    from nosender.schema.catalogue.model import Catalogue, Table


def aged(catalogue: Catalogue, knobs: Knobs) -> Catalogue:
    """The same, but for the ages that are set."""

    def table_of(table: Table) -> Table:
        age: timedelta | None = getattr(knobs, AGES[table.name]) if table.name in AGES else None
        if age is None:
            return table
        retention = replace(table.retention, max_age=age, max_age_column="created_at")
        return replace(table, retention=retention)

    return replace(catalogue, tables=tuple(table_of(table) for table in catalogue.tables))
