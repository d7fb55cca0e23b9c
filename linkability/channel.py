"""What a holder may look at, one value a channel, with what is declared about it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Population = Literal["talkers", "rotators", "never-back", "utterances"]
"""Whose success counts: everybody with a contact; those who stored a session key; those with a device that
never comes back; messages of groups."""


@dataclass(frozen=True, slots=True)
class Channel:
    """One thing in the copy that may tell who talks to whom."""

    slug: str
    title: str
    """What is looked at, for a person to read."""
    population: Population = "talkers"
    margin: float | None = 0.03
    """Declared of settled rows: success is at most popularity and this. None: nothing is declared."""
    margin_of_all: float = 0.05
    """The same of all rows, those of the interval under way among them."""
    reason: str = ""
    """Why more is declared than of other channels."""
    floor: float | None = None
    """What the attack must reach on 0.1.0 at 1,000 people and two days, or the measurement is blind."""
    control_hours: int = 1
    """The control exchanges the order of rows inside so many hours."""


_SINCE = "what came since the last settle keeps its order, three quarters of an hour of it in these copies"

CHANNELS: tuple[Channel, ...] = (
    Channel(
        "stored-time",
        "stored hours of messages",
        margin=0.04,
        reason="the hours of the six under way stand in the rows",
        control_hours=24,
    ),
    Channel("id", "order of message ids", floor=0.6),
    Channel(
        "xmin",
        "transactions of messages: their order, and rows that share one",
        margin_of_all=0.08,
        reason=_SINCE,
    ),
    Channel("ctid", "order of messages in the heap", margin_of_all=0.08, reason=_SINCE),
    Channel("block", "messages in the same heap page", floor=0.5, margin_of_all=0.08, reason=_SINCE),
    Channel("delivery-block", "deliveries in the same heap page", margin_of_all=0.08, reason=_SINCE),
    Channel("toast", "order of values stored out of line"),
    Channel(
        "acknowledgement",
        "transactions of acknowledgements against those of messages",
        margin_of_all=0.25,
        reason="whoever has just read something writes, and until a settle both calls stand in their order",
    ),
    Channel(
        "expiry",
        "expiry less usual lifetimes, and lifetimes that two share",
        margin=0.1,
        margin_of_all=0.12,
        reason="two who talk use one lifetime, and with it the hours of the six under way tell more",
        control_hours=24,
    ),
    Channel(
        "never-back",
        "messages that wait for a device that never comes back",
        "never-back",
        margin=0.05,
        margin_of_all=0.08,
        reason=_SINCE,
    ),
    Channel("rotation-order", "order of session keys", "rotators", floor=0.6),
    Channel("rotation-counter", "order or hour of session keys, and equal counters", "rotators", floor=0.6),
    Channel("rotation-chain", "session keys and the ones they replaced (xmin + 1)", "rotators"),
    Channel(
        "user-lock", "last locker of users (xmax)", "rotators", floor=0.3, margin_of_all=0.08, reason=_SINCE
    ),
    Channel("device-lock", "last locker of devices (xmax)", margin_of_all=0.08, reason=_SINCE),
    Channel("group-sender", "who of a group is missing among a message's rows", "utterances"),
    Channel("copy-hour", "a copy each hour", margin=None, control_hours=24),
    Channel("copy-minute", "a copy each minute", margin=None),
)
"""In the order of the output. Whoever copies often sees times that no layout can hide: no margin."""

_BY_SLUG = {channel.slug: channel for channel in CHANNELS}


def channel_of(slug: str) -> Channel:
    """The channel of this slug; one that nobody declared is held to the same margin as the others."""
    return _BY_SLUG.get(slug) or Channel(slug, slug.replace("-", " "))
