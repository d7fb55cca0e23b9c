"""Copies the tables of a scratch database out as arrays, as a holder of a copy has them."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import numpy as np

from nosender.linkability.copied import Copy, Rows, Seen, rows
from nosender.linkability.driver.drive import MIDNIGHT
from nosender.linkability.simulation.world import COPY, COPY_HOUR
from nosender.server.target import Target

if TYPE_CHECKING:
    import psycopg

    from nosender.linkability.arrays import Ints
    from nosender.linkability.simulation.world import World

_PLACE = (
    "{0}.id, {0}.xmin::text::bigint, ({0}.ctid::text::point)[0]::bigint, ({0}.ctid::text::point)[1]::bigint"
)
_HOUR = "coalesce(extract(epoch from {0})::bigint / 3600 - {1}, -1)"

_CHUNK_BY_FUNCTION = "coalesce(pg_column_toast_chunk_id(m.encrypted_content)::bigint, -1)"
_CHUNK_BY_CONTENT = "coalesce(chunk.chunk_id::bigint, -1)"


def take(conninfo: str, world: World) -> Copy:
    """Every table that a score may look at."""
    # Rows come in the order of the heap; a score of another column must not profit from that among equals.
    random = np.random.default_rng([world.seed, 3])
    with Target(conninfo).connect("nosender audit attack", autocommit=True) as connection:
        first = int(MIDNIGHT.timestamp()) // 3600
        persons = _Persons(world.society.phones)
        wrote = _settles(connection)
        return Copy(
            people=world.people,
            end=int(world.seconds // 3600),
            messages=_dealt(_marked(_messages(connection, first, persons), wrote, "messages"), random),
            deliveries=_dealt(
                _marked(_deliveries(connection, first, persons), wrote, "message_deliveries"), random
            ),
            session_keys=_dealt(
                _marked(_session_keys(connection, first, persons), wrote, "device_session_keys"), random
            ),
            users=_dealt(_locked(_users(connection, persons), wrote, "users"), random),
            devices=_dealt(_locked(_devices(connection, persons), wrote, "webauthn_credentials"), random),
            seen_minute=_seen(connection, COPY, persons, random),
            seen_hour=_seen(connection, COPY_HOUR, persons, random),
        )


def _settles(connection: psycopg.Connection[Any]) -> dict[str, Ints] | None:
    """By table, the transactions that settled it: the ledger's receipts were written by them."""
    if connection.execute("select from pg_attribute where attname = 'settled_until'").fetchone() is None:
        return None
    found: dict[str, list[int]] = {}
    for name, transaction in connection.execute(
        "select table_name, xmin::text::bigint from public.retention_runs where settled_until is not null"
    ).fetchall():
        found.setdefault(name, []).append(transaction)
    return {name: np.array(transactions, dtype=np.int64) for name, transactions in found.items()}


def _marked(table: Rows, wrote: dict[str, Ints] | None, name: str) -> Rows:
    if wrote is None:
        return table
    by_settle = np.isin(table.xmin, wrote.get(name, np.zeros(0, dtype=np.int64)))
    return dataclasses.replace(table, settled=by_settle.astype(np.int64))


def _locked(table: Rows, wrote: dict[str, Ints] | None, name: str) -> Rows:
    if wrote is None:
        return table
    last = int(wrote.get(name, np.zeros(0, dtype=np.int64)).max(initial=0))
    # Who locks a row comes after whoever wrote it; a lower number is that of several lockers together.
    several = (table.xmax > 0) & (table.xmax < table.xmin)
    return dataclasses.replace(table, settled=((table.xmax <= last) & ~several).astype(np.int64))


def _dealt(table: Rows, random: np.random.Generator) -> Rows:
    return table.take(random.permutation(len(table)))


class _Persons:
    """People by their phone numbers."""

    def __init__(self, phones: Ints) -> None:
        self._phones = phones

    def of(self, digits: Ints) -> Ints:
        """[rows] phone numbers to [rows] people."""
        found: Ints = np.searchsorted(self._phones, digits)
        return found


def _messages(connection: psycopg.Connection[Any], first: int, persons: _Persons) -> Rows:
    created, expires = _HOUR.format("m.created_at", first), _HOUR.format("m.expires_at", first)
    chunk, join = _toast(connection)
    got = _array(
        connection,
        f"select {_PLACE.format('m')}, substr(m.destination_phone, 2), {created}, {expires}, {chunk} "
        f"from public.messages as m {join}",
        8,
    )
    return rows(
        len(got),
        **_place(got),
        person=persons.of(got[:, 4]),
        hour=got[:, 5],
        expires=got[:, 6],
        toast=got[:, 7],
    )


