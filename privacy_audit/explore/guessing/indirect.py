"""What a row tells through the row it refers to: whose account it is of, which message it hangs on."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import replace
from typing import TYPE_CHECKING

from nosender.privacy_audit.explore.model import Kind, Role
from nosender.privacy_audit.explore.names.words import reading, words_of
from nosender.privacy_audit.explore.tables import Link, family

if TYPE_CHECKING:
    from collections.abc import Mapping

    from nosender.privacy_audit.explore.model import Table
    from nosender.privacy_audit.explore.tables import TableShape

_GENERAL = frozenset(("id", "name", "key", "uuid", "guid"))
_Key = tuple["Table", tuple[str, ...], str]
"""A table, its key, and the key's type."""
_SHARED = (Kind.GROUP, Kind.MESSAGE)


def implied(shapes: Mapping[Table, TableShape]) -> dict[Table, TableShape]:
    """With the references that names alone say: `organization_membership_id` of the table of that name."""
    counts = Counter(shape.words for shape in shapes.values())
    first = Counter(words[0] for words in counts if words)
    shared = first.most_common(1)[0] if first else ("", 0)
    prefix = shared[0] if shared[1] > len(shapes) / 2 else ""  # one for all, as forum_topics
    keys: dict[tuple[str, ...], _Key] = {}
    for shape in shapes.values():
        if len(shape.primary) == 1 and counts[shape.words] == 1:
            key = (shape.id, shape.primary, _type(shape, shape.primary[0]))
            for tail in (("id",), words_of(shape.primary[0])):
                keys[*shape.words, *tail] = key
                if shape.words[:1] == (prefix,):
                    keys.setdefault((*shape.words[1:], *tail), key)
    named = _named_keys(shapes)
    return {key: _linked(shape, keys, named) for key, shape in shapes.items()}


def _named_keys(shapes: Mapping[Table, TableShape]) -> dict[tuple[str, str], _Key]:
    """Keys whose name and type no other table's key has, as `id_pm`: a column of that name refers there.

    A key that is called as people are may be that of their settings or blocks.
    """
    found: dict[tuple[str, str], list[_Key]] = defaultdict(list)
    for shape in shapes.values():
        linked = {link.columns for link in shape.links}  # the key of what it is part of
        for column in shape.columns:
            name = column.name
            numbered = shape.primary == (name,) and family(column) != "text"
            keyed = numbered or words_of(name)[-1:] == ("id",)
            if not keyed or not shape.alone(name) or (name,) in linked or name.lower() in _GENERAL:
                continue
            read = reading(name)
            if read is None or read[0] is not Kind.PERSON:
                found[name, family(column)].append((shape.id, (name,), family(column)))
    return {name: some[0] for name, some in found.items() if len(some) == 1}


def _linked(
    shape: TableShape,
    keys: Mapping[tuple[str, ...], _Key],
    named: Mapping[tuple[str, str], _Key],
) -> TableShape:
    taken = {each for link in shape.links for each in link.columns}
    taken |= set(shape.primary) if len(shape.primary) == 1 else set()
    links = []
    for column in shape.columns:
        words = words_of(column.name)
        if column.name in taken:
            continue
        found = keys.get(words)
        found = found or named.get((column.name, family(column)))
        if found is not None and found[0] != shape.id and found[2] == family(column):
            links.append(Link((column.name,), found[0], found[1], implied=True))
    return replace(shape, links=(*shape.links, *links)) if links else shape


def _type(shape: TableShape, name: str) -> str:
    return next(family(each) for each in shape.columns if each.name == name)


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
