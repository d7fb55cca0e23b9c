"""What each column singles out, from keys, names and counts; drafts of a catalogue use it as well."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from nosender.privacy_audit.explore.model import Guess, Kind, Role
from nosender.privacy_audit.explore.tables import TableShape, base, entity_of, is_identifier, is_list
from nosender.privacy_audit.explore.vocabulary import DIRECTION, IDENTIFIER, SELF, VAGUE_GROUP, WEAK
from nosender.privacy_audit.explore.words import reading, words_of
from nosender.privacy_audit.finding import Confidence

if TYPE_CHECKING:
    from collections.abc import Mapping

    from nosender.privacy_audit.explore.counts import Measures
    from nosender.privacy_audit.explore.model import Table
    from nosender.schema.observe.model import Column

CERTAIN, LIKELY, HINT = Confidence.CERTAIN, Confidence.LIKELY, Confidence.HINT
MOST = 0.8
"""The share of values from which on they are taken for what they look like."""
FEWEST = 5
"""Values below this number say nothing."""
_PERSON_FORMS = {"mxid": "a Matrix user", "address": "a mail address or JID", "phone": "a phone number"}


@dataclass(frozen=True, slots=True)
class World:
    """All tables, what their rows are, and what each column is taken for."""

    shapes: Mapping[Table, TableShape]
    entities: Mapping[Table, Kind]
    reasons: Mapping[Table, str]
    """Why the rows of a table are people."""
    guesses: Mapping[Table, tuple[Guess, ...]] = field(default_factory=dict)

    known: Mapping[tuple[Kind, str], frozenset[str]] = field(default_factory=dict)
    """For the last word of each table's name the types of its keys, and their names."""
    has_messages: bool = False
    """Whether people share groups or stand beside messages in any table."""
    has_people: bool = False
    """Whether anything beyond weak words says that people are in the database."""

    def of(self, table: Table, kind: Kind) -> list[Guess]:
        """The guesses of one kind about the columns of a table."""
        return [each for each in self.guesses.get(table, ()) if each.kind is kind]

    @property
    def people(self) -> frozenset[str]:
        """The types of the keys of people; empty where no table has people."""
        return self.known.get((Kind.PERSON, ""), frozenset())


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
    world = World(shapes, entities, reasons | reached, known=_known(shapes, entities))
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
                found.setdefault((kind, ""), set()).add(_family(column))
                found.setdefault((kind, word), set()).add(_family(column))
            if words_of(column.name)[-1:] == ("id",):
                found.setdefault((kind, word), set()).add(f"{_family(column)} {column.name}")
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
    keyed = _keyed(shape, world)
    found: list[Guess] = []
    for column in shape.columns:
        if not (is_identifier(column) or is_list(column)):
            continue
        one = keyed.get(column.name, ...)
        if one is None:
            continue
        guessed = one if isinstance(one, Guess) else _named(column, shape, world)
        guessed = _measured(guessed, column, shape, world, measures)
        if guessed is not None:
            found.append(guessed)
    return _settled(_settled(tuple(found), shape, world), shape, world)  # what became sure makes others so


def _keyed(shape: TableShape, world: World) -> dict[str, Guess | None]:
    """What foreign keys say; None for a column that only completes the key of another."""
    found: dict[str, Guess | None] = {}
    for link in sorted(shape.links, key=lambda each: len(each.columns)):
        kind = world.entities.get(link.parent)
        columns = [name for name in link.columns if name not in found]
        if len(columns) > 1 and kind is None:
            continue
        if len(columns) > 1:
            named = [name for name in columns if kind and (read := reading(name)) and read[0] is kind]
            found |= dict.fromkeys((name for name in columns if name not in named[:1]), None)
            columns = named[:1] if kind else []
        for name in columns:
            read = reading(name)
            if kind is None:
                if (
                    len(link.columns) == 1
                    and _refers_to_person(world, link.parent)
                    and read
                    and read[0] is Kind.PERSON
                ):
                    kind = Kind.PERSON
                elif len(link.columns) == 1 and not (read and read[0] in (Kind.GROUP, Kind.PERSON)):
                    continue
                else:
                    continue
            role, word = _role(read, kind, link.parent)
            why = f"its foreign key refers to {'.'.join(link.parent)}"
            found[name] = Guess(name, kind, role, word, CERTAIN, why, link.parent)
    return found


