"""What each column singles out, from keys, names and counts; drafts of a catalogue use it as well."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

from nosender.privacy_audit.explore.indirect import hanging, owned
from nosender.privacy_audit.explore.keyed import keyed, through_owned
from nosender.privacy_audit.explore.model import Guess, Kind, Role
from nosender.privacy_audit.explore.settled import settled
from nosender.privacy_audit.explore.tables import base, entity_of, family, is_identifier, is_list
from nosender.privacy_audit.explore.vocabulary import IDENTIFIER, PLAIN_ADDRESS, VAGUE_GROUP, WEAK
from nosender.privacy_audit.explore.words import reading, words_of
from nosender.privacy_audit.explore.world import CERTAIN, FEWEST, HINT, LIKELY, MOST, World

if TYPE_CHECKING:
    from collections.abc import Mapping

    from nosender.privacy_audit.explore.counts import Measures
    from nosender.privacy_audit.explore.model import Table
    from nosender.privacy_audit.explore.tables import TableShape
    from nosender.schema.observe.model import Column

_PERSON_FORMS = {"mxid": "a Matrix user", "address": "a mail address or JID", "phone": "a phone number"}


def guess(shapes: Mapping[Table, TableShape], measures: Measures | None = None) -> World:
    """What every column singles out. Without measures, from structure and names alone."""
    entities = {key: kind for key, shape in shapes.items() if (kind := entity_of(shape))}
    entities |= _as_parents(shapes, entities)
    entities = _without_tenants(shapes, entities)
    reached = _by_values(shapes, entities, measures) if measures else {}
    entities |= dict.fromkeys(reached, Kind.PERSON)
    referred = Counter(link.parent for shape in shapes.values() for link in shape.links)
    reasons = {
        key: _reason(shapes[key], referred[key]) for key, kind in entities.items() if kind is Kind.PERSON
    }
    world = World(
        shapes,
        entities,
        reasons | reached,
        known=_known(shapes, entities),
        hanging=hanging(shapes, entities),
        owned=owned(shapes, entities),
    )
    guesses = {key: _guesses_of(shape, world, measures) for key, shape in shapes.items()}
    world = replace(world, guesses={key: some for key, some in guesses.items() if some})
    named = any(
        each.kind is Kind.PERSON and each.confidence is not HINT for some in guesses.values() for each in some
    )
    return replace(
        world,
        has_people=named or Kind.PERSON in entities.values(),
        has_messages=Kind.GROUP in entities.values()
        or any(shapes[key].is_message and world.of(key, Kind.PERSON) for key in world.guesses),
    )


def _known(
    shapes: Mapping[Table, TableShape], entities: Mapping[Table, Kind]
) -> dict[tuple[Kind, str], frozenset[str]]:
    """By kind and last word, and by kind alone: the types and names of the columns that are keys."""
    found: dict[tuple[Kind, str], set[str]] = {}
    for key, kind in entities.items():
        shape = shapes[key]
        word = shape.words[-1] if shape.words else ""
        for column in shape.columns:
            alone = shape.alone(column.name)
            if alone:
                found.setdefault((kind, ""), set()).add(family(column))
                found.setdefault((kind, word), set()).add(family(column))
            if words_of(column.name)[-1:] == ("id",):
                found.setdefault((kind, word), set()).add(f"{family(column)} {column.name}")
    return {key: frozenset(some) for key, some in found.items()}


def _as_parents(shapes: Mapping[Table, TableShape], entities: Mapping[Table, Kind]) -> dict[Table, Kind]:
    """What rows of tables are whose key is another table's: a profile that is one of a user."""
    found: dict[Table, Kind] = {}
    for key, shape in shapes.items():
        for link in shape.links:
            kind = entities.get(link.parent)
            if key not in entities and kind and len(shape.primary) == 1 and link.columns == shape.primary:
                found[key] = kind
    return found


def _by_values(
    shapes: Mapping[Table, TableShape], entities: Mapping[Table, Kind], measures: Measures
) -> dict[Table, str]:
    """Tables that no name tells, of which each row has an address or number of its own; and why."""
    found: dict[Table, str] = {}
    for key, shape in shapes.items():
        if key in entities or shape.is_message:
            continue
        for column in shape.columns:
            counts = measures.column(key, column.name)
            if counts is None or not shape.alone(column.name) or counts.filled < FEWEST:
                continue
            form, share = counts.form
            if form in _PERSON_FORMS and share >= MOST:
                found[key] = (
                    f"{share:.0%} of {column.name}, one a row, have the form of {_PERSON_FORMS[form]}"
                )
    return found


_TENANTS = frozenset(("account", "customer"))


def _without_tenants(shapes: Mapping[Table, TableShape], entities: dict[Table, Kind]) -> dict[Table, Kind]:
    """Beside a table of users, an account or a customer is whom the users work for."""
    people = {key for key, kind in entities.items() if kind is Kind.PERSON}
    tenants = {key for key in people if shapes[key].words[-1] in _TENANTS}
    users = {key for key in people - tenants if shapes[key].words[-1] in ("user", "person", "people")}
    if not users:
        return entities
    return {key: kind for key, kind in entities.items() if key not in tenants}


def _reason(shape: TableShape, referred: int) -> str:
    known = [
        each.name
        for each in shape.columns
        if (found := reading(each.name)) and found[1] in (Role.SELF, Role.ADDRESS)
    ]
    by = f", {referred} foreign keys refer to it" if referred else ""
    return f"each row is a person by its name{f' and {known[0]}' if known else ''}{by}"


