"""Where two people meet: in a row, in a group, at a message, in a text. Worst first."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from nosender.privacy_audit.explore.guessing.world import CERTAIN, HINT, LIKELY, MOST
from nosender.privacy_audit.explore.meeting.ties import counts_people, follows, members, reacts, relates
from nosender.privacy_audit.explore.meeting.values import documents, lists, texts
from nosender.privacy_audit.explore.model import Kind, Place, PlaceKind, Role
from nosender.privacy_audit.explore.names.vocabulary import (
    ALIASES,
    AT_WORK,
    BOOKED,
    PLAIN_ADDRESS,
    PUBLISHED,
    TITLED,
    WAITING,
)
from nosender.privacy_audit.explore.names.words import apart, marks, words_of
from nosender.privacy_audit.explore.queries import query_of
from nosender.privacy_audit.finding import Confidence

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from nosender.privacy_audit.explore.counts import Measures
    from nosender.privacy_audit.explore.guessing.world import World
    from nosender.privacy_audit.explore.model import Guess
    from nosender.privacy_audit.explore.tables import TableShape

_ORDER = list(PlaceKind)
_SURE = list(Confidence)


_JOINED = (PlaceKind.GROUP, PlaceKind.BESIDE_MESSAGE)
_COMING = frozenset(
    (
        "affiliated",
        "sponsor",
        "recruiter",
        "inviter",
        "invited",
        "referred",
        "referrer",
        "friend",
        "partner",
        "blocked",
        "peer",
    )
)
_FACING = frozenset(("participant", "peer", "partner", "interlocutor", "correspondent"))
_TWINS = frozenset(("merged", "moved", "copied", "original", "duplicate", "canonical", "alias", "by"))
_INVITING = frozenset(("invite", "invitation", "referral"))


def places_of(world: World, measures: Measures | None) -> tuple[Place, ...]:
    """Every place, worst and surest first. A hint stands alone only where people are in the database."""
    if not world.has_people:
        return ()
    found = [place for shape in world.shapes.values() for place in _places(shape, world, measures)]
    shares = _shares(found, world)
    found = [_joined(place, shares, world) for place in found]
    return tuple(
        sorted(
            found,
            key=lambda each: (
                _SURE.index(each.confidence) == 2,
                _ORDER.index(each.kind),
                _SURE.index(each.confidence),
                len(world.shapes[each.table].words),
                each.table,
            ),
        )
    )


def _shares(places: Sequence[Place], world: World) -> dict[tuple[object, str], str]:
    """For each kind of group a table that says who shares it."""
    found: dict[tuple[object, str], str] = {}
    for place in places:
        if place.kind is PlaceKind.GROUP:
            for each in world.of(place.table, Kind.GROUP):
                if each.column in place.through:
                    found.setdefault((each.entity, each.word), place.table[1])
    return found


def _joined(place: Place, shares: dict[tuple[object, str], str], world: World) -> Place:
    """The path from the author of a message to whoever shares its group, where a table tells that."""
    if place.kind is not PlaceKind.SENDER:
        return place
    for each in world.of(place.table, Kind.GROUP):
        other = shares.get((each.entity, each.word))
        if each.column in place.through and other:
            return replace(place, sentence=f"{place.sentence}; {other} says who shares it")
    return place


def _places(shape: TableShape, world: World, measures: Measures | None) -> Iterator[Place]:
    named = [each for each in world.of(shape.id, Kind.PERSON) if each.column not in lists(shape)]
    people = named if relates(shape) or set(shape.words[-1:]) & _INVITING else _without_aliases(named)
    groups = world.of(shape.id, Kind.GROUP)
    messages = world.of(shape.id, Kind.MESSAGE)
    own = world.entities.get(shape.id)
    person_row = own is Kind.PERSON or (_about_one(shape, people) and not members(shape))
    different = _different(shape, people, own, measures)
    if different and not world.has_messages and all(_at_work(each) for each in different):
        different, people = [], []
    different = _beyond_books(different)
    sure = [each for each in different if each.confidence is not HINT]
    if len(different) > 1 and sure:
        different = sure if len(sure) > 1 else []
    if different:
        yield _pair(shape, different, groups, measures)
    elif people and not person_row:
        yield from _single(shape, people, groups, messages, own, world)
    elif own is Kind.PERSON and relates(shape):
        whose = sorted((each for each in people if _keeps(shape, each)), key=_surest)
        if whose:
            told = f"whose contact each person is: {whose[0].column} in each row of {shape.name}"
            yield _place(PlaceKind.PAIR, shape, whose[:1], (), told, _least(whose[:1]), whose[0].why)
    yield from texts(shape, measures, posted=shape.is_message or bool(groups))
    yield from documents(shape, people, different, own)
    for name in () if counts_people(shape) else lists(shape):
        for each in world.of(shape.id, Kind.PERSON):
            if each.column == name and each.confidence is not HINT:
                yield _place(
                    PlaceKind.LIST,
                    shape,
                    (each,),
                    (),
                    f"people in one value, {name}",
                    each.confidence,
                    each.why,
                )


def _beyond_books(different: list[Guess]) -> list[Guess]:
    """Without who changed a row last, and none where all that is left are its makers."""
    if len(different) == 1:
        return different
    left = [each for each in different if not {each.word, *marks(each.column)} & BOOKED]
    made = [each for each in left if "by" in words_of(each.column)[1:] and each.role is Role.SENDER]
    return left if len(left) > len(made) and len(left) > 1 else []


def _keeps(shape: TableShape, each: Guess) -> bool:
    """Whether the row of a contact refers to one of other people, who keeps many."""
    other = each.entity is not None and each.entity != shape.id
    return (
        other
        and each.role in (Role.SELF, Role.SENDER)
        and not marks(each.column)
        and not shape.alone(each.column)
    )


def _without_aliases(people: list[Guess]) -> list[Guess]:
    """A mail address or phone beside another name of a person is that person's own."""
    names = [
        each
        for each in people
        if each.role is not Role.ADDRESS
        or each.word in ("jid", "mxid")
        or (each.word == "address" and each.confidence is not HINT)
    ]
    return names or people


