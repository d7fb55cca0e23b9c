"""One world: everything that happens in it as calls in the order of their time, and who talks to whom."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from nosender.linkability.simulation.conversations import Talk, make_talk
from nosender.linkability.simulation.people import Society, make_society
from nosender.linkability.simulation.receipts import Receipts, make_receipts
from nosender.linkability.simulation.rotations import Rotation, make_rotations

if TYPE_CHECKING:
    from nosender.linkability.arrays import Flags, Ints
    from nosender.linkability.simulation.conduct import Conduct

SEND, FETCH, READ, ROTATE, PUBLISH, CLAIM, COPY_HOUR, COPY = range(8)
"""Kinds of calls; calls.sql makes them."""

BEFORE_MIDNIGHT = 2 * 3600.0
"""The copy is taken so long before the last day ends: with the evening's rows in it, settled or not."""


class Call(NamedTuple):
    """One call of one application. Whoever reads all of them learns no more than the server does."""

    time: float
    """Seconds since the first midnight."""
    kind: int
    person: int = -1
    """Whose number a message or ephemeral key goes to, or whose session key it is."""
    device: int = -1
    """Which device fetches or reads."""
    token: str | None = None
    """A message id, key exchange id or session key id; 32 hexadecimal digits."""
    tokens: tuple[str, ...] | None = None
    """The messages that were read."""
    size: int = 0
    """Bytes of ciphertext."""
    hours: int = -1
    """Lifetime; -1: none."""
    replaced: str | None = None
    """The session key id before."""


@dataclass(frozen=True, slots=True)
class World:
    """The truth of one world, which never enters a database."""

    seed: int
    society: Society
    talk: Talk
    calls: list[Call]
    """In the order of their time."""
    tokens: tuple[str, ...]
    """[messages]: the message id of each message of the talk."""
    contacts: Flags
    """[people, people], symmetric: wrote to each other, or share a group that talked."""
    seconds: float
    """How long it lasted."""

    @property
    def people(self) -> int:
        """How many there are."""
        return len(self.society.phones)


def make_world(conduct: Conduct, people: int, rate: float, days: int, seed: int) -> World:
    """`rate` rows of messages a person and day; the same arguments give the same world."""
    random = np.random.default_rng([seed, people, days])
    seconds = days * 86_400.0 - BEFORE_MIDNIGHT
    society = make_society(random, conduct, people)
    talk = make_talk(random, conduct, society, rate * people * days * seconds / (days * 86_400.0), seconds)
    receipts = make_receipts(random, conduct, society, talk)
    tokens = _tokens(random, len(talk.time))
    calls = [
        *_sends(random, conduct, talk, tokens),
        *_device_calls(receipts, tokens),
        *_key_calls(random, make_rotations(random, conduct, talk)),
        *_copies(conduct, seconds),
    ]
    calls = sorted((call for call in calls if 0.0 <= call.time < seconds), key=lambda call: call.time)
    return World(seed, society, talk, calls, tokens, _contacts(society, talk), seconds)


def _tokens(random: np.random.Generator, count: int) -> tuple[str, ...]:
    """[count] ids of 32 hexadecimal digits; their order says nothing."""
    text = random.bytes(16 * count).hex()
    return tuple(text[at : at + 32] for at in range(0, len(text), 32))


def _sends(random: np.random.Generator, conduct: Conduct, talk: Talk, tokens: tuple[str, ...]) -> list[Call]:
    large = random.random(len(tokens)) < conduct.content.large_share
    size = np.where(large, conduct.content.large_bytes, conduct.content.bytes).tolist()
    rows = zip(
        talk.time.tolist(), talk.destination.tolist(), tokens, size, talk.lifetime.tolist(), strict=True
    )
    return [
        Call(time, SEND, person=to, token=token, size=bytes_, hours=hours)
        for time, to, token, bytes_, hours in rows
    ]


def _device_calls(receipts: Receipts, tokens: tuple[str, ...]) -> list[Call]:
    calls = [
        Call(time, FETCH, device=device)
        for time, device in zip(receipts.fetch_time.tolist(), receipts.fetch_device.tolist(), strict=True)
    ]
    together: dict[tuple[float, int], list[str]] = {}
    reads = zip(
        receipts.read_time.tolist(),
        receipts.read_device.tolist(),
        receipts.read_message.tolist(),
        strict=True,
    )
    for time, device, message in reads:
        together.setdefault((round(time, 1), device), []).append(tokens[message])
    calls += [
        Call(time, READ, device=device, tokens=tuple(read)) for (time, device), read in together.items()
    ]
    return calls


def _key_calls(random: np.random.Generator, rotations: list[Rotation]) -> list[Call]:
    """Each side names its own session keys: one id for both would be the relationship."""
    current: dict[tuple[int, int], str] = {}
    calls = []
    for rotation in rotations:
        exchange = random.bytes(16).hex()
        first, other = rotation.people
        calls.append(Call(rotation.time, PUBLISH, person=other, token=exchange))
        if rotation.claimed is None:
            continue
        calls.append(Call(rotation.claimed, CLAIM, person=other, token=exchange))
        for time, own, peer in zip(rotation.stored, (first, other), (other, first), strict=True):
            session = random.bytes(16).hex()
            calls.append(Call(time, ROTATE, person=own, token=session, replaced=current.get((own, peer))))
            current[own, peer] = session
    return calls


def _copies(conduct: Conduct, seconds: float) -> list[Call]:
    step = conduct.drive.copy_seconds
    hours = [Call(3600.0 * hour, COPY_HOUR) for hour in range(1, int(seconds // 3600) + 1)]
    return hours + [Call(float(at), COPY) for at in range(step, int(seconds) + 1, step)] if step else hours


def _contacts(society: Society, talk: Talk) -> Flags:
    people = len(society.phones)
    contacts = np.zeros((people, people), dtype=np.bool_)
    direct = talk.group < 0
    contacts[talk.sender[direct], talk.destination[direct]] = True
    talking: Ints = np.unique(talk.group[~direct])
    for group in talking.tolist():
        members = society.groups[group]
        contacts[np.ix_(members, members)] = True
    contacts |= contacts.T
    np.fill_diagonal(contacts, val=False)
    return contacts
