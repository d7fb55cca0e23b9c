"""Users with their devices and keys: who can be written to, in every state that a real database holds."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from nosender.traffic import keys

if TYPE_CHECKING:
    from collections.abc import Iterator

    from nosender.traffic.keys import Seed

Row = tuple[object, ...]

HISTORY = timedelta(days=30)
"""How far back the rows reach from the clock."""


@dataclass(frozen=True, slots=True)
class Clock:
    """The times of a fill, all of them whole hours in UTC without a zone, as the columns hold them."""

    now: datetime
    """The moment that the rows are made for: what expires before it is overdue."""

    @property
    def start(self) -> datetime:
        """When the oldest row was made."""
        return self.now - HISTORY

    @property
    def rotation(self) -> datetime:
        """When those who rotate their keys did so: as their first ones ended, after fourteen days."""
        return self.start + timedelta(days=14)


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who receives messages. Nobody here ever sends one: a message has a destination alone."""

    number: int
    """Counts from 0 within the seed."""
    phone: str
    """E.164, under country code 999, which is assigned to nobody."""
    devices: int
    """1 to 3, all of them active."""
    rotated: bool
    """Whether the keys of the first half of the history were replaced."""

    @property
    def generations(self) -> int:
        """How many messaging keys and session keys there have been."""
        return 2 if self.rotated else 1


def people(seed: Seed, count: int) -> Iterator[Person]:
    """The people of a seed; the first ones are the same whatever the count."""
    from faker import Faker

    fake = Faker("en_US")
    fake.seed_instance(f"nosender traffic/{seed.number}")
    taken: set[str] = set()
    for number in range(count):
        phone = fake.numerify("+999############")
        while phone in taken:
            phone = fake.numerify("+999############")
        taken.add(phone)
        dice = seed.draw(2, "person", number)
        yield Person(number, phone, devices=1 + dice[0] % 3, rotated=dice[1] % 3 > 0)


def sentences(seed: Seed, count: int) -> list[str]:
    """What is said in the messages, before it is encrypted."""
    from faker import Faker

    fake = Faker("en_US")
    fake.seed_instance(f"nosender traffic/{seed.number}/sentences")
    return [fake.paragraph(nb_sentences=1 + number % 5) for number in range(count)]


def devices_of(seed: Seed, person: Person, user_id: int, clock: Clock) -> Iterator[Row]:
    """Rows of webauthn_credentials: user_id, credential_id, public_key, sign_count, created_at."""
    for device in range(person.devices):
        credential_id, public_key = keys.credential(seed, person.number, device)
        yield user_id, credential_id, public_key, person.number % 50, clock.start


def public_keys_of(seed: Seed, person: Person, user_id: int, clock: Clock) -> Iterator[Row]:
    """Rows of messaging_public_keys: of several the last is active, the others are revoked."""
    signed = keys.signed_public_keys(seed, person.number, person.generations)
    for version, (key, signature, identity) in enumerate(signed, start=1):
        created = clock.start if version == 1 else clock.rotation
        revoked = clock.rotation if version < person.generations else None
        yield user_id, key, signature, identity, version, created, revoked, revoked is None


def session_keys_of(
    seed: Seed, person: Person, user_id: int, device_ids: tuple[int, ...], clock: Clock
) -> Iterator[Row]:
    """Rows of device_session_keys, one a device and generation; an unrotated one is overdue for the sweep."""
    for generation in range(person.generations):
        key = keys.session_key(seed, person.number, generation)
        key_id = seed.draw(16, "session key id", person.number, generation).hex()
        created, expires = (
            (clock.start, clock.rotation)
            if generation == 0
            else (clock.rotation, clock.rotation + timedelta(days=31))
        )
        active = generation == person.generations - 1
        for device, device_id in enumerate(device_ids):
            sealed = keys.seal_for_device(seed, key, person.number, device, generation)
            yield user_id, device_id, key_id, sealed, generation, created, expires, active


def ephemeral_keys_of(seed: Seed, person: Person, clock: Clock) -> Iterator[Row]:
    """Rows of ephemeral_keys: one that waits to be claimed, and one that is used or has expired unused."""
    for kind, used, expires in (
        ("waiting", False, clock.now + timedelta(minutes=75 + 15 * (person.number % 4))),
        ("over", person.number % 2 == 0, clock.now - timedelta(minutes=15 * (1 + person.number % 4))),
    ):
        key = seed.x25519("ephemeral", person.number, kind).public_key().public_bytes_raw()
        exchange_id = seed.draw(16, "key exchange id", person.number, kind).hex()
        created = (expires - timedelta(minutes=75)).replace(minute=0)
        yield person.phone, key, exchange_id, created, expires, used
