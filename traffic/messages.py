"""Messages and their deliveries, a batch at a time: no more than one batch is ever in memory.

A message costs one AES-GCM under the session key of its destination, and no key exchange: as in the
protocol, X25519 agrees on a session key once a rotation, and each message under it has a nonce of its own.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from struct import Struct
from typing import TYPE_CHECKING

from nosender.traffic import keys
from nosender.traffic.people import HISTORY, Clock, Row, sentences

if TYPE_CHECKING:
    from collections.abc import Sequence

    from nosender.traffic.keys import Seed

BATCH = 10_000
"""Messages in a transaction. One flush of a server that collects sends looks the same."""

_DICE = Struct("<12s16sIHBBH6s")
"""What is drawn for a message: nonce, message id, destination, sentence, type, expiry, lifetime, fates."""

_HOURS = HISTORY // timedelta(hours=1)
_LIFETIMES = (1, 2, 4, 8, 16, 24, 48, 96, 168, 336, 744)
"""In hours: those of the thirteen that a message is sent with, the longest longer than the history."""
_TEXTS = 512


@dataclass(frozen=True, slots=True)
class Destination:
    """What sending to somebody needs."""

    phone: str
    """The number that the message is addressed to."""
    device_ids: tuple[int, ...]
    """Every device of that number; each gets a delivery."""
    session_keys: tuple[bytes, ...]
    """Oldest first: before the rotation the first one is in use, after it the last one."""


class Texts:
    """What is said in the messages of a seed, padded: a few hundred texts, over and over."""

    def __init__(self, seed: Seed) -> None:
        self._padded = [keys.pad(text) for text in sentences(seed, _TEXTS)]

    def __getitem__(self, number: int) -> bytes:
        return self._padded[number % _TEXTS]


class Messages:
    """All messages of a seed, made batch by batch."""

    def __init__(self, seed: Seed, clock: Clock, destinations: Sequence[Destination], count: int) -> None:
        self._seed = seed
        self._count = count
        self._destinations = destinations
        self._texts = Texts(seed)
        self._hours = [clock.start + timedelta(hours=hour) for hour in range(_HOURS + 1)]
        self._rotation = self._hours.index(clock.rotation)
        left = range(_HOURS, 0, -1)
        self._ended = [[life for life in _LIFETIMES if life <= hours] for hours in left]
        self._lasting = [[life for life in _LIFETIMES if life > hours + 1] for hours in left]

    def batch(self, first: int, ids: Sequence[int]) -> tuple[list[Row], list[Row]]:
        """Rows of messages and of message_deliveries for the messages from `first` on, under these ids."""
        messages: list[Row] = []
        deliveries: list[Row] = []
        dice = self._seed.draw(_DICE.size * len(ids), "messages", first)
        for number, id_, (nonce, message_id, to, text, type_, expiry, lifetime, fates) in zip(
            range(first, first + len(ids)), ids, _DICE.iter_unpack(dice), strict=True
        ):
            destination = self._destinations[to % len(self._destinations)]
            hour = number * _HOURS // self._count
            key = destination.session_keys[-1 if hour >= self._rotation else 0]
            content = keys.encrypt(key, nonce, self._texts[text])
            time = self._hours[hour]
            expires = self._expiry(hour, expiry, lifetime)
            kind = "text" if type_ < 218 else "media" if type_ < 250 else "system"
            messages.append((id_, destination.phone, content, message_id.hex(), time, time, expires, kind))
            for device_id, fate in zip(destination.device_ids, fates, strict=False):
                deliveries.append((id_, device_id, *self._fate(hour, fate)))
        return messages, deliveries

    def _expiry(self, hour: int, expiry: int, lifetime: int) -> datetime | None:
        """Of ten messages six are kept, two have expired and two will, each after a usual lifetime."""
        if expiry < 154:
            return None
        fitting = (self._ended if expiry < 205 else self._lasting)[hour]
        return self._hours[hour] + timedelta(hours=fitting[lifetime % len(fitting)])

    def _fate(self, hour: int, fate: int) -> tuple[datetime | None, datetime | None, str]:
        """Of ten deliveries two are pending and seven have arrived, four of them read; the rest failed."""
        if fate < 51:
            return None, None, "pending"
        if fate >= 236:
            return None, None, "failed"
        delivered = self._hours[min(hour + fate % 3, _HOURS)]
        read = self._hours[min(hour + fate % 3 + 1, _HOURS)] if fate < 154 else None
        return delivered, read, "delivered"
