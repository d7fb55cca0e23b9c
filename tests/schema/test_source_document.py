"""The tables against the document that they were made from.

The table below was written from the document and the decisions about what it leaves open, not from the DDL.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import psycopg
import pytest

from nosender.schema.catalogue import load

VARCHAR = "character varying(20)"
TIME = "timestamp without time zone"
NOW = "date_trunc('hour'::text, (now() AT TIME ZONE 'utc'::text))"


@dataclass(frozen=True)
class Column:
    """What a column must be: its type, whether it may be null, its default as PostgreSQL prints it."""

    type: str
    nullable: bool = False
    default: str | None = None


@dataclass(frozen=True)
class Table:
    """What a table must have. Indexes by name: whether unique, then the words that must define them."""

    columns: dict[str, Column]
    primary_key: str = "id"
    unique: tuple[tuple[str, ...], ...] = ()
    foreign_keys: tuple[tuple[str, str], ...] = ()
    indexes: dict[str, tuple[bool, str]] = field(default_factory=dict)


def serial(table: str) -> Column:
    return Column("integer", default=f"nextval('{table}_id_seq'::regclass)")


def drawn(type_: str, function: str) -> Column:
    """A serial whose numbers keep no order: its sequence stands behind it, unused."""
    return Column(type_, default=f"{function}()")


BYTEA = Column("bytea")
TEXT = Column("text")
PHONE = Column(VARCHAR)
INTEGER = Column("integer")
STORED = Column(TIME, default=NOW)
OPTIONAL = Column(TIME, nullable=True)
ACTIVE = Column("boolean", default="true")

DOCUMENT = {
    "users": Table(
        {"id": serial("users"), "phone_number": PHONE, "created_at": STORED}, unique=(("phone_number",),)
    ),
    "webauthn_credentials": Table(
        {
            "id": serial("webauthn_credentials"),
            "user_id": INTEGER,
            "credential_id": BYTEA,
            "public_key": BYTEA,
            "sign_count": Column("bigint", default="0"),
            "created_at": STORED,
            "is_active": ACTIVE,
        },
        unique=(("credential_id",),),
        foreign_keys=(("user_id", "users"),),
    ),
    "messages": Table(
        {
            "id": drawn("bigint", "new_message_id"),
            "destination_phone": PHONE,
            "encrypted_content": BYTEA,
            "message_id": TEXT,
            "timestamp": STORED,
            "created_at": STORED,
            "expires_at": OPTIONAL,
            "message_type": Column(VARCHAR, default="'text'::character varying"),
        },
        indexes={
            "idx_messages_destination_phone": (False, "(destination_phone)"),
            "idx_messages_destination_timestamp": (False, '(destination_phone, "timestamp")'),
            "idx_messages_message_id": (True, "(message_id)"),
            "idx_messages_expires_at": (False, "(expires_at, id) WHERE (expires_at IS NOT NULL)"),
        },
    ),
    "device_session_keys": Table(
        {
            "id": drawn("integer", "new_session_key_id"),
            "user_id": INTEGER,
            "webauthn_credential_id": Column("integer", nullable=True),
            "session_key_id": TEXT,
            "encrypted_session_key": BYTEA,
            "key_rotation_counter": Column("bigint", default="0"),
            "created_at": STORED,
            "expires_at": OPTIONAL,
            "is_active": ACTIVE,
        },
        unique=(("user_id", "session_key_id", "webauthn_credential_id"),),
        foreign_keys=(("user_id", "users"), ("webauthn_credential_id", "webauthn_credentials")),
        indexes={
            "idx_device_session_user_device": (False, "(user_id, webauthn_credential_id)"),
            "idx_device_session_active": (False, "(webauthn_credential_id, is_active)"),
            "idx_device_session_key_id": (False, "(session_key_id)"),
            "idx_device_session_expires": (False, "(expires_at) WHERE is_active"),
        },
    ),
    "message_deliveries": Table(
        {
            "id": drawn("bigint", "new_delivery_id"),
            "message_id": Column("bigint"),
            "webauthn_credential_id": INTEGER,
            "delivered_at": OPTIONAL,
            "read_at": OPTIONAL,
            "delivery_status": Column(VARCHAR, default="'pending'::character varying"),
        },
        unique=(("message_id", "webauthn_credential_id"),),
        foreign_keys=(("message_id", "messages"), ("webauthn_credential_id", "webauthn_credentials")),
        indexes={
            "idx_deliveries_message": (False, "(message_id)"),
            "idx_deliveries_device": (False, "(webauthn_credential_id)"),
            "idx_deliveries_status": (
                False,
                "(webauthn_credential_id, message_id) WHERE ((delivery_status)::text = 'pending'::text)",
            ),
        },
    ),
    "ephemeral_keys": Table(
        {
            "id": drawn("integer", "new_ephemeral_key_id"),
            "destination_phone": PHONE,
            "ephemeral_public_key": BYTEA,
            "key_exchange_id": TEXT,
            "created_at": STORED,
            "expires_at": Column(TIME),
            "used": Column("boolean", default="false"),
        },
        unique=(("destination_phone", "key_exchange_id"), ("key_exchange_id",)),
        indexes={
            "idx_ephemeral_destination": (False, "(destination_phone, expires_at)"),
            "idx_ephemeral_key_exchange_id": (False, "(key_exchange_id)"),
            "idx_ephemeral_unused": (False, "(destination_phone, expires_at) WHERE (NOT used)"),
        },
    ),
    "messaging_public_keys": Table(
        {
            "id": drawn("integer", "new_public_key_id"),
            "user_id": INTEGER,
            "x25519_public_key": BYTEA,
            "ed25519_signature": BYTEA,
            "ed25519_public_key": BYTEA,
            "key_version": INTEGER,
            "created_at": STORED,
            "revoked_at": OPTIONAL,
            "is_active": ACTIVE,
        },
        unique=(("user_id", "key_version"),),
        foreign_keys=(("user_id", "users"),),
        indexes={
            "idx_messaging_pk_user_active": (True, "(user_id) WHERE is_active"),
            "idx_messaging_pk_user_version": (False, "(user_id, key_version)"),
        },
    ),
}

TABLES = pytest.mark.parametrize("table", sorted(DOCUMENT))


@pytest.fixture
def catalog(any_migrated: str) -> Iterator[psycopg.Connection]:
    with psycopg.connect(any_migrated) as opened:
        yield opened


def declared_columns(table: str) -> set[str]:
    """The columns that the catalogue declares, the document's and those that came since."""
    entry = load().table(table)
    assert entry is not None
    return {column.name for column in entry.columns}