def _about_one(shape: TableShape, people: Sequence[Guess]) -> bool:
    """Whether a row is about one person because that person is unique in the table."""
    return any(shape.alone(each.column) for each in people if each.role in (Role.SELF, Role.ADDRESS))


def _different(
    shape: TableShape, people: Sequence[Guess], own: Kind | None, measures: Measures | None
) -> list[Guess]:
    """The columns that name different people in one row; empty where there are not two."""
    chosen: list[Guess] = []
    for each in people:
        if own is Kind.PERSON and each.role in (Role.SELF, Role.ADDRESS, Role.SENDER):
            continue  # the row's own person, under another of its names
        if own is Kind.PERSON and set(words_of(each.column)[-1:]) & PLAIN_ADDRESS:
            continue  # blocked_email: the row's own
        if own is Kind.PERSON and not (_invites(each) or _above(shape, each)):
            continue
        chosen.append(each)
    if own is Kind.PERSON:
        return chosen if chosen and len(people) > 0 else []
    pairs = [
        (one, other)
        for number, one in enumerate(chosen)
        for other in chosen[number + 1 :]
        if _apart(shape, one, other, measures)
    ]
    names = {each.column for pair in pairs for each in pair}
    if any(each.role in (Role.SENDER, Role.OTHER, Role.RECIPIENT) for each in chosen if each.column in names):
        # other names of those found
        words = {each.word for each in chosen if each.column in names}
        names |= {each.column for each in chosen if each.word in words}
    return [each for each in chosen if each.column in names]


def _at_work(each: Guess) -> bool:
    return each.role is Role.SELF or each.word.split()[0] in AT_WORK


def _invites(each: Guess) -> bool:
    return each.word.split()[0] in _COMING


def _above(shape: TableShape, each: Guess) -> bool:
    """Whether a person's row refers to another of its table: a parent, a manager, and no twin of it."""
    own = each.entity == shape.id and each.role is Role.OTHER
    return own and not {each.word, *words_of(each.column)} & (BOOKED | _TWINS)


