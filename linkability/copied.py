"""What a holder of one copy has: the tables as arrays. No score sees anything else."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable

    from nosender.linkability.arrays import Flags, Floats, Ints

NONE = -1
"""Where the table has NULL, or the row no value of this kind."""

SETTLED = 20
"""No call of an application writes so many rows: whoever shares a transaction with as many was settled."""

_ORDER = ("id", "xmin", "block", "offset", "toast")


@dataclass(frozen=True, slots=True)
class Rows:
    """The rows of one table, in an order that says nothing. Every array is [rows]; hours count from 0."""

    id: Ints
    """The key, as stored."""
    xmin: Ints
    """The transaction that wrote the row as it is now."""
    block: Ints
    """The page of the heap that the row is in: the first half of ctid."""
    offset: Ints
    """The place in that page: the second half of ctid."""
    person: Ints
    """Whose row it is, from 0: destination, owner of the device, owner of the key."""
    hour: Ints
    """The stored hour of the row as it is now: created_at; of deliveries read_at, else delivered_at."""
    toast: Ints
    """The number of the value that is stored out of line; NONE: stored in the row."""
    expires: Ints
    """Hour of expires_at; NONE: never."""
    parent: Ints
    """Deliveries: id of the message. Session keys: the same number for the rows of one session key id."""
    counter: Ints
    """Session keys: key_rotation_counter. Deliveries: 1 where read_at is set."""
    active: Ints
    """Session keys: 1 where is_active. Deliveries: 0 where pending."""
    xmax: Ints
    """The last transaction that locked or replaced the row; 0: none."""
    settled: Ints
    """1 where the ledger says that a settle wrote the row, 0 where not; NONE: the ledger says nothing. People
    and devices: 0 where somebody has locked the row since the last settle, else 1."""

    def __len__(self) -> int:
        return len(self.id)

    @property
    def place(self) -> Ints:
        """[rows]: ctid as one number."""
        return self.block * 2048 + self.offset

    @property
    def is_settled(self) -> Flags:
        """[rows]: whether a settle wrote the row: by the ledger, or else whether it shares its transaction.

        With `SETTLED` or more, itself among them.
        """
        if (self.settled != NONE).any():
            return np.asarray(self.settled == 1)
        _, number, size = np.unique(self.xmin, return_inverse=True, return_counts=True)
        flags: Flags = size[number] >= SETTLED
        return flags

    @property
    def fresh(self) -> Rows:
        """The rows that are not settled: they stand as the applications' calls have left them."""
        return self.take(~self.is_settled)

    def take(self, which: Flags | Ints) -> Rows:
        """The rows of these numbers or this mask."""
        return Rows(**{field.name: getattr(self, field.name)[which] for field in dataclasses.fields(self)})


@dataclass(frozen=True, slots=True)
class Copy:
    """One copy of the tables, and what a holder who copies often saw first when."""

    people: int
    """How many users there are; a person is a number below it."""
    end: int
    """The hour in which the copy was taken."""
    messages: Rows
    deliveries: Rows
    session_keys: Rows
    users: Rows
    devices: Rows
    seen_minute: Seen
    """A copy a minute."""
    seen_hour: Seen
    """A copy an hour."""


def part(copy: Copy, *, settled: bool) -> Copy:
    """The copy with its settled rows alone, or with the others alone; of locks those that belong to them."""

    def rows_of(table: Rows) -> Rows:
        return table.take(table.is_settled == settled)

    def locks_of(table: Rows) -> Rows:
        others = (table.settled == 0) if settled else (table.settled == 1)
        return dataclasses.replace(table, xmax=np.where(others, 0, table.xmax))

    return dataclasses.replace(
        copy,
        messages=rows_of(copy.messages),
        deliveries=rows_of(copy.deliveries),
        session_keys=rows_of(copy.session_keys),
        users=locks_of(copy.users),
        devices=locks_of(copy.devices),
    )


