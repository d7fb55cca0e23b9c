"""What a table is by its name: ties between people, reactions to messages, memberships."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nosender.privacy_audit.explore.names.vocabulary import (
    ABOUT,
    BELONGING,
    GROUP,
    MESSAGE,
    REACTING,
    RELATING,
    SELF,
    VAGUE_GROUP,
)
from nosender.privacy_audit.explore.names.words import words_of

if TYPE_CHECKING:
    from nosender.privacy_audit.explore.tables import TableShape

_COUNTED = frozenset(("statistic", "stat", "metric", "count"))
_BOOKS = (("collected", "address"), ("address", "book"), ("phone", "book"))
_BELONGING = frozenset(("membership", "registered", "affiliation", "occupant"))
_GRANTED = frozenset(("role", "permission", "privilege", "setting", "tag", "badge", "category"))
"""What many people have and do not share with each other."""
_DOMAINS = frozenset(("server", "domain", "host", "lserver", "instance"))


def relates(shape: TableShape) -> bool:
    """Whether a row is by the table's name one of somebody's contacts, blocks or friends."""
    last = shape.words[-2:-1] if shape.words[-1:] == ("list",) else shape.words[-1:]
    return bool(set(last) & RELATING) or shape.words[-2:] in _BOOKS


def reacts(shape: TableShape) -> bool:
    """Whether the table is by its name what people do to messages: likes, votes, bookmarks."""
    about = bool(set(shape.words[:-1]) & MESSAGE) and shape.words[-1] in ABOUT
    return shape.words[-1] in REACTING or about


def members(shape: TableShape) -> bool:
    """Whether the table is by its name who belongs to which group."""
    named = bool(set(shape.words[:-1]) & (GROUP - VAGUE_GROUP))
    joins = shape.words[-1] in SELF and not set(shape.words) & _GRANTED
    joins = joins and any(words_of(each.name)[:-1] == shape.words[:-1] != () for each in shape.columns)
    return joins or shape.words[-1] in BELONGING | _BELONGING or (named and shape.words[-1] in SELF | ABOUT)


def follows(shape: TableShape, person: str) -> bool:
    """Whether a row ties a person to one of many things: `magazine_block (user_id, magazine_id)`."""
    return relates(shape) and any(
        person in some
        and some - {person}
        and not _DOMAINS & {word for each in some for word in words_of(each)}
        for some in shape.unique
    )


def counts_people(shape: TableShape) -> bool:
    """Whether `users` in its rows are how many."""
    return bool(set(shape.words) & _COUNTED)
