"""What foreign keys say of the columns that they start at."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from nosender.privacy_audit.explore.guessing.world import CERTAIN, LIKELY
from nosender.privacy_audit.explore.model import Guess, Kind, Role
from nosender.privacy_audit.explore.names.vocabulary import (
    ACCOUNTS,
    ADDRESS,
    BELONGING,
    DEVICE,
    DIRECTION,
    IDENTIFIER,
    PUBLISHED,
    REACTING,
    SENDER,
    WEAK,
)
from nosender.privacy_audit.explore.names.words import reading, words_of
from nosender.privacy_audit.explore.tables import family

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from nosender.privacy_audit.explore.guessing.world import World
    from nosender.privacy_audit.explore.model import Table
    from nosender.privacy_audit.explore.tables import Link, TableShape


_GENERAL = ("id", "name", "key", "uuid", "guid")
_KNOWN_BY = frozenset(("nick", "nickname", "handle", "alias", "username", "password"))
_WHOSE = (Kind.PERSON, Role.SELF)


def keyed(shape: TableShape, world: World) -> dict[str, Guess | None]:
    """What foreign keys say; None for a column that only completes the key of another."""
    found: dict[str, Guess | None] = {}
    for link in sorted(shape.links, key=lambda each: len(each.columns)):
        kind = world.entities.get(link.parent)
        columns = [name for name in link.columns if name not in found]
        if len(columns) > 1 and link.parent == shape.id:
            found |= dict.fromkeys(columns, None)  # a key to its own table repeats its own columns
            continue
        if len(columns) > 1 and kind is None:
            continue
        if len(columns) > 1:
            named = [name for name in columns if (read := reading(name)) and read[0] is kind][:1]
            if kind in (Kind.GROUP, Kind.MESSAGE) and len(columns) == len(link.columns):
                named = named or columns[-1:]  # the rest says of which account or tenant it is
            found |= dict.fromkeys((name for name in columns if name not in named), None)
            columns = named
        for name in columns:
            own = _of_its_own(name, link, kind, world)
            guessed = _sent(name, shape) or _guess(name, link, kind, world, shape.id)
            if guessed is not None or own:
                found[name] = None if own and link.implied else guessed
    return found


def _of_its_own(name: str, link: Link, kind: Kind | None, world: World) -> bool:
    """Whether what a word calls a person is a row of another table: `partner_id`, a `recipient` of blogs."""
    read = reading(name)
    if kind is not None or read is None or read[0] is not Kind.PERSON:
        return False
    parent = world.shapes.get(link.parent)
    weak = WEAK | ADDRESS if link.implied else WEAK - DIRECTION
    written = not link.implied and parent is not None and bool(parent.content)
    return written or (read[2] in weak and words_of(link.parent[1])[-1] == read[2])


def natural(shape: TableShape, world: World) -> dict[str, Guess]:
    """Columns without a foreign key that bear the name of the one key of people, as `uid`, or end in it."""
    found = {
        name: Guess(
            name, Kind.GROUP, None, table[1], LIKELY, f"it bears the name of the key of {table[1]}", table
        )
        for name, (table, type_) in world.natural_groups.items()
        if table != shape.id and any((each.name, family(each)) == (name, type_) for each in shape.columns)
    }
    linked = {each for link in shape.links for each in link.columns}
    for column in shape.columns:
        words = words_of(column.name)
        key = world.natural.get(words[-1]) if words and column.name not in linked else None
        if key is None or key[1] != family(column) or shape.primary == (column.name,):
            continue
        read = reading(column.name)
        role, word = (read[1], read[2]) if read and read[0] is Kind.PERSON else (Role.OTHER, words[0])
        if len(words) == 1:
            role, word = Role.SELF, "user"
        why = f"it bears the name of the key of {'.'.join(key[0])}"
        found[column.name] = Guess(column.name, Kind.PERSON, role, word, LIKELY, why, key[0])
    return found


def natural_groups(
    shapes: Mapping[Table, TableShape], entities: Mapping[Table, Kind]
) -> dict[str, tuple[Table, str]]:
    """Names that the key of one table of groups alone bears, as `nidx`; where several do, none."""
    found: dict[str, list[tuple[Table, str]]] = {}
    for key, kind in entities.items():
        primary = shapes[key].primary
        linked = any(link.columns == primary for link in shapes[key].links)  # the key of what it is part of
        if kind is Kind.GROUP and len(primary) == 1 and primary[0].lower() not in _GENERAL and not linked:
            column = next(each for each in shapes[key].columns if each.name == primary[0])
            found.setdefault(primary[0], []).append((key, family(column)))
    return {name: some[0] for name, some in found.items() if len(some) == 1}


def natural_keys(
    shapes: Mapping[Table, TableShape], entities: Mapping[Table, Kind]
) -> dict[str, tuple[Table, str]]:
    """Names of one word, not `id`, that the key of one table of people bears and most other keys do not."""
    borne = Counter(shape.primary[0].lower() for shape in shapes.values() if len(shape.primary) == 1)
    found: dict[str, list[tuple[Table, str]]] = {}
    for key, kind in entities.items():
        primary = shapes[key].primary
        if kind is Kind.PERSON and len(primary) == 1 and len(words_of(primary[0])) == 1:
            column = next(each for each in shapes[key].columns if each.name == primary[0])
            if primary[0].lower() not in _GENERAL and borne[primary[0].lower()] * 2 <= len(shapes):
                found.setdefault(primary[0].lower(), []).append((key, family(column)))
    return {name: some[0] for name, some in found.items() if len(some) == 1}


def _guess(name: str, link: Link, kind: Kind | None, world: World, own: Table) -> Guess | None:
    parent = ".".join(link.parent)
    if kind is None:
        read = reading(name)
        if len(link.columns) > 1:
            return None
        belongs = words_of(link.parent[1])[-1] in BELONGING and own != link.parent
        person = belongs if read is None else read[0] is Kind.PERSON
        if not (person and _refers_to_person(world, link.parent)):
            part, whole = world.hanging.get(link.parent, (None, ("", "")))
            why = f"it refers to {parent}, whose rows are part of {'.'.join(whole)}"
            return Guess(name, part, None, link.parent[1], LIKELY, why, link.parent) if part else None
        kind = Kind.PERSON
    role, word = _role(name, kind, link.parent)
    why = f"its {'name' if link.implied else 'foreign key'} refers to {parent}"
    return Guess(name, kind, role, word, LIKELY if link.implied else CERTAIN, why, link.parent)


def _sent(name: str, shape: TableShape) -> Guess | None:
    """A message's key that begins with a word for its sender, whatever table it leads to: `sender_alias`."""
    first = words_of(name)[0]
    if not shape.is_message or first not in SENDER - WEAK or reading(name) is not None:
        return None
    return Guess(
        name, Kind.PERSON, Role.SENDER, first, LIKELY, f"by its name, {first}, and a key of another table"
    )