@TABLES
def test_columns_are_the_documents_and_others_are_declared(catalog: psycopg.Connection, table: str) -> None:
    found = catalog.execute(
        """
        select attname, format_type(atttypid, atttypmod), not attnotnull, pg_get_expr(adbin, adrelid)
        from pg_attribute
        left join pg_attrdef on adrelid = attrelid and adnum = attnum
        where attrelid = %s::regclass and attnum > 0 and not attisdropped
        order by attnum
        """,
        [table],
    ).fetchall()
    wanted = DOCUMENT[table].columns
    assert {name: Column(*rest) for name, *rest in found if name in wanted} == wanted
    assert [name for name, *_ in found if name in wanted] == list(wanted)
    assert {name for name, *_ in found} - set(wanted) <= declared_columns(table) - set(wanted)


@TABLES
def test_the_sequence_of_a_serial_stays_its_own(catalog: psycopg.Connection, table: str) -> None:
    found = catalog.execute("select pg_get_serial_sequence(%s, 'id')", [table]).fetchone()
    assert found == (f"public.{table}_id_seq",)


@TABLES
def test_keys_are_the_documents_and_no_others(catalog: psycopg.Connection, table: str) -> None:
    found = catalog.execute(
        """
        select contype::text, (
          select array_agg(attname::text order by position)
          from unnest(conkey) with ordinality as key (number, position)
          join pg_attribute on attrelid = conrelid and attnum = number
        ), confrelid::regclass::text, confdeltype::text, convalidated, condeferrable
        from pg_constraint where conrelid = %s::regclass and contype in ('p', 'u', 'f')
        """,
        [table],
    ).fetchall()
    expected = DOCUMENT[table]
    assert all(validated and not deferrable for *_, validated, deferrable in found)
    assert [columns for kind, columns, *_ in found if kind == "p"] == [[expected.primary_key]]
    assert sorted(tuple(columns) for kind, columns, *_ in found if kind == "u") == sorted(expected.unique)
    assert sorted(
        (columns, parent, action) for kind, columns, parent, action, *_ in found if kind == "f"
    ) == [([column], parent, "c") for column, parent in sorted(expected.foreign_keys)]


@TABLES
def test_every_index_stands_under_its_name(catalog: psycopg.Connection, table: str) -> None:
    found = catalog.execute(
        """
        select relname::text, indisunique, pg_get_indexdef(indexrelid), indisvalid
        from pg_index join pg_class on pg_class.oid = indexrelid where indrelid = %s::regclass
        """,
        [table],
    ).fetchall()
    assert all(valid for *_, valid in found)
    definitions = {name: (unique, text.split(" USING btree ")[-1]) for name, unique, text, _ in found}
    assert {name: definitions.get(name) for name in DOCUMENT[table].indexes} == DOCUMENT[table].indexes


def test_no_foreign_key_leads_from_a_message_or_a_key_exchange_to_users(catalog: psycopg.Connection) -> None:
    found = catalog.execute(
        """
        select conrelid::regclass::text from pg_constraint
        where contype = 'f' and conrelid in ('messages'::regclass, 'ephemeral_keys'::regclass)
        """
    ).fetchall()
    assert found == []


def test_every_cascade_finds_its_rows_through_an_index(catalog: psycopg.Connection) -> None:
    without = catalog.execute(
        """
        select conname from pg_constraint
        where contype = 'f' and connamespace = 'public'::regnamespace and not exists (
          select from pg_index
          where indrelid = conrelid and indkey[0] = conkey[1] and indpred is null and indisvalid
        )
        """
    ).fetchall()
    assert without == []


def test_beside_the_document_there_is_only_what_the_catalogue_declares(catalog: psycopg.Connection) -> None:
    """A table that nobody wrote down is where a sender would hide."""
    found = catalog.execute(
        "select relname from pg_class where relnamespace = 'public'::regnamespace and relkind in ('r', 'p')"
    ).fetchall()
    declared = {table.name for table in load().tables if table.made_by == "nosender"}
    assert {name for (name,) in found} == declared | set(DOCUMENT)
