"""Holds the keys of a schema against a layout: which of them Citus would refuse, without asking it.

A unique key of a distributed table has to hold the column that says where a row goes, or two nodes could each
have the row that it forbids; a foreign key has to lead to rows of the same node. PostgreSQL asks the same of
a table that is partitioned by that column, with which tests hold this against a server.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from nosender.schema.observe.quoting import qualified

if TYPE_CHECKING:
    from nosender.schema.layouts.layout import Layout, PlacedTable
    from nosender.schema.observe import Observation
    from nosender.schema.observe.model import Constraint

_UNIQUE = ("primary key", "unique")


@dataclass(frozen=True, slots=True)
class Problem:
    """Something in which a schema and its layout do not fit."""

    table: str
    name: str
    """Of a constraint or index; empty for the table itself."""
    sentence: str


def problems(core: Observation, layout: Layout) -> tuple[Problem, ...]:
    """What of the core would be refused and the layout does not say, and what it says of nothing."""
    return tuple(sorted(_problems(core, layout), key=lambda each: (each.table, each.name)))


def refused(core: Observation, layout: Layout) -> tuple[Problem, ...]:
    """The keys of the core that cannot hold in the layout."""
    return tuple(_refused(core, layout))


def _problems(core: Observation, layout: Layout) -> Iterator[Problem]:
    columns = {(each.table, each.name) for each in core.columns}
    tables = {each.name for each in core.relations if each.kind == "table"}
    for name in tables - {each.name for each in layout.tables}:
        yield Problem(name, "", "stands nowhere in the layout")
    for table in layout.tables:
        if table.name not in tables:
            yield Problem(table.name, "", "is no table of the schema")
        elif table.column is not None and ((table.name, table.column) in columns) is table.adds_column:
            has = "has" if table.adds_column else "has not"
            yield Problem(table.name, "", f"{has} the column {table.column} already")
    unable = {(each.table, each.name): each for each in _refused(core, layout)}
    told = {(each.table, each.name): each for each in layout.keys}
    for key, each in unable.items():
        if key not in told:
            yield each
    for key, known in told.items():
        table_of = layout.table(known.table)
        if key not in unable:
            yield Problem(*key, "holds as it is, or is not there, and the layout replaces it")
        elif known.instead and (table_of is None or table_of.column not in known.instead):
            yield Problem(*key, "is replaced by a key that cannot hold either")


def refused_triggers(core: Observation, layout: Layout) -> tuple[Problem, ...]:
    """Triggers of tables that every node has a part or a copy of, of which the layout says nothing."""
    names = (*layout.guards, *(each.function for each in layout.triggers))
    known = {f"{qualified(core.schema, name)}()" for name in names}
    return tuple(
        Problem(each.table, each.name, f"calls {each.function}, of which the layout says nothing")
        for each in core.triggers
        if (table := layout.table(each.table)) is not None
        and table.kind != "local"
        and each.function not in known
    )


def _refused(core: Observation, layout: Layout) -> Iterator[Problem]:
    for each in core.constraints:
        table = layout.table(each.table)
        if table is None or each.of_domain:
            continue
        sentence = _foreign(each, table, layout) if each.kind == "foreign key" else _unique(each, table)
        if sentence:
            yield Problem(each.table, each.name, sentence)
    for index in core.indexes:
        table = layout.table(index.table)
        if table is None or table.kind != "distributed" or not index.unique or index.constraint is not None:
            continue
        if table.column not in index.columns[: index.key_columns]:
            yield Problem(index.table, index.name, f"lacks {table.column}, by which its table is distributed")


def _unique(each: Constraint, table: PlacedTable) -> str | None:
    if table.kind != "distributed" or each.kind not in (*_UNIQUE, "exclusion"):
        return None
    if each.kind == "exclusion":
        held = f"{table.column} WITH =" in each.definition
    else:
        held = table.column in each.columns
    return None if held else f"lacks {table.column}, by which its table is distributed"


def _foreign(each: Constraint, table: PlacedTable, layout: Layout) -> str | None:
    parent = layout.table(each.referenced_table or "")
    if parent is None or parent.kind == "local":
        return None if table.kind == "local" else "leads from every node to a table of the coordinator's"
    if parent.kind == "reference":
        return None
    if table.kind != "distributed":
        return "leads to rows that may stand on any node"
    if table.beside != parent.beside:
        return f"leads to {parent.name}, whose rows stand on other nodes"
    pairs = dict(zip(each.columns, each.referenced_columns, strict=True))
    together = table.column is not None and pairs.get(table.column) == parent.column
    return None if together else f"lacks {table.column}, by which both tables are distributed"
