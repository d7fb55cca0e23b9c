"""What a row tells through the row it refers to: whose account it is of, which message it hangs on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nosender.privacy_audit.explore.model import Kind, Role
from nosender.privacy_audit.explore.words import reading

if TYPE_CHECKING:
    from collections.abc import Mapping

    from nosender.privacy_audit.explore.model import Table
    from nosender.privacy_audit.explore.tables import TableShape

_SHARED = (Kind.GROUP, Kind.MESSAGE)


def hanging(
    shapes: Mapping[Table, TableShape], entities: Mapping[Table, Kind]
) -> dict[Table, tuple[Kind, Table]]:
    """Tables whose rows are part of one group or message, as `reactions (message)`; of which, and where."""
    found: dict[Table, tuple[Kind, Table]] = {}
    for key, shape in shapes.items():
        for link in shape.links:
            kind = entities.get(link.parent)
            single = len(link.columns) == 1 and link.parent != key
            if key not in entities and single and kind in _SHARED and len(shape.primary) == 1:
                found.setdefault(key, (kind, link.parent))
    return found


def owned(shapes: Mapping[Table, TableShape], entities: Mapping[Table, Kind]) -> dict[Table, Table]:
    """Tables whose rows belong to one person each, as `networks ("user")`; and where the people are."""
    found: dict[Table, Table] = {}
    for key, shape in shapes.items():
        linked = {link.columns: link for link in shape.links if entities.get(link.parent) is Kind.PERSON}
        people = list(linked.values())
        if key in entities or len(people) != 1 or len(people[0].columns) != 1 or len(shape.primary) != 1:
            continue
        if any(entities.get(link.parent) in _SHARED for link in shape.links):
            continue
        read = reading(people[0].columns[0])
        if read is not None and read[1] is Role.SELF:
            found[key] = people[0].parent
    return found
