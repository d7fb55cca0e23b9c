"""What an exploration is made of: guesses, the places where people meet, what was not seen."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from nosender.privacy_audit.finding import Confidence

Table = tuple[str, str]
"""Schema and name."""


class Kind(StrEnum):
    """What a value of a column singles out."""

    PERSON = "person"
    GROUP = "group"
    """What people share: a room, a channel, a conversation."""
    MESSAGE = "message"
    DEVICE = "device"
    QUEUE = "queue"
    """An address that stands for no person in more than one row."""


class Role(StrEnum):
    """As whom a column names a person."""

    SELF = "self"
    """Whom the row is about: user_id, username."""
    ADDRESS = "address"
    """By what a person is reached: phone, mail, JID. Beside SELF it may be the same person's."""
    SENDER = "sender"
    RECIPIENT = "recipient"
    OTHER = "other"
    """Somebody else by the word: other, peer, inviter, blocked."""


@dataclass(frozen=True, slots=True)
class Guess:
    """What one column is taken for, how surely, and why."""

    column: str
    kind: Kind
    role: Role | None
    word: str
    """The word of the name that says so; equal words in one row name one person."""
    confidence: Confidence
    why: str
    entity: Table | None = None
    """The table whose rows it points to."""


class PlaceKind(StrEnum):
    """How a place tells who could be linked to whom, worst first."""

    SENDER_AND_RECIPIENT = "sender-and-recipient"
    PAIR = "pair"
    SENDER = "sender"
    GROUP = "group"
    BESIDE_MESSAGE = "beside-message"
    IN_TEXT = "in-text"
    LIST = "list"
    OWNER = "owner"


@dataclass(frozen=True, slots=True)
class Place:
    """One place from which a holder of the database could link people."""

    kind: PlaceKind
    table: Table
    people: tuple[str, ...]
    """The columns that name people, or the text that does."""
    through: tuple[str, ...]
    """What joins them: the columns of the group or message."""
    sentence: str
    confidence: Confidence
    why: str
    query: str
    """Counts only, for the reader's own psql."""


@dataclass(frozen=True, slots=True)
class Trait:
    """Something about one column that helps whoever links people: a fine time, readable text, an address."""

    table: Table
    column: str
    what: str
    """`time`, `text`, `ciphertext`, `device`, `address` or `search`."""
    told: str
    """In words: `to the millisecond`."""
    measured: bool
    """From the values; otherwise from type and name."""
    beside_person: bool


@dataclass(frozen=True, slots=True)
class Bound:
    """What the look may cost, and what it did."""

    rows: int
    """Rows read of one table, at most."""
    tables: int
    """Tables of which rows are read, at most."""
    timeout: int
    """Milliseconds a statement may take."""
    seconds: int
    """After which no further table is read."""
    statements: int = 0
    sampled: int = 0


@dataclass(frozen=True, slots=True)
class Exploration:
    """The answer for one database."""

    database: str
    server: str
    role: str
    tool: str
    tables: int
    columns: int
    places: tuple[Place, ...]
    traits: tuple[Trait, ...]
    guesses: tuple[tuple[Table, tuple[Guess, ...]], ...]
    entities: tuple[tuple[Table, Kind], ...]
    """What the rows of tables are."""
    people: tuple[tuple[Table, str], ...]
    """The tables whose rows are people, and why."""
    notes: tuple[str, ...]
    """What the database is besides: identifiers of queues, no people at all."""
    unseen: tuple[str, ...]
    """What was not looked at, and why."""
    bound: Bound

    @property
    def found(self) -> tuple[Place, ...]:
        """The places that decide: certain and likely ones."""
        return tuple(each for each in self.places if each.confidence.value != "hint")

    @property
    def exit_code(self) -> int:
        """1 found, 3 something was not seen, 0 nothing."""
        return 1 if self.found else 3 if self.unseen else 0
