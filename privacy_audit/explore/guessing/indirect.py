"""What a row tells through the row it refers to: whose account it is of, which message it hangs on."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

from nosender.privacy_audit.explore.model import Kind, Role
from nosender.privacy_audit.explore.names.words import reading, words_of
from nosender.privacy_audit.explore.tables import Link, family

if TYPE_CHECKING:
    from collections.abc import Mapping

    from nosender.privacy_audit.explore.model import Table
    from nosender.privacy_audit.explore.tables import TableShape

_SHARED = (Kind.GROUP, Kind.MESSAGE)


def implied(shapes: Mapping[Table, TableShape]) -> dict[Table, TableShape]:
    """With the references that names alone say: `organization_membership_id` of the table of that name."""
    counts = Counter(shape.words for shape in shapes.values())
    keys = {
        shape.words: (shape.id, shape.primary, _type(shape, shape.primary[0]))
        for shape in shapes.values()
        if len(shape.primary) == 1 and counts[shape.words] == 1
    }
    first = Counter(words[0] for words in counts if words)
    if first and first.most_common(1)[0][1] > len(shapes) / 2:  # one prefix for all, as forum_topics
        prefix = first.most_common(1)[0][0]
        keys |= {
            words[1:]: each for words, each in keys.items() if words[0] == prefix and words[1:] not in keys
        }
    return {key: _linked(shape, keys) for key, shape in shapes.items()}


def _linked(
    shape: TableShape, keys: Mapping[tuple[str, ...], tuple[Table, tuple[str, ...], str]]
) -> TableShape:
    taken = {each for link in shape.links for each in link.columns} | set(shape.primary)
    links = []
    for column in shape.columns:
        words = words_of(column.name)
        found = keys.get(words[:-1]) if words[-1:] == ("id",) and column.name not in taken else None
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