def _apart(shape: TableShape, one: Guess, other: Guess, measures: Measures | None) -> bool:
    """Whether two columns of a row name two people."""
    counted = measures.pair(shape.id, one.column, other.column) if measures else None
    mild = (Role.SELF, Role.ADDRESS)
    alike = one.word == other.word or (one.role in mild and other.role in mild)
    if counted is not None and counted.telling and (alike or not counted.one_to_one):
        return not counted.one_to_one  # two names of one person go together, row for row
    marked = marks(one.column) != marks(other.column)
    if one.role is other.role is Role.SELF and not marked and one.entity == other.entity is not None:
        return shape.together(one.column, other.column)  # or two keys to the row of one person
    if (
        one.entity is not None
        and one.entity == other.entity
        and one.confidence is other.confidence is CERTAIN
    ):
        return True  # two keys to one table of people
    if relates(shape) and not (shape.alone(one.column) or shape.alone(other.column)):
        return Role.SELF in (one.role, other.role) or Role.ADDRESS not in (one.role, other.role)
    if one.word == other.word:
        keyed = marked and shape.together(one.column, other.column)
        return apart(one.column, other.column) or keyed or _done_to(one.column, other.column)
    if not marked and {one.word, other.word} <= ALIASES:
        return False
    if shape.together(one.column, other.column):
        return True
    if one.role in mild and other.role in mild:
        # a JID beside a local name is somebody else's; a mail address or phone is that person's own
        return (
            {one.role, other.role} == set(mild)
            and "jid" in (one.word, other.word)
            and not (shape.alone(one.column) or shape.alone(other.column))
        )
    return not (one.role is other.role and one.role is Role.SENDER)


def _done_to(one: str, other: str) -> bool:
    """Whether a plain name stands beside one that a deed sets apart: `user_id` and `imported_user_id`."""
    some = {marks(one), marks(other)}
    deeds = [each for each in some if len(each) == 1 and each[0].endswith("ed") and each[0] not in BOOKED]
    return () in some and len(deeds) == 1


def _pair(
    shape: TableShape, people: Sequence[Guess], groups: Sequence[Guess], measures: Measures | None
) -> Place:
    roles = {each.role for each in people}
    sending = shape.is_message and Role.SENDER in roles and len(roles) > 1
    kind = PlaceKind.SENDER_AND_RECIPIENT if sending else PlaceKind.PAIR
    names = [each.column for each in people]
    confidence = _least(people)
    why = "; ".join(f"{each.column}: {each.why}" for each in people[:2])
    if measures:
        for one in people:
            for other in people:
                counted = measures.pair(shape.id, one.column, other.column)
                if counted and counted.telling and counted.shared >= MOST:
                    confidence, why = (
                        CERTAIN,
                        f"{counted.shared:.0%} of the values of {one.column} stand in {other.column} too",
                    )
    if len(people) == 1:
        sentence = f"whom each person came with, {names[0]}"
    elif sending:
        sentence = f"who wrote to whom: {' beside '.join(names)}"
    else:
        sentence = f"pairs of people: {' and '.join(names)}"
    return _place(kind, shape, people, groups, sentence, confidence, why)


