"""Whether a probe told of everything declared that its check is about: what it passed over was not looked at.

A probe knows the tables that it was written for. The catalogue is the list of all there are, so each check
that asks a probe holds the answer against it; a table that is new to the probe is not tested, never passed.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from nosender.privacy_audit.snapshot.snapshot import Unseen

if TYPE_CHECKING:
    from nosender.privacy_audit.snapshot.snapshot import Row, Snapshot
    from nosender.schema.catalogue.model import Catalogue, Column, Table

Place = tuple[str, ...]
"""A table, or a table and its column."""

TEXTS = ("bytea", "character varying", "character", "text", "json", "jsonb", "xml", "inet")
"""Types of what can hold anything, without their length; of a flag or a number its values tell all."""


def passed_over(probe: str, wanted: Iterable[Place], told: Iterable[Place]) -> str | None:
    """Why a check could not look at all that it is about; None where the probe told of everything."""
    left = sorted(".".join(place) for place in set(wanted) - set(told))
    return f"the probe {probe} does not look at {', '.join(left)}" if left else None


def places(snapshot: Snapshot, rows: Iterable[Row]) -> set[Place]:
    """The columns that the rows of a probe tell of.

    Of a column that has a value in every row a probe has not told that saw none, where any probe found rows
    in its table: something blinded it.
    """
    filled = _filled(snapshot)
    always = {(snapshot.declared_name(each), each.name) for each in snapshot.ours("columns") if each.not_null}
    told: dict[Place, int] = {}
    for row in rows:
        place = (row["table_name"], row["column_name"].partition("[")[0])
        told[place] = max(told.get(place, 0), row.get("examined", 1))
    return {place for place, count in told.items() if count or place not in always or place[0] not in filled}


def _filled(snapshot: Snapshot) -> set[str]:
    """The tables of ours in which some probe found a row."""
    return {
        row["table_name"]
        for answer in snapshot.probes.values()
        if not isinstance(answer, Unseen)
        for row in answer
        if "table_name" in row and row.get("schema_name", snapshot.schema) == snapshot.schema
        if row.get("examined")
    }


def declared(catalogue: Catalogue) -> Iterable[tuple[Table, Column]]:
    """Every declared column of our own tables."""
    return (
        (table, column)
        for table in catalogue.tables
        if table.made_by == "nosender"
        for column in table.columns
    )


def columns_of(catalogue: Catalogue, *classes: str) -> set[Place]:
    """The declared columns of these data classes."""
    return {
        (table.name, column.name)
        for table, column in declared(catalogue)
        if column.data_class.name in classes
    }


def texts_of(snapshot: Snapshot, *classes: str) -> set[Place]:
    """The same, of those that hold text or bytes, or whose type nothing says."""
    types = {
        (snapshot.declared_name(each), each.name): each.type.partition("(")[0]
        for each in snapshot.declared.columns
    }
    wanted = columns_of(snapshot.catalogue, *classes)
    return {place for place in wanted if types.get((place[0], place[1]), TEXTS[0]) in TEXTS}


def referring(catalogue: Catalogue, *parents: str) -> set[Place]:
    """The tables that have an allowed foreign key to one of these."""
    return {(key.table,) for key in catalogue.foreign_keys if key.parent in parents}
