"""What the catalogue declares of a schema in the layout: columns and functions more, keys of more columns."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from nosender.schema.catalogue.model import Column, Function
from nosender.schema.layouts import layout as layouts
from nosender.schema.layouts.standing import beside, stands

if TYPE_CHECKING:
    from nosender.schema.catalogue.model import Catalogue, ForeignKey, Table
    from nosender.schema.layouts.layout import Layout
    from nosender.schema.observe import Observation


def declared_of(catalogue: Catalogue, live: Observation) -> Catalogue:
    """The catalogue as it holds for what was read: itself outside the layout."""
    if not stands(live):
        return catalogue
    layout, change = layouts.read(), beside(live.schema)
    gone = {each.name for each in change.lacks.functions} - {each.name for each in change.has.functions}
    return replace(
        catalogue,
        tables=tuple(_table(each, catalogue, layout) for each in catalogue.tables),
        functions=(
            *(each for each in catalogue.functions if each.name not in gone),
            *(Function(name, purpose, layout.tables[0].place) for name, purpose in layout.functions),
        ),
        foreign_keys=tuple(_key(each, layout) for each in catalogue.foreign_keys),
    )


def _table(table: Table, catalogue: Catalogue, layout: Layout) -> Table:
    classes = {each.name: each for each in catalogue.classes}
    added = tuple(
        Column(
            each.name,
            each.purpose,
            classes[each.data_class],
            None,
            f"with the row: {table.retention.in_words()}",
            each.place,
        )
        for each in layout.columns
        if each.table == table.name
    )
    return replace(table, columns=(*table.columns, *added)) if added else table


def _key(key: ForeignKey, layout: Layout) -> ForeignKey:
    for each in layout.foreign_keys:
        if (each.table, each.parent) == (key.table, key.parent):
            return replace(key, columns=each.columns, parent_columns=each.parent_columns)
    return key