def _toast(connection: psycopg.Connection[Any], major: int | None = None) -> tuple[str, str]:
    """An expression for the number of a value out of line, and the join that it needs.

    PostgreSQL 17 has a function. Before, the first piece of each value says whose it is: plain SQL.
    """
    if (major or connection.info.server_version // 10000) >= 17:
        return _CHUNK_BY_FUNCTION, ""
    row = connection.execute(
        "select reltoastrelid::regclass::text from pg_catalog.pg_class "
        "where oid = 'public.messages'::regclass"
    ).fetchone()
    toast = row[0] if row else ""
    return (
        _CHUNK_BY_CONTENT,
        f"left join {toast} as chunk on chunk.chunk_seq = 0 and octet_length(m.encrypted_content) > 1900 "
        "and chunk.chunk_data = substr(m.encrypted_content, 1, octet_length(chunk.chunk_data))",
    )


def _deliveries(connection: psycopg.Connection[Any], first: int, persons: _Persons) -> Rows:
    hour = _HOUR.format("coalesce(d.read_at, d.delivered_at)", first)
    got = _array(
        connection,
        f"select {_PLACE.format('d')}, substr(u.phone_number, 2), {hour}, d.message_id, "
        "(d.read_at is not null)::integer, (d.delivery_status <> 'pending')::integer "
        "from public.message_deliveries as d "
        "join public.webauthn_credentials as c on c.id = d.webauthn_credential_id "
        "join public.users as u on u.id = c.user_id",
        9,
    )
    return rows(
        len(got),
        **_place(got),
        person=persons.of(got[:, 4]),
        hour=got[:, 5],
        parent=got[:, 6],
        counter=got[:, 7],
        active=got[:, 8],
    )


def _session_keys(connection: psycopg.Connection[Any], first: int, persons: _Persons) -> Rows:
    created = _HOUR.format("k.created_at", first)
    got = _array(
        connection,
        f"select {_PLACE.format('k')}, substr(u.phone_number, 2), {created}, "
        "dense_rank() over (order by k.session_key_id), k.key_rotation_counter, k.is_active::integer "
        "from public.device_session_keys as k join public.users as u on u.id = k.user_id",
        9,
    )
    return rows(
        len(got),
        **_place(got),
        person=persons.of(got[:, 4]),
        hour=got[:, 5],
        parent=got[:, 6],
        counter=got[:, 7],
        active=got[:, 8],
    )


def _users(connection: psycopg.Connection[Any], persons: _Persons) -> Rows:
    got = _array(
        connection,
        f"select {_PLACE.format('u')}, substr(u.phone_number, 2), u.xmax::text::bigint "
        "from public.users as u",
        6,
    )
    return rows(len(got), **_place(got), person=persons.of(got[:, 4]), xmax=got[:, 5])


def _devices(connection: psycopg.Connection[Any], persons: _Persons) -> Rows:
    got = _array(
        connection,
        f"select {_PLACE.format('c')}, substr(u.phone_number, 2), c.xmax::text::bigint "
        "from public.webauthn_credentials as c join public.users as u on u.id = c.user_id",
        6,
    )
    return rows(len(got), **_place(got), person=persons.of(got[:, 4]), xmax=got[:, 5])


def _seen(
    connection: psycopg.Connection[Any], kind: int, persons: _Persons, random: np.random.Generator
) -> Seen:
    got = _array(connection, f"select phone, moment from driver.seen where kind = {kind} and moment > 0", 2)
    got = random.permutation(got)
    return Seen(person=persons.of(got[:, 0]), moment=got[:, 1])


def true_order(conninfo: str) -> tuple[Ints, Ints]:
    """Message ids, rising, and the number of the call that stored each, for grading: [messages] both."""
    with Target(conninfo).connect("nosender audit attack", autocommit=True) as connection:
        got = _array(
            connection,
            "select m.id, c.turn from public.messages as m join driver.calls as c on c.token = m.message_id "
            "where c.kind = 0",
            2,
        )
    got = got[np.argsort(got[:, 0])]
    return got[:, 0], got[:, 1]


def _place(got: Ints) -> dict[str, Ints]:
    return dict(zip(("id", "xmin", "block", "offset"), got.T[:4], strict=True))


def _array(connection: psycopg.Connection[Any], query: str, width: int) -> Ints:
    """[rows, width]; streamed, a thousand rows a piece: no text of a whole table is ever in memory."""
    pieces = (
        "select string_agg(translate(line, '(),', '   '), ' ') from ("
        f"select found::text as line, row_number() over () / 1000 as piece from ({query}) as found"
        ") as lines group by piece"
    )
    parts = [np.zeros(0, dtype=np.int64)]
    with connection.cursor() as cursor, cursor.copy(f"copy ({pieces}) to stdout") as copy:
        while piece := copy.read():
            parts.append(np.fromstring(bytes(piece).decode("ascii"), dtype=np.int64, sep=" "))
    return np.concatenate(parts).reshape(-1, width)
