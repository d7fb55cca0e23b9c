"""What the columns of one row say of each other: weak words grow sure, or turn out to be no people."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from nosender.privacy_audit.explore.guessing.world import HINT, LIKELY
from nosender.privacy_audit.explore.model import Kind, Role
from nosender.privacy_audit.explore.names.vocabulary import (
    BELONGING,
    CALLING,
    DIRECTION,
    KNOWN,
    SELF,
)
from nosender.privacy_audit.explore.tables import base, family, is_list

if TYPE_CHECKING:
    from collections.abc import Sequence

    from nosender.privacy_audit.explore.guessing.world import World
    from nosender.privacy_audit.explore.model import Guess
    from nosender.privacy_audit.explore.tables import TableShape

_BOTH = {Role.SENDER, Role.RECIPIENT}
_MAKERS = frozenset(("creator", "uploader", "submitter"))
"""Who made a row, whatever it points at."""
_FACING = frozenset(("recipient", "receiver", "rcpt"))


@dataclass(frozen=True)
class _Row:
    """What stands in one row."""

    shape: TableShape
    world: World
    found: Sequence[Guess]
    sure: frozenset[str]
    """The words of people that are more than hints."""
    types: frozenset[str]
    """Their types."""
    opposite: bool
    grouped: bool


def settled(found: Sequence[Guess], shape: TableShape, world: World) -> tuple[Guess, ...]:
    """Weak words that stand opposite each other, or beside a table of people, are more than hints."""
    people = [each for each in found if each.kind is Kind.PERSON]
    sure = [each for each in people if each.confidence is not HINT]
    columns = {each.name: each for each in shape.columns}
    both = {each.role for each in people} >= _BOTH
    row = _Row(
        shape,
        world,
        found,
        frozenset(each.word for each in sure),
        frozenset(family(columns[each.column]) for each in sure),
        both or _theirs(people),
        any(each.kind is Kind.GROUP for each in found),
    )
    weighed = [
        _weighed(each, row) if each.kind is Kind.PERSON and each.confidence is HINT else each
        for each in found
    ]
    return tuple(_queues([each for each in weighed if each is not None], shape, world))


def _faced(each: Guess, found: Sequence[Guess]) -> bool:
    """Whether a direction has its opposite: a target any sender, a source no assignee."""
    if each.role is Role.RECIPIENT:
        return any(one.role is Role.SENDER and one.word not in _MAKERS for one in found)
    facing = DIRECTION if each.word == "source" else DIRECTION | _FACING
    return any(one.role is Role.RECIPIENT and one.word in facing for one in found)


def _theirs(people: Sequence[Guess]) -> bool:
    """Whether one is ours, or the account's, and another theirs."""
    words = {each.word for each in people}
    return "their" in words and any(each.role is Role.SELF for each in people)


def _weighed(each: Guess, row: _Row) -> Guess | None:
    """A hint, surer where the row bears it out; None where it is no person."""
    shape, people = row.shape, bool(row.world.people)
    column = next(one for one in shape.columns if one.name == each.column)
    typed = row.world.like_a_person(column) or family(column) in row.types
    said = shape.is_message or shape.is_call or shape.is_receipt
    directed = each.word in DIRECTION and not (_faced(each, row.found) or shape.is_receipt)
    if (directed and not said) or (is_list(column) and each.word in DIRECTION):
        return None
    if is_list(column):
        shared = row.world.entities.get(shape.id) in (Kind.GROUP, Kind.MESSAGE) or len(row.found) > 1
        if each.word in ("participant", "member", "recipient") and shared:
            return replace(each, confidence=LIKELY, why=f"{each.why}, in one value")
        return each
    if each.column.lower() in ("from", "to") and not said:
        return each  # also currencies, and times of a day
    borne_out = (
        (row.opposite and (said or people or each.word in ("our", "their")))
        or (row.sure and each.word not in {*row.sure, "address"} and base(column) != "smallint")
        or (shape.is_message and (people or row.sure))
        or (shape.is_call and each.word in CALLING)
        or (set(shape.words[-1:]) & BELONGING and each.role is Role.SELF)
        or (row.world.entities.get(shape.id) is Kind.GROUP and each.word == "participant")
        or (
            each.word == "address"
            and (any(one.kind is Kind.DEVICE for one in row.found) or "sender" in row.sure)
        )
        or (people and ((row.grouped and each.word != "address") or each.word in SELF | {"owner", "creator"}))
    )
    named = [one for one in row.found if one.kind is Kind.PERSON and one.word != one.column]
    by_form = {one.word for one in named if one.word not in KNOWN}
    borne_out = borne_out or (each.word in by_form and len(by_form) > 1)  # seller_id, buyer_id
    borne_out = borne_out or any(
        one.kind is Kind.GROUP and one.entity is not None and shape.together(each.column, one.column)
        for one in row.found
    )
    if typed and borne_out and not directed:
        return replace(each, confidence=LIKELY, why=f"{each.why}, beside what else the row names")
    return each


def _queues(found: list[Guess], shape: TableShape, world: World) -> list[Guess]:
    """Each stands in one row alone: ends of a queue, not people who come back."""
    alone = [each for each in found if each.kind is Kind.PERSON and shape.alone(each.column)]
    ends = {each.role for each in alone if each.entity is None}
    if not ends >= _BOTH or (shape.is_message and world.entities.get(shape.id) is not Kind.QUEUE):
        return found
    why = "unique in its table: it names this row and nobody elsewhere"
    return [replace(each, kind=Kind.QUEUE, role=None, why=why) if each in alone else each for each in found]