def through_owned(shape: TableShape, world: World, found: Sequence[Guess]) -> list[Guess]:
    """The person whose account or device the row is of, where it names somebody else or is of a group."""
    people = [each for each in found if each.kind is Kind.PERSON]
    if any(each.role is Role.SELF for each in people):
        return []
    addresses = [each for each in people if each.role is Role.ADDRESS]
    shared = world.entities.get(shape.id) is Kind.GROUP or any(each.kind is Kind.GROUP for each in found)
    doing = bool(set(shape.words[-1:]) & (PUBLISHED | BELONGING | REACTING))
    taken = {each.column for each in found}
    return [
        Guess(
            link.columns[0],
            Kind.PERSON,
            Role.SELF,
            world.owned[link.parent][1],
            LIKELY,
            f"it refers to {'.'.join(link.parent)}, each row of which is one person's",
            link.parent,
        )
        for link in shape.links
        if len(link.columns) == 1 and link.parent in world.owned and link.columns[0] not in taken
        if addresses or doing or ((people or shared) and _account(link.parent, world))
        if all(
            shape.together(link.columns[0], each.column)
            or (world.owned[link.parent] == link.parent and each.word in ("jid", "mxid"))
            for each in addresses
        )
    ][:1]


def _account(table: Table, world: World) -> bool:
    """Whether its rows stand for their person elsewhere, by name or nick, and are no thing of theirs."""
    known = any(set(words_of(each.name)) & _KNOWN_BY for each in world.shapes[table].columns)
    return world.owned[table] == table or known or bool(set(words_of(table[1])[-1:]) & (DEVICE | ACCOUNTS))


def _refers_to_person(world: World, table: Table) -> bool:
    shape = world.shapes.get(table)
    if shape is None:
        return False
    named = words_of(table[1])[-1] in BELONGING and any(
        words_of(each.name)[-1] in IDENTIFIER and (read := reading(each.name)) and read[:2] == _WHOSE
        for each in shape.columns
    )
    return named or any(
        world.entities.get(link.parent) is Kind.PERSON and len(link.columns) == 1 for link in shape.links
    )


def _role(column: str, kind: Kind, parent: Table) -> tuple[Role | None, str]:
    read = reading(column)
    if kind is not Kind.PERSON:
        return None, read[2] if read else parent[1]
    if read and read[0] is Kind.PERSON:
        return read[1], read[2]
    plain = tuple(word for word in words_of(column) if word not in IDENTIFIER)
    if not plain or plain == words_of(parent[1])[-1:]:
        return Role.SELF, plain[0] if plain else "user"
    return Role.OTHER, read[2] if read else parent[1]
