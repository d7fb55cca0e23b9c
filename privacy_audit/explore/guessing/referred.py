"""Who stands for a person by what refers to it: an account that all is of, a name under which one writes."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from nosender.privacy_audit.explore.model import Kind, Role
from nosender.privacy_audit.explore.names.vocabulary import BELONGING, MESSAGE, NAMES, REACHED, REACTING
from nosender.privacy_audit.explore.names.words import marks, reading, words_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from nosender.privacy_audit.explore.model import Table
    from nosender.privacy_audit.explore.tables import TableShape

_MANY = 5
_SOME = 2
_USERS = frozenset(("user", "person", "people", "employee"))


def accounts(shapes: Mapping[Table, TableShape], entities: Mapping[Table, Kind]) -> dict[Table, Table]:
    """The table that most others refer to, where each row has a number or JID: whose all the rest is.

    Nobody whom a row is about, so that it counts only beside somebody else; and no company of users.
    """
    referrers = _referrers(shapes)
    if not referrers:
        return {}
    most, some = max(referrers.items(), key=lambda each: (len(each[1]), each[0]))
    linked = sum(1 for shape in shapes.values() if shape.links)
    reached = any(set(words_of(each.name)) & REACHED for each in shapes[most].columns)
    employs = any(set(each.words[-1:]) & _USERS for each in some)
    if most in entities or len(some) < _MANY or len(some) * 2 < linked or not reached or employs:
        return {}
    return {most: most}


def second_names(shapes: Mapping[Table, TableShape], entities: Mapping[Table, Kind]) -> dict[Table, Kind]:
    """Tables of names that a person writes under: one person's each, and authors name no other."""
    found: dict[Table, Kind] = {}
    for key, some in _referrers(shapes).items():
        shape = shapes[key]
        if key in entities or len(shape.primary) != 1 or len(some) < _SOME or not _is_name(shape, entities):
            continue
        alone = [
            each
            for each in some
            if (each.is_message or set(each.words[-1:]) & (REACTING | BELONGING))
            and not _people(each, entities)
        ]
        if alone:
            found[key] = Kind.PERSON
    return found


def identities(shapes: Mapping[Table, TableShape], entities: Mapping[Table, Kind]) -> dict[Table, Kind]:
    """Tables in which messages have their key, and the parts of one share it: what refers there means one."""
    found: dict[Table, list[bool]] = defaultdict(list)
    for shape in shapes.values():
        for link in shape.links:
            if link.parent in shapes and link.parent not in entities and link.columns == shape.primary:
                found[link.parent].append(shape.is_message or bool(set(shape.words[:1]) & MESSAGE))
    return {
        table: Kind.MESSAGE
        for table, some in found.items()
        if sum(some) >= _SOME and sum(some) * 2 > len(some)
    }


def _referrers(shapes: Mapping[Table, TableShape]) -> dict[Table, list[TableShape]]:
    found: dict[Table, list[TableShape]] = defaultdict(list)
    for shape in shapes.values():
        for parent in {link.parent for link in shape.links if len(link.columns) == 1}:
            if parent in shapes and parent != shape.id:
                found[parent].append(shape)
    return found


def _people(shape: TableShape, entities: Mapping[Table, Kind]) -> list[str]:
    """The columns that refer to one person each."""
    return [
        link.columns[0]
        for link in shape.links
        if len(link.columns) == 1 and entities.get(link.parent) is Kind.PERSON
    ]


def _is_name(shape: TableShape, entities: Mapping[Table, Kind]) -> bool:
    """Whether a row is one person's by a plain key and bears a name, and stands in nothing shared."""
    people = _people(shape, entities)
    shared = any(entities.get(link.parent) in (Kind.GROUP, Kind.MESSAGE) for link in shape.links)
    whose = (
        len(people) == 1 and not marks(people[0]) and (read := reading(people[0])) and read[1] is Role.SELF
    )
    return bool(whose) and not shared and any(words_of(each.name) in NAMES for each in shape.columns)
