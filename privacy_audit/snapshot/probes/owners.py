"""Whose a row is, as the catalogue tells."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from nosender.schema.catalogue import Catalogue
    from nosender.schema.catalogue.model import Table

Owner = Literal["user", "destination", "device"]


def owner_of(catalogue: Catalogue, table: Table | None) -> tuple[str, Owner] | None:
    """The column that says whose a row is, and what it names: the destination's number, the user or, where
    only that is known, the device; the row itself of the table of people. None where no row is anybody's.
    """
    if table is None:
        return None
    for column in table.columns:
        if column.data_class.name == "destination-phone":
            return column.name, "destination"
    people = people_of(catalogue)
    if table.name in people:
        return "id", "user"
    steps: tuple[tuple[Owner, frozenset[str]], ...] = (
        ("user", people),
        ("device", owned_by(catalogue, people)),
    )
    for what, parents in steps:
        for key in catalogue.foreign_keys:
            if key.table == table.name and key.parent in parents and "id" in key.parent_columns:
                return key.columns[key.parent_columns.index("id")], what
    return None


def people_of(catalogue: Catalogue) -> frozenset[str]:
    """The tables in which each row is a person: a number that a key takes from there makes no second one."""
    taken = {(key.table, column) for key in catalogue.foreign_keys for column in key.columns}
    return frozenset(
        table.name
        for table in catalogue.tables
        if any(
            each.data_class.name == "account-phone" and (table.name, each.name) not in taken
            for each in table.columns
        )
    )


def owned_by(catalogue: Catalogue, parents: frozenset[str]) -> frozenset[str]:
    """The tables whose rows belong to a row of one of these."""
    return frozenset(key.table for key in catalogue.foreign_keys if key.parent in parents)


def addressed(catalogue: Catalogue) -> frozenset[str]:
    """The tables whose rows go to a destination."""
    return frozenset(
        table.name
        for table in catalogue.tables
        if any(each.data_class.name == "destination-phone" for each in table.columns)
    )