def _guesses_of(shape: TableShape, world: World, measures: Measures | None) -> tuple[Guess, ...]:
    links = keyed(shape, world)
    found: list[Guess] = []
    for column in shape.columns:
        if not (is_identifier(column) or is_list(column)):
            continue
        one = links.get(column.name, ...)
        if one is None:
            continue
        guessed = one if isinstance(one, Guess) else _named(column, shape, world)
        guessed = _measured(guessed, column, shape, world, measures)
        if guessed is not None:
            found.append(guessed)
    found += through_owned(shape, world, found)
    return settled(settled(found, shape, world), shape, world)  # what became sure makes others so


def _named(column: Column, shape: TableShape, world: World) -> Guess | None:
    """What the name says, seen beside the table that the column stands in."""
    read = reading(column.name)
    own = world.entities.get(shape.id)
    words = words_of(column.name)
    if read is None:
        return None
    kind, role, word = read
    many = _plural(column.name)
    counts = many or f"{word}s" in column.name.lower().split("_")
    if (is_list(column) and not many) or (family(column) == "number" and counts):
        return None  # a document with a word of that name; a count
    if column.name.lower() == "mxid" and own is not Kind.PERSON:
        return None  # the identifier of whatever the row is
    if base(column) == "smallint" or (word == "profile" and words[-1] == word):
        return None
    if kind is Kind.MESSAGE and words[-1] not in IDENTIFIER and "messageid" not in words:
        return None
    if kind is Kind.GROUP and word in VAGUE_GROUP and not _kept(column, word, Kind.GROUP, world):
        return None
    if word in _TENANTS and not _kept(column, word, Kind.PERSON, world) and world.people:
        return None
    weak = (word in WEAK or "by" in words[1:]) and not (
        kind is Kind.PERSON and (_kept(column, word, kind, world) or set(words[1:]) & PLAIN_ADDRESS)
    )
    people = bool(world.people)
    if weak and _any_kind(column, shape):
        return None
    confidence = HINT if weak else LIKELY
    why = f"by its name, {word}"
    if kind is Kind.PERSON and people and not weak:
        why += ", in a database that has a table of people"
    return Guess(column.name, kind, role, word, confidence, why)


def _any_kind(column: Column, shape: TableShape) -> bool:
    """Whether a type beside it says what the column points to, as in from_id and from_type."""
    stem = column.name.lower().removesuffix("id").removesuffix("_")
    return any(each.name.lower() in (f"{stem}_type", f"{stem}type") for each in shape.columns)


def _kept(column: Column, word: str, kind: Kind, world: World) -> bool:
    """Whether a table of such things is there, with a key of the column's type."""
    known = world.known.get((kind, word), frozenset())
    return family(column) in known or f"{family(column)} {column.name}" in known


def _plural(name: str) -> bool:
    return name.lower().endswith("s")


def _measured(
    guessed: Guess | None, column: Column, shape: TableShape, world: World, measures: Measures | None
) -> Guess | None:
    """The guess with what counts say, or a guess that counts alone allow."""
    if measures is None:
        return guessed
    counts = measures.column(shape.id, column.name)
    if counts is None or counts.distinct < FEWEST:
        return guessed
    unique = counts.distinct == counts.filled and counts.filled > FEWEST
    best = measures.inclusion(shape.id, column.name)
    if best is not None and best.share >= MOST and best.tested >= FEWEST:
        kind = world.entities.get(best.parent, Kind.PERSON)
        agrees = guessed is not None and guessed.kind is kind
        if guessed is None and unique and kind is not Kind.PERSON:
            return None  # its own rows' identifier, equal to others by how it is written
        if guessed is not None and guessed.confidence is CERTAIN:
            return guessed
        if (
            agrees
            or (guessed is None and best.telling)
            or (guessed is not None and best.telling and guessed.confidence is HINT)
        ):
            why = f"{best.share:.0%} of its values are {'.'.join(best.parent)}.{best.column}"
            role = guessed.role if agrees and guessed else Role.OTHER if kind is Kind.PERSON else None
            word = guessed.word if agrees and guessed else column.name
            return Guess(column.name, kind, role, word, CERTAIN if best.telling else LIKELY, why, best.parent)
    mirror = measures.mirror(shape.id, column.name)
    if guessed is None and mirror is not None:
        why = f"{mirror[1]:.0%} of its values stand in {mirror[0]} too, and each comes back"
        return Guess(column.name, Kind.PERSON, Role.OTHER, column.name, HINT, why)
    form, share = counts.form
    if form in ("room", "event") and share >= MOST:
        kind = Kind.GROUP if form == "room" else Kind.MESSAGE
        if guessed is None or guessed.kind is kind:
            return Guess(
                column.name,
                kind,
                None,
                column.name,
                LIKELY,
                f"{share:.0%} of its values have the form of a Matrix {form}",
            )
        return guessed
    if form in _PERSON_FORMS and share >= MOST:
        if guessed is not None and guessed.kind in (Kind.GROUP, Kind.MESSAGE):
            return guessed  # rooms of XMPP are addresses as well
        if guessed is not None and guessed.confidence is CERTAIN:
            return guessed
        why = f"{share:.0%} of its values have the form of {_PERSON_FORMS[form]}"
        if guessed is None:
            if unique and not shape.is_message:
                return Guess(column.name, Kind.PERSON, Role.ADDRESS, column.name, LIKELY, why)
            return Guess(column.name, Kind.PERSON, Role.ADDRESS, column.name, LIKELY, why)
        return replace(
            guessed,
            confidence=CERTAIN if form != "phone" or guessed.confidence is LIKELY else LIKELY,
            why=why,
        )
    return guessed