def _single(
    shape: TableShape,
    people: Sequence[Guess],
    groups: Sequence[Guess],
    messages: Sequence[Guess],
    own: Kind | None,
    world: World,
) -> Iterator[Place]:
    """What a row says that names one person."""
    people = _named(shape, people)
    if not people:
        return
    sender = [each for each in people if each.role is Role.SENDER]
    others = [
        each for each in messages if each.column not in shape.primary or len(shape.primary) > 1 or shape.links
    ]
    beside = [each for each in groups if each.column not in _own_id(shape, own) and not _kept(own, people)]
    waiting = bool(set(shape.words) & WAITING)
    why = "; ".join(f"{each.column}: {each.why}" for each in people[:2])
    named = people[0].column
    recipient = all(each.role is Role.RECIPIENT for each in people)

    def place(kind: PlaceKind, some: Sequence[Guess], through: Sequence[Guess], sentence: str) -> Place:
        sure = max(_least(some), _least(through) if kind in _JOINED else CERTAIN, key=_SURE.index)
        return _place(kind, shape, some, through, sentence, sure, why)

    opened = [
        each for each in people if each.role in (Role.SELF, Role.SENDER) and each.confidence is not HINT
    ]
    if own is Kind.GROUP and shape.words[-1] in TITLED and opened:
        told = f"who opened each {shape.words[-1]}: {opened[0].column}"
        yield place(PlaceKind.SENDER, opened, beside, told)
    elif own is Kind.GROUP and _faces(people[0]):
        told = f"with whom each {shape.words[-1]} is: {named}"
        yield place(PlaceKind.GROUP, people, beside, told)
    elif own is Kind.GROUP and people[0].entity in world.owned:
        told = f"whose account is in which group: {named} in each row of {shape.name}"
        yield place(PlaceKind.GROUP, people, beside, told)
    elif own is Kind.GROUP and not (beside and not shape.is_message):
        if _least(people) is not HINT and people[0].role is not Role.ADDRESS:
            owner = place(PlaceKind.OWNER, people, beside, f"who made or owns each group: {named}")
            yield replace(owner, confidence=HINT)
    elif shape.is_message and (sender or beside or (others and not waiting)) and not recipient:
        joined = f", and {beside[0].column} says in which group" if beside else ""
        author = sender or people
        yield place(PlaceKind.SENDER, author, beside, f"who wrote each message: {author[0].column}{joined}")
    elif beside:
        told = f"people who share a group: {named} beside {beside[0].column}"
        yield place(PlaceKind.GROUP, people, beside, told)
    elif tie := _tie(shape, named, world):
        yield place(tie[0], people, (), f"{tie[1]}: {named}")
    elif others and not ((recipient or waiting) and shape.is_message):
        told = f"a person beside a message: {named} and {others[0].column}"
        yield place(PlaceKind.BESIDE_MESSAGE, people, others, told)
    elif shape.is_message and not waiting and not recipient and world.entities:
        told = f"a person in each message, perhaps its author: {named}"
        wrote = place(PlaceKind.SENDER, people, (), told)
        yield wrote if shape.commented or shape.words[-1] in PUBLISHED else replace(wrote, confidence=HINT)


def _named(shape: TableShape, people: Sequence[Guess]) -> list[Guess]:
    """Whom a row names most surely, beside its own key, and by no worker that has it locked."""
    sure = [each for each in people if each.confidence is not HINT] or people
    key = shape.primary if len(shape.primary) == 1 else ()
    others = [each for each in sure if each.column not in key] or sure
    return [each for each in others if each.word not in BOOKED or each.entity is not None]


def _faces(each: Guess) -> bool:
    """Whether a group says with whom it is, and not who made, owns or keeps it."""
    other = (
        each.entity is not None and each.role is Role.OTHER and each.word.split()[0] not in AT_WORK | BOOKED
    )
    return each.word in _FACING or other


def _tie(shape: TableShape, person: str, world: World) -> tuple[PlaceKind, str] | None:
    """What a row ties one person to, by the name of the table."""
    if reacts(shape) and world.has_messages:
        return PlaceKind.BESIDE_MESSAGE, "who did what to a message"
    if relates(shape) and any(each.name.endswith(("_type", "Type")) for each in shape.columns):
        return PlaceKind.PAIR, "whom or what each person is tied to, of any kind"
    if follows(shape, person):
        return PlaceKind.PAIR, "whom or what each person follows or blocks"
    if members(shape):
        return PlaceKind.GROUP, "people who share a group, by the table's name"
    return None


def _kept(own: Kind | None, people: Sequence[Guess]) -> bool:
    """Whether those are all who made or changed a group, whatever other it is in."""
    return own is Kind.GROUP and all("by" in words_of(each.column)[1:] for each in people)


def _own_id(shape: TableShape, own: Kind | None) -> set[str]:
    return set(shape.primary) if own is Kind.GROUP and len(shape.primary) == 1 else set()


def _place(
    kind: PlaceKind,
    shape: TableShape,
    people: Sequence[Guess],
    through: Sequence[Guess],
    sentence: str,
    confidence: Confidence,
    why: str,
) -> Place:
    names = tuple(each.column for each in people)
    joined = tuple(each.column for each in through)
    return Place(
        kind, shape.id, names, joined, sentence, confidence, why, query_of(shape.id, kind, names, joined)
    )


def _surest(guess: Guess) -> int:
    return _SURE.index(guess.confidence)


def _least(guesses: Sequence[Guess]) -> Confidence:
    return max((each.confidence for each in guesses), key=_SURE.index, default=CERTAIN)


__all__ = ["LIKELY", "places_of"]
