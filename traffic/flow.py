"""The same people and messages as an application makes them: through the functions, one call a transaction.

COPY writes a history, in every state that a database can hold. This writes the present, and nothing but
what the functions allow, under the role that may call them where the user is a member of it. The times are
those of the database's clock; every key, number and ciphertext is the seed's.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import psycopg
from psycopg import sql

from nosender.traffic import keys, people
from nosender.traffic.messages import Texts

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from nosender.traffic.keys import Seed
    from nosender.traffic.people import Person

_TOGETHER = 500
"""Messages in one call. A server that can wait collects sends and stores them in random order."""

_PAGE = 100

# Every argument in its very type: an overload that fits better would be somebody else's.
_ARGUMENTS = {
    "register_user": "%s::text, false",
    "register_device": "%s::integer, %s::bytea, %s::bytea, 0::bigint",
    "publish_public_key": "%s::integer, %s::bytea, %s::bytea, %s::bytea",
    "publish_ephemeral_key": "%s::text, %s::bytea, %s::text, interval '5 minutes'",
    "claim_ephemeral_key": "%s::text, %s::text",
    "rotate_session_key": "%s::integer, %s::text, %s::text, %s::integer[], %s::bytea[], null::interval",
    "send_messages": "%s::text[], %s::bytea[], %s::text[], %s::text[], %s::interval[]",
    "fetch_messages": "%s::integer, %s::integer",
    "acknowledge": "%s::integer, %s::bigint[], %s::text",
}


class Flow:
    """One run through the flows of the document, on an autocommit connection."""

    def __init__(
        self,
        connection: psycopg.Connection,
        schema: str,
        seed: Seed,
        progress: Callable[[int], None],
        rows: dict[str, int],
    ) -> None:
        self._connection = connection
        self._schema = schema
        self._seed = seed
        self._progress = progress
        self._rows = rows

    def run(self, users: int, messages: int) -> None:
        """Register everybody, send to them, and let their devices fetch and acknowledge."""
        inboxes = [self._join(person) for person in people.people(self._seed, users)]
        self._send(inboxes, messages)
        for inbox in inboxes:
            self._receive(inbox)

    def _join(self, person: Person) -> _Inbox:
        """A user with devices, a published key, an agreed session key, and a key that waits for a peer."""
        seed, number = self._seed, person.number
        user_id = self._call("register_user", person.phone)
        devices = []
        for device in range(person.devices):
            credential_id, public_key = keys.credential(seed, number, device)
            devices.append(self._call("register_device", user_id, credential_id, public_key))
        replaced = None
        for generation, signed in enumerate(keys.signed_public_keys(seed, number, person.generations)):
            self._call("publish_public_key", user_id, *signed)
            exchange = seed.draw(16, "key exchange id", number, generation).hex()
            ephemeral = seed.x25519("exchange", number, generation).public_key().public_bytes_raw()
            self._call("publish_ephemeral_key", person.phone, ephemeral, exchange)
            if generation == 0 or number % 2:  # some exchanges are still open
                self._call("claim_ephemeral_key", person.phone, exchange)
            else:
                self._rows["ephemeral_keys"] += 1
            session = seed.draw(16, "session key id", number, generation).hex()
            key = keys.session_key(seed, number, generation)
            sealed = [
                keys.seal_for_device(seed, key, number, device, generation)
                for device in range(person.devices)
            ]
            self._call("rotate_session_key", user_id, replaced, session, devices, sealed)
            replaced = session
        self._rows["users"] += 1
        self._rows["webauthn_credentials"] += len(devices)
        self._rows["messaging_public_keys"] += person.generations
        self._rows["device_session_keys"] += person.generations * len(devices)
        self._progress(1)
        return _Inbox(person, tuple(devices), keys.session_key(seed, number, person.generations - 1))

    def _send(self, inboxes: Sequence[_Inbox], count: int) -> None:
        texts = Texts(self._seed)
        for first in range(0, count, _TOGETHER):
            numbers = range(first, min(first + _TOGETHER, count))
            dice = self._seed.draw(8 * len(numbers), "flow", first)
            batch = []
            for number, offset in zip(numbers, range(0, len(dice), 8), strict=True):
                inbox = inboxes[int.from_bytes(dice[offset : offset + 4]) % len(inboxes)]
                nonce = self._seed.draw(12, "flow nonce", number)
                content = keys.encrypt(inbox.session_key, nonce, texts[number])
                message_id = self._seed.draw(16, "flow message id", number).hex()
                lifetime = f"{1 + dice[offset + 4]} hours" if dice[offset + 5] < 102 else None
                batch.append((dice[offset + 6 : offset + 8], inbox, content, message_id, lifetime))
            batch.sort(key=lambda one: (one[0], one[3]))  # the order of the dice, not that of sending
            self._call(
                "send_messages",
                [inbox.person.phone for _, inbox, *_ in batch],
                [content for _, _, content, _, _ in batch],
                [message_id for _, _, _, message_id, _ in batch],
                None,
                [lifetime for *_, lifetime in batch],
            )
            self._rows["messages"] += len(batch)
            self._rows["message_deliveries"] += sum(len(inbox.devices) for _, inbox, *_ in batch)
            self._progress(len(batch))

    def _receive(self, inbox: _Inbox) -> None:
        """Every device fetches its first page; most of what it got it acknowledges, and some it reads."""
        for device in inbox.devices:
            fetched = [id_ for id_, *_ in self._ask("fetch_messages", device, _PAGE)]
            arrived = [id_ for id_ in fetched if id_ % 5]
            for outcome, some in (
                ("delivered", arrived),
                ("read", arrived[::2]),
                ("failed", [id_ for id_ in fetched if id_ % 25 == 0]),
            ):
                if some:
                    self._call("acknowledge", device, some, outcome)

    def _call(self, function: str, *arguments: object) -> object:
        row = self._ask(function, *arguments).fetchone()
        return row[0] if row else None

    def _ask(self, function: str, *arguments: object) -> psycopg.Cursor:

        statement = sql.SQL("select * from {}({})").format(
            sql.Identifier(self._schema, function),
            sql.SQL(_ARGUMENTS[function]),  # ours
        )
        return self._connection.execute(statement, arguments)


class _Inbox:
    """Where messages for one person go."""

    def __init__(self, person: Person, devices: tuple[object, ...], session_key: bytes) -> None:
        self.person = person
        self.devices = devices
        self.session_key = session_key


def act_as_application(connection: psycopg.Connection) -> None:
    """Take the role that may call the functions and touch no table, where this user may take it."""
    row = connection.execute(
        "select pg_catalog.pg_has_role(oid, 'member') from pg_catalog.pg_roles where rolname = 'nosender_app'"
    ).fetchone()
    if row and row[0]:
        connection.execute("set role nosender_app")
