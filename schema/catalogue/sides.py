"""Which tables are about people and which about messages, told from what the catalogue declares."""

from __future__ import annotations

from collections.abc import Mapping

from nosender.schema.catalogue.model import Catalogue
from nosender.schema.diagram import Side


def sides(catalogue: Catalogue) -> Mapping[str, Side]:
    """The part of the database that each declared table belongs to.

    A table that names a destination, or hangs on one that does, holds messages; one that holds an account, or
    hangs on one, people; the rest is bookkeeping.
    """
    found: dict[str, Side] = {}
    for table in catalogue.tables:
        classes = {column.data_class.name for column in table.columns}
        if "destination-phone" in classes:
            found[table.name] = "messages"
        elif "account-phone" in classes:
            found[table.name] = "people"
    parts: tuple[Side, ...] = ("messages", "people")
    for side in parts:
        for _ in catalogue.foreign_keys:  # as often as a chain of keys can be long
            for key in catalogue.foreign_keys:
                if found.get(key.parent) == side:
                    found.setdefault(key.table, side)
    return {table.name: found.get(table.name, "bookkeeping") for table in catalogue.tables}
