"""What each column singles out, from keys, names and counts; drafts of a catalogue use it as well."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

from nosender.privacy_audit.explore.guessing.entities import TENANTS, entities_of
from nosender.privacy_audit.explore.guessing.indirect import hanging, owned
from nosender.privacy_audit.explore.guessing.keyed import (
    keyed,
    natural,
    natural_groups,
    natural_keys,
    through_owned,
)
from nosender.privacy_audit.explore.guessing.referred import accounts
from nosender.privacy_audit.explore.guessing.settled import settled
from nosender.privacy_audit.explore.guessing.world import (
    CERTAIN,
    FEWEST,
    HINT,
    LIKELY,
    MOST,
    PERSON_FORMS,
    World,
)
from nosender.privacy_audit.explore.model import Guess, Kind, Role
from nosender.privacy_audit.explore.names.vocabulary import (
    FACED,
    FLAGS,
    IDENTIFIER,
    KNOWN,
    MESSAGE,
    PLAIN_ADDRESS,
    SELF,
    SENDER,
    THINGS,
    VAGUE_GROUP,
    WEAK,
)
from nosender.privacy_audit.explore.names.words import lists_people, reading, stem, words_of
from nosender.privacy_audit.explore.tables import base, family, is_flag, is_identifier, is_list, is_time

if TYPE_CHECKING:
    from collections.abc import Mapping

    from nosender.privacy_audit.explore.counts import Measures
    from nosender.privacy_audit.explore.model import Table
    from nosender.privacy_audit.explore.tables import TableShape
    from nosender.schema.observe.model import Column


_SHORT = 2
_AGENTS = ("er", "or", "ee")


def guess(shapes: Mapping[Table, TableShape], measures: Measures | None = None) -> World:
    """What every column singles out. Without measures, from structure and names alone."""
    shapes, entities, reached = entities_of(shapes, measures)
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
        owned=accounts(shapes, entities) | owned(shapes, entities),
        natural=natural_keys(shapes, entities),
        natural_groups=natural_groups(shapes, entities),
        heads=frozenset(word for shape in shapes.values() for word in shape.words[-1:]),
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


def _reason(shape: TableShape, referred: int) -> str:
    known = [
        each.name
        for each in shape.columns
        if (found := reading(each.name)) and found[1] in (Role.SELF, Role.ADDRESS)
    ]
    by = f", {referred} foreign keys refer to it" if referred else ""
    return f"each row is a person by its name{f' and {known[0]}' if known else ''}{by}"


def _guesses_of(shape: TableShape, world: World, measures: Measures | None) -> tuple[Guess, ...]:
    links = natural(shape, world) | keyed(shape, world)
    found: list[Guess] = []
    for column in shape.columns:
        if not (is_identifier(column) or is_list(column)):
            continue
        one = links.get(column.name, ...)
        if one is None:
            continue
        guessed = one if isinstance(one, Guess) else _by_name(column, shape, world)
        guessed = _measured(guessed, column, shape, world, measures)
        if guessed is not None:
            found.append(guessed)
    found += through_owned(shape, world, found)
    return settled(settled(found, shape, world), shape, world)  # what became sure makes others so


def _by_name(column: Column, shape: TableShape, world: World) -> Guess | None:
    return (
        _named(column, shape, world)
        or _stemmed(column, shape)
        or _doer(column, shape, world)
        or _signer(column, shape)
        or _agent(column, shape, world)
    )


def _named(column: Column, shape: TableShape, world: World) -> Guess | None:
    """What the name says, seen beside the table that the column stands in."""
    read = reading(column.name)
    own = world.entities.get(shape.id)
    words = words_of(column.name)
    if read is None:
        return None
    kind, role, word = read
    if word == "username" and len(words) > 1 and role is Role.SELF and not _keyed_with(shape, column):
        return None  # a name at another service
    if word == "referrer" and words[-1] == word and family(column) == "text":
        return None  # the page before
    many = _plural(column.name)
    counts = many or f"{word}s" in column.name.lower().split("_")
    document = shape.is_message and role is Role.SENDER and word not in WEAK  # author jsonb
    if (is_list(column) and not (many or document or lists_people(column.name))) or (
        family(column) == "number" and counts and not is_list(column)
    ):
        return None  # a document with a word of that name; a count
    if column.name.lower() == "mxid" and own is not Kind.PERSON:
        return None  # the identifier of whatever the row is
    if words[0] in ("last", "next") and role is Role.SELF and family(column) == "number":
        return None  # how far somebody got: a cursor
    if base(column) == "smallint" or (word == "profile" and words[-1] == word) or is_flag(column):
        return None
    if kind is Kind.MESSAGE and words[-1] not in IDENTIFIER and family(column) != "number":
        return None
    if kind is Kind.GROUP and many and words[-1] not in IDENTIFIER:
        return None  # threads: a count or a list
    if kind is Kind.GROUP and word in VAGUE_GROUP and not _kept(column, word, Kind.GROUP, world):
        return None
    theirs = any(words_of(each.name)[:1] == ("their",) for each in shape.columns)
    if word in TENANTS and not _kept(column, word, Kind.PERSON, world) and world.people and not theirs:
        return None
    weak = (word in WEAK or "by" in words[1:]) and not (
        kind is Kind.PERSON and (_kept(column, word, kind, world) or set(words[1:]) & PLAIN_ADDRESS)
    )
    people = bool(world.people)
    if weak and _any_kind(column, shape) and word not in FACED | FLAGS:
        return None
    confidence = HINT if weak else LIKELY
    why = f"by its name, {word}"
    if kind is Kind.PERSON and people and not weak:
        why += ", in a database that has a table of people"
    return Guess(column.name, kind, role, word, confidence, why)


def _keyed_with(shape: TableShape, column: Column) -> bool:
    """Whether another name of a person stands with it in a key, so that both are people."""
    return any(
        (read := reading(name)) is not None and read[0] is Kind.PERSON
        for columns in shape.unique
        if column.name in columns
        for name in columns - {column.name}
    )


def _doer(column: Column, shape: TableShape, world: World) -> Guess | None:
    """Who does what the table is named by, or to whom: `boosts (booster_id)`, `reports (reportee_id)`."""
    words = words_of(column.name)
    doer = words[0] if len(words) > 1 and set(words[1:]) <= IDENTIFIER else ""
    stems = [word.removesuffix("e") for word in shape.words if len(word) > _SHORT]
    done = any(doer in (f"{each}er", f"{each}or", f"{each}ee") for each in stems)
    tied = f"{doer}ship" in shape.words  # allyships (ally_id)
    told = bool(doer) and (done or tied) and not (shape.alone(column.name) or doer in world.heads)
    if told and world.like_a_person(column):
        return Guess(
            column.name, Kind.PERSON, Role.OTHER, doer, LIKELY, f"by its name, {doer}, in {shape.id[1]}"
        )
    return None


def _agent(column: Column, shape: TableShape, world: World) -> Guess | None:
    """Somebody by the form of the word, where no table has that name: `authorizer_id`. Alone it is a hint."""
    words = words_of(column.name)
    numbered = family(column) != "text" and family(column) in world.people
    if len(words) != 2 or words[1] != "id" or not numbered or words[0] in KNOWN | THINGS:
        return None
    if words[0] in world.heads or shape.alone(column.name) or not words[0].endswith(_AGENTS):
        return None
    why = f"by the form of its name, {words[0]}, and no table of that name"
    return Guess(column.name, Kind.PERSON, Role.OTHER, words[0], HINT, why)


def _signer(column: Column, shape: TableShape) -> Guess | None:
    """Whose key a message was signed with: `event_pubkey` beside a content."""
    words = words_of(column.name)
    while words[:1] != () and words[0] in MESSAGE | SENDER | SELF:
        words = words[1:]
    if shape.is_message and "".join(words) in ("pubkey", "publickey") and not shape.alone(column.name):
        why = "by its name the key that a message is signed with"
        return Guess(column.name, Kind.PERSON, Role.SENDER, "pubkey", LIKELY, why)
    return None


def _stemmed(column: Column, shape: TableShape) -> Guess | None:
    """`e1_from` where `e1_to` stands too; a hint, for prices have such names as well."""
    named = stem(column.name)
    if named is None or is_time(column) or is_list(column) or reading(column.name) is not None:
        return None
    before, word = named
    other = (before, "to" if word == "from" else "from")
    if before and any(stem(each.name) == other for each in shape.columns):
        role = Role.SENDER if word == "from" else Role.RECIPIENT
        return Guess(column.name, Kind.PERSON, role, word, HINT, f"by its name, {word}")
    return None


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
    if form in PERSON_FORMS and share >= MOST:
        if guessed is not None and guessed.kind in (Kind.GROUP, Kind.MESSAGE):
            return guessed  # rooms of XMPP are addresses as well
        if guessed is not None and guessed.confidence is CERTAIN:
            return guessed
        why = f"{share:.0%} of its values have the form of {PERSON_FORMS[form]}"
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