def old_locks(copy: Copy) -> int:
    """People and devices whose row names somebody who locked it before the last settle."""
    return sum(
        int(((table.settled == 1) & (table.xmax > 0) & (table.xmax != table.xmin)).sum())
        for table in (copy.users, copy.devices)
    )


@dataclass(frozen=True, slots=True)
class Seen:
    """Messages that were in at least one of many copies."""

    person: Ints
    """[messages]: the destination."""
    moment: Ints
    """[messages]: seconds, of the first copy with the message in it."""


def rows(count: int, **columns: Ints) -> Rows:
    """Rows with these columns; the others hold NONE."""
    empty = np.full(count, NONE, dtype=np.int64)
    return Rows(**{field.name: columns.get(field.name, empty) for field in dataclasses.fields(Rows)})


def shuffled(copy: Copy, random: np.random.Generator, hours: int = 1) -> Copy:
    """The control: inside each `hours` hours, whatever tells the order of rows goes to a row drawn at random.

    With `hours` above 1 the stored hours are dealt out anew as well.
    """
    return dataclasses.replace(
        copy,
        messages=_shuffled_rows(copy.messages, random, hours),
        deliveries=_shuffled_rows(copy.deliveries, random, hours),
        session_keys=_shuffled_rows(copy.session_keys, random, hours, together=copy.session_keys.parent),
        users=_locks(copy.users, random),
        devices=_locks(copy.devices, random),
        seen_minute=_shuffled_seen(copy.seen_minute, random, hours),
        seen_hour=_shuffled_seen(copy.seen_hour, random, max(hours, 24)),
    )


def _shuffled_rows(
    table: Rows, random: np.random.Generator, hours: int, together: Ints | None = None
) -> Rows:
    """Exchange the order of rows of the same hours; `together`: rows that stay with each other, by number."""
    if together is None:
        source = _exchange(table.hour // hours, random)
    else:
        source = _exchange_sessions(table, together, random, hours)
    names = _ORDER if hours == 1 else (*_ORDER, "hour", "expires")
    return dataclasses.replace(table, **{name: getattr(table, name)[source] for name in names})


def _exchange(period: Ints, random: np.random.Generator) -> Ints:
    """[rows]: for each row another one of its period, each used once."""
    source = np.empty(len(period), dtype=np.int64)
    source[np.lexsort([random.random(len(period)), period])] = np.argsort(period, kind="stable")
    return source


def _exchange_sessions(table: Rows, session: Ints, random: np.random.Generator, hours: int) -> Ints:
    """Like `_exchange`, of whole session keys: all rows of one get the order of one row of another."""
    _, first, number = np.unique(session, return_index=True, return_inverse=True)
    return first[_exchange(table.hour[first] // hours, random)[number]]


def _locks(table: Rows, random: np.random.Generator) -> Rows:
    return dataclasses.replace(table, xmax=random.permutation(table.xmax))


def _shuffled_seen(seen: Seen, random: np.random.Generator, hours: int) -> Seen:
    source = _exchange(seen.moment // (3600 * hours), random)
    return dataclasses.replace(seen, moment=seen.moment[source])


def hourly_time(order: Iterable[float] | Ints, hour: Ints) -> Floats:
    """[rows]: seconds, read off the order of the rows: inside each hour they are spread out evenly.

    Rows of equal order stand at one moment. This is what a holder does who has hours and an order.
    """
    order = np.asarray(order)
    _, rank = np.unique(order, return_inverse=True)
    sequence = np.lexsort([rank, hour])
    hours, start, count = np.unique(hour[sequence], return_index=True, return_counts=True)
    position = np.arange(len(order)) - np.repeat(start, count)
    spread = (position + 0.5) / np.repeat(count, count)
    time = np.empty(len(order))
    time[sequence] = (np.repeat(hours, count) + spread) * 3600.0
    return _level(time, rank)


def _level(time: Floats, rank: Ints) -> Floats:
    """Rows of one rank get the mean of their moments."""
    count = np.bincount(rank)
    mean: Floats = (np.bincount(rank, weights=time) / count)[rank]
    return mean
