"""A project's rows that belong to a person go with the person, or a catalogue is refused when it is read.

`forget_phone_number` deletes the user, and what foreign keys delete with it; it knows no table of a
project's. So a key of theirs that leads to somebody is declared as what the rows follow, and a row that tells
of somebody without a key has an end of its own. That the key deletes by cascade is seen at the freeze.
"""

from __future__ import annotations

from nosender.errors import UsageError
from nosender.schema.catalogue.model import Catalogue
from nosender.schema.catalogue.people import ways


def refuse(catalogue: Catalogue) -> None:
    """UsageError for the first row of a project's that would stay when its person is forgotten."""
    parents = {(key.table, key.columns): key.parent for key in catalogue.foreign_keys}
    for table in catalogue.tables:
        if table.whose is None:
            continue
        ends = table.retention.rule == "expires" and table.retention.action == "delete"
        for way in ways(catalogue, table):
            parent = parents.get((table.name, way.columns))
            if parent is not None and parent not in table.retention.parents:
                raise UsageError(
                    f"{table.place}: rows of {table.name!r} belong to a person by their key to {parent!r}, "
                    f'and do not go with it: name it in parents = ["{parent}"] under [retention], and let '
                    "the key delete by cascade."
                )
            if parent is None and not ends:
                raise UsageError(
                    f"{table.place}: rows of {table.name!r} tell of a person by {', '.join(way.columns)} and "
                    "stay when that person is forgotten: give them a key to users with on delete cascade, or "
                    "an expiry by which they are deleted."
                )