def _refers_to_person(world: World, table: Table) -> bool:
    shape = world.shapes.get(table)
    return shape is not None and any(
        world.entities.get(link.parent) is Kind.PERSON and len(link.columns) == 1 for link in shape.links
    )


def _role(read: tuple[Kind, Role | None, str] | None, kind: Kind, parent: Table) -> tuple[Role | None, str]:
    if kind is not Kind.PERSON:
        return None, read[2] if read else parent[1]
    if read and read[0] is Kind.PERSON:
        return read[1], read[2]
    return Role.OTHER, read[2] if read else parent[1]


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
    if (is_list(column) and not many) or (_family(column) == "number" and counts):
        return None  # a document with a word of that name; a count
    if column.name.lower() == "mxid" and own is not Kind.PERSON:
        return None  # the identifier of whatever the row is
    if base(column) == "smallint":
        return None
    if kind is Kind.MESSAGE and words[-1] not in IDENTIFIER and "messageid" not in words:
        return None
    if kind is Kind.GROUP and word in VAGUE_GROUP and not _kept(column, word, Kind.GROUP, world):
        return None
    if word in _TENANTS and not _kept(column, word, Kind.PERSON, world) and world.people:
        return None
    weak = (word in WEAK or words[-1] == "by") and not (
        kind is Kind.PERSON and _kept(column, word, kind, world)
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
    return _family(column) in known or f"{_family(column)} {column.name}" in known


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


def _settled(found: tuple[Guess, ...], shape: TableShape, world: World) -> tuple[Guess, ...]:
    """Weak words that stand opposite each other, or beside a table of people, are more than hints."""
    roles = {each.role for each in found if each.kind is Kind.PERSON}
    words = {each.word for each in found if each.kind is Kind.PERSON}
    opposite = {Role.SENDER, Role.RECIPIENT} <= roles or {"our", "their"} <= words
    sure = {each.word for each in found if each.kind is Kind.PERSON and each.confidence is not HINT}
    settled = []
    own = world.entities.get(shape.id)
    for each in found:
        if each.kind is Kind.PERSON and each.confidence is HINT:
            column = next(one for one in shape.columns if one.name == each.column)
            people = bool(world.people)
            typed = _like_a_person(column, world)
            directed = each.word in DIRECTION and not {Role.SENDER, Role.RECIPIENT} <= roles
            grouped = any(one.kind is Kind.GROUP for one in found)
            if (directed and not shape.is_message) or (is_list(column) and each.word in DIRECTION):
                continue
            shared = own in (Kind.GROUP, Kind.MESSAGE) or len(found) > 1
            if is_list(column) and each.word in ("participant", "member", "recipient") and shared:
                each = replace(each, confidence=LIKELY, why=each.why + ", in one value")
            if (
                not directed
                and not is_list(column)
                and (
                    (opposite and (shape.is_message or people or "our" in words) and typed)
                    or (sure and each.word not in sure and typed and base(column) != "smallint")
                    or (shape.is_message and typed and (people or sure))
                    or (people and typed and (grouped or each.word in SELF | {"owner", "creator"}))
                )
            ):
                each = replace(each, confidence=LIKELY, why=each.why + ", beside what else the row names")
        settled.append(each)
    queue = [
        each
        for each in settled
        if each.kind is Kind.PERSON and each.entity is None and shape.alone(each.column)
    ]
    roles = {each.role for each in queue}
    if (
        len(queue) > 1
        and {Role.SENDER, Role.RECIPIENT} <= roles
        and not (shape.is_message and own is not Kind.QUEUE)
    ):
        # each stands in one row alone: ends of a queue, not people who come back
        names = {each.column for each in queue}
        settled = [
            replace(
                each,
                kind=Kind.QUEUE,
                role=None,
                why="unique in its table: it names this row and nobody elsewhere",
            )
            if each.column in names or (each.kind is Kind.PERSON and shape.alone(each.column))
            else each
            for each in settled
        ]
    return tuple(settled)


def _like_a_person(column: Column, world: World) -> bool:
    """Whether the type is one in which the database numbers its people; any, where it has none."""
    types = world.people
    return not types or _family(column) in types or _family(column) == "text"


def _family(column: Column) -> str:
    kind = base(column).removesuffix("[]")
    if kind in ("bigint", "integer", "smallint", "numeric"):
        return "number"
    return "text" if kind in ("text", "character varying", "character", "citext", "name") else kind
