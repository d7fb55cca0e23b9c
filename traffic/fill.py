"""Fills a database with the synthetic traffic of a seed, by COPY, a bounded batch at a time."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from typing import TYPE_CHECKING, Literal

import psycopg
from psycopg import sql

from nosender.errors import NosenderError, UsageError
from nosender.traffic import keys, people
from nosender.traffic.keys import Seed
from nosender.traffic.messages import BATCH, Destination, Messages
from nosender.traffic.people import Clock, Person, Row

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from nosender.server.target import Target

Progress = Callable[[int], None]
"""Told after each batch how many people or messages it held."""

_PEOPLE_BATCH = 1000

_COLUMNS = {
    "users": ("id int4", "phone_number varchar", "created_at timestamp"),
    "webauthn_credentials": (
        *("id int4", "user_id int4", "credential_id bytea", "public_key bytea", "sign_count int8"),
        "created_at timestamp",
    ),
    "messaging_public_keys": (
        *("user_id int4", "x25519_public_key bytea", "ed25519_signature bytea", "ed25519_public_key bytea"),
        *("key_version int4", "created_at timestamp", "revoked_at timestamp", "is_active bool"),
    ),
    "device_session_keys": (
        *(
            "user_id int4",
            "webauthn_credential_id int4",
            "session_key_id text",
            "encrypted_session_key bytea",
        ),
        *("key_rotation_counter int8", "created_at timestamp", "expires_at timestamp", "is_active bool"),
    ),
    "ephemeral_keys": (
        *("destination_phone varchar", "ephemeral_public_key bytea", "key_exchange_id text"),
        *("created_at timestamp", "expires_at timestamp", "used bool"),
    ),
    "messages": (
        *("id int8", "destination_phone varchar", "encrypted_content bytea", "message_id text"),
        *("timestamp timestamp", "created_at timestamp", "expires_at timestamp", "message_type varchar"),
    ),
    "message_deliveries": (
        *("message_id int8", "webauthn_credential_id int4", "delivered_at timestamp", "read_at timestamp"),
        "delivery_status varchar",
    ),
}
"""The columns that are written and their types in binary COPY; every row in these modules has this order."""


@dataclass(frozen=True, slots=True)
class FillReceipt:
    """What a fill wrote."""

    seed: int
    """The seed of every row."""
    now: datetime
    """The clock of every row: with it and the seed, the same values come again, in other ids and order."""
    rows: dict[str, int]
    """How many rows by table, in the order written."""


def fill(
    target: Target,
    users: int,
    messages: int,
    seed: int,
    progress: Progress | None = None,
    *,
    now: datetime | None = None,
    through: Literal["copy", "flow"] = "copy",
) -> FillReceipt:
    """Write `users` people with devices and keys, and `messages` messages to them with their deliveries.

    `now` (an aware time; default: this moment) is rounded down to the hour; seed, counts and that hour
    determine every value but ids that an earlier row has taken. `through` says how: `copy` writes a history
    of 30 days in every state; `flow` calls the functions as an application does, at the database's own time,
    so `now` has no say. People and messages are written in
    transactions of their own, so that no transaction id joins them. A fill that is interrupted leaves
    whole batches behind. Raises NosenderError when the tables are missing or forbidden, or the seed was
    used in this database before.
    """
    if users < 1 or messages < 0:
        raise UsageError("traffic needs at least one user, and no negative number of messages")
    hour = (now or datetime.now(UTC)).astimezone(UTC).replace(minute=0, second=0, microsecond=0, tzinfo=None)
    with target.connect("nosender traffic", autocommit=True) as connection, in_one_sentence(target, seed):
        if through == "flow":
            return FillReceipt(
                seed, hour.replace(tzinfo=UTC), _flow(connection, target, users, messages, seed, progress)
            )
        writer = _Writer(connection, target.schema, Seed(seed), Clock(hour), progress)
        destinations = writer.people(users)
        writer.messages(destinations, messages)
        # So that the first plans after a bulk load are good ones.
        writer.analyze()
    return FillReceipt(seed, hour.replace(tzinfo=UTC), writer.rows)


def _flow(
    connection: psycopg.Connection,
    target: Target,
    users: int,
    messages: int,
    seed: int,
    progress: Progress | None,
) -> dict[str, int]:
    from nosender.traffic.flow import Flow, act_as_application

    act_as_application(connection)
    rows = dict.fromkeys(_COLUMNS, 0)
    Flow(connection, target.schema, Seed(seed), progress or (lambda _: None), rows).run(users, messages)
    return rows


class _Writer:
    """One fill in progress."""

    def __init__(
        self,
        connection: psycopg.Connection,
        schema: str,
        seed: Seed,
        clock: Clock,
        progress: Progress | None,
    ) -> None:
        self._connection = connection
        self._schema = schema
        self._seed = seed
        self._clock = clock
        self._progress = progress or (lambda _: None)
        self.rows = dict.fromkeys(_COLUMNS, 0)

    def people(self, count: int) -> list[Destination]:
        """Write everybody; what remains in memory of a person is what sending to them needs."""
        destinations: list[Destination] = []
        everybody = people.people(self._seed, count)
        while batch := list(islice(everybody, _PEOPLE_BATCH)):
            destinations += self._people(batch)
            self._progress(len(batch))
        return destinations

    def messages(self, destinations: Sequence[Destination], count: int) -> None:
        """Write all messages with their deliveries, one transaction a batch."""
        source = Messages(self._seed, self._clock, destinations, count)
        for first in range(0, count, BATCH):
            self._batch(source, first, min(BATCH, count - first))

    def _batch(self, source: Messages, first: int, count: int) -> None:
        messages, deliveries = source.batch(first, self._drawn(count))
        with self._connection.transaction():
            self._copy("messages", messages)
            self._copy("message_deliveries", deliveries)
        self._progress(count)

    def analyze(self) -> None:
        """Bring the planner's statistics up to date."""

        for table in _COLUMNS:
            self._connection.execute(sql.SQL("analyze {}").format(sql.Identifier(self._schema, table)))

    def _people(self, batch: list[Person]) -> Iterator[Destination]:
        seed, clock = self._seed, self._clock
        user_ids = self._reserve("users", len(batch))
        free = iter(self._reserve("webauthn_credentials", sum(person.devices for person in batch)))
        owned = [tuple(islice(free, person.devices)) for person in batch]
        with self._connection.transaction():
            self._copy(
                "users", ((id_, one.phone, clock.start) for one, id_ in zip(batch, user_ids, strict=True))
            )
            self._copy(
                "webauthn_credentials",
                (
                    (device_id, *row)
                    for one, id_, device_ids in zip(batch, user_ids, owned, strict=True)
                    for device_id, row in zip(
                        device_ids, people.devices_of(seed, one, id_, clock), strict=True
                    )
                ),
            )
        with self._connection.transaction():
            self._copy(
                "messaging_public_keys",
                (
                    row
                    for one, id_ in zip(batch, user_ids, strict=True)
                    for row in people.public_keys_of(seed, one, id_, clock)
                ),
            )
        with self._connection.transaction():
            self._copy(
                "device_session_keys",
                (
                    row
                    for one, id_, device_ids in zip(batch, user_ids, owned, strict=True)
                    for row in people.session_keys_of(seed, one, id_, device_ids, clock)
                ),
            )
        with self._connection.transaction():
            self._copy(
                "ephemeral_keys", (row for one in batch for row in people.ephemeral_keys_of(seed, one, clock))
            )
        for one, device_ids in zip(batch, owned, strict=True):
            session_keys = tuple(keys.session_key(seed, one.number, g) for g in range(one.generations))
            yield Destination(one.phone, device_ids, session_keys)

    def _drawn(self, count: int) -> list[int]:
        """Ids of messages, as their default draws them: at random, whatever the seed is.

        Before revision 0007 they are those of the sequence.
        """
        draws = f"{_quoted(self._schema, 'new_message_id')}()"
        if self._connection.execute("select pg_catalog.to_regprocedure(%s)", [draws]).fetchone() == (None,):
            return self._reserve("messages", count)
        ids: set[int] = set()
        while len(ids) < count:
            draw = sql.SQL("select {}() from pg_catalog.generate_series(1, {}::integer)").format(
                sql.Identifier(self._schema, "new_message_id"), sql.Literal(count - len(ids))
            )
            ids.update(id_ for (id_,) in self._connection.execute(draw))
        return list(ids)

    def _reserve(self, table: str, count: int) -> list[int]:
        """Ids from the table's own sequence, so that an application may write at the same time."""
        answer = self._connection.execute(
            "select pg_catalog.nextval(pg_catalog.pg_get_serial_sequence(%s, 'id'))"
            " from pg_catalog.generate_series(1, %s::integer)",
            [_quoted(self._schema, table), count],
        )
        return [id_ for (id_,) in answer]

    def _copy(self, table: str, rows: Iterable[Row]) -> None:

        columns, types = zip(*(column.split(" ") for column in _COLUMNS[table]), strict=True)
        statement = sql.SQL("copy {} ({}) from stdin (format binary)").format(
            sql.Identifier(self._schema, table), sql.SQL(", ").join(map(sql.Identifier, columns))
        )
        with self._connection.cursor() as cursor:
            with cursor.copy(statement) as copy:
                copy.set_types(types)
                for row in rows:
                    copy.write_row(row)
            self.rows[table] += cursor.rowcount


@contextmanager
def in_one_sentence(target: Target, seed: int) -> Iterator[None]:
    """Say what a user can cause in one sentence, without the database's own text, which may quote a row."""

    try:
        yield
    except (
        psycopg.errors.UndefinedTable,
        psycopg.errors.InvalidSchemaName,
        psycopg.errors.UndefinedColumn,
        psycopg.errors.UndefinedFunction,
    ):
        raise NosenderError(
            f"schema {target.schema} of {target.describe()} does not hold our tables: "
            "run `nosender db upgrade` first"
        ) from None
    except psycopg.errors.InsufficientPrivilege:
        raise NosenderError(
            f"this role may not write to schema {target.schema} of {target.describe()}: "
            "fill a database that you own"
        ) from None
    except psycopg.errors.UniqueViolation:
        raise NosenderError(
            f"rows of seed {seed} are in {target.describe()} already: choose another --seed"
        ) from None


def _quoted(*names: str) -> str:

    return sql.Identifier(*names).as_string()
