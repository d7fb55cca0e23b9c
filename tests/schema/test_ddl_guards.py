"""What a write must not store: refused by the guard without a word of the row, and by a CHECK behind it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import psycopg
import pytest
from psycopg import errors, sql

from .rows import ANNA, BORIS, GOOD, LATER, LOW_ORDER, insert, two_people


@dataclass(frozen=True)
class Bad:
    """One value that must not get in, and the constraint that stands behind the guard."""

    table: str
    column: str
    value: Any
    constraint: str

    def __str__(self) -> str:
        shown = repr(self.value) if len(repr(self.value)) < 24 else f"{len(self.value)} long"
        return f"{self.table}.{self.column}={shown}"


PHONES = [
    "15550100", "+0155501000", "+155501", "+1555010000000000", "+1555 0100", "+15550100\n",
    "", "+1\u0665\u0665\u06650100",
    "anna", "+15550100x",
]  # fmt: skip
BAD = [
    *(Bad("users", "phone_number", phone, "users_phone_number_e164") for phone in PHONES),
    *(Bad("messages", "destination_phone", phone, "messages_destination_phone_e164") for phone in PHONES),
    *(
        Bad("ephemeral_keys", "destination_phone", phone, "ephemeral_keys_destination_phone_e164")
        for phone in PHONES
    ),
    *(
        Bad("webauthn_credentials", "credential_id", b"v" * n, "webauthn_credentials_credential_id_length")
        for n in (0, 15, 1024)
    ),
    *(
        Bad("webauthn_credentials", "sign_count", n, "webauthn_credentials_sign_count_range")
        for n in (-1, 2**32)
    ),
    *(
        Bad("messages", "encrypted_content", b"v" * n, "messages_encrypted_content_length")
        for n in (0, 27, 1048577)
    ),
    Bad(
        "device_session_keys",
        "encrypted_session_key",
        b"v" * 59,
        "device_session_keys_encrypted_session_key_length",
    ),
    Bad("device_session_keys", "key_rotation_counter", -1, "device_session_keys_key_rotation_counter_range"),
    *(
        Bad("message_deliveries", "delivery_status", status, "message_deliveries_delivery_status_known")
        for status in ("", "PENDING", "read", "sent")
    ),
    *(
        Bad(table, column, b"v" * n, f"{table}_{column}_length")
        for table, column in (
            ("ephemeral_keys", "ephemeral_public_key"),
            ("messaging_public_keys", "x25519_public_key"),
            ("messaging_public_keys", "ed25519_public_key"),
        )
        for n in (0, 31, 33)
    ),
    *(
        Bad(table, column, low[:-1] + bytes([low[-1] | top]), f"{table}_{column}_order")
        for table, column in (
            ("ephemeral_keys", "ephemeral_public_key"),
            ("messaging_public_keys", "x25519_public_key"),
        )
        for low in LOW_ORDER
        for top in (0, 128)
    ),
    *(
        Bad("messaging_public_keys", "ed25519_signature", b"v" * n, f"messaging_public_keys_{name}")
        for n in (0, 63, 65)
        for name in ("ed25519_signature_length",)
    ),
    Bad("messaging_public_keys", "key_version", -1, "messaging_public_keys_key_version_range"),
]  # fmt: skip

TIMES = [
    ("users", "created_at"), ("webauthn_credentials", "created_at"), ("messages", "created_at"),
    ("messages", "timestamp"), ("messages", "expires_at"), ("device_session_keys", "created_at"),
    ("device_session_keys", "expires_at"), ("message_deliveries", "delivered_at"),
    ("message_deliveries", "read_at"), ("ephemeral_keys", "created_at"), ("ephemeral_keys", "expires_at"),
    ("messaging_public_keys", "created_at"), ("messaging_public_keys", "revoked_at"),
]  # fmt: skip


@pytest.fixture
def people(any_migrated: str) -> Iterator[psycopg.Connection]:
    """Two people on every major, in UTC."""
    with psycopg.connect(any_migrated, options="-c TimeZone=UTC", autocommit=True) as opened:
        two_people(opened)
        yield opened


def said(error: psycopg.Error) -> str:
    """Everything that the server said, and may have logged."""
    diag = error.diag
    return " ".join(
        filter(None, (diag.message_primary, diag.message_detail, diag.message_hint, diag.context))
    )


def test_the_good_rows_are_stored(people: psycopg.Connection) -> None:
    for table, row in GOOD.items():
        insert(people, table, row)


@pytest.mark.parametrize("bad", BAD, ids=str)
def test_a_bad_value_is_refused_twice_over(connection: psycopg.Connection, bad: Bad) -> None:
    """By the guard, in words without values; without the guard by the CHECK; without both it gets in."""
    two_people(connection)
    row = GOOD[bad.table] | {bad.column: bad.value}

    with pytest.raises(errors.CheckViolation) as guarded, connection.transaction():
        insert(connection, bad.table, row)
    assert guarded.value.diag.constraint_name == bad.constraint
    assert f"{bad.table}.{bad.column}" in (guarded.value.diag.message_primary or "")
    assert "Failing row" not in said(guarded.value)
    assert "5550100" not in said(guarded.value)

    connection.execute(f"alter table {bad.table} disable trigger {bad.table}_guard")
    with pytest.raises(errors.CheckViolation) as checked, connection.transaction():
        insert(connection, bad.table, row)
    assert checked.value.diag.constraint_name == bad.constraint

    connection.execute(f"alter table {bad.table} drop constraint {bad.constraint}")
    order = bad.constraint.replace("_length", "_order")  # looks at a byte that a short key does not have
    connection.execute(f"alter table {bad.table} drop constraint if exists {order}")
    insert(connection, bad.table, row)


def test_every_check_of_the_database_is_tried(connection: psycopg.Connection) -> None:
    found = connection.execute(
        "select conname from pg_constraint where contype = 'c' and conrelid = any (%s::regclass[])",
        [list(GOOD)],
    ).fetchall()
    tried = {bad.constraint for bad in BAD} | {f"{table}_{column}_coarse" for table, column in TIMES}
    assert {name for (name,) in found} == tried


@pytest.mark.parametrize("table", GOOD)
def test_a_null_is_refused_without_the_row(people: psycopg.Connection, table: str) -> None:
    required = people.execute(
        """
        select array_agg(attname::text) from pg_attribute
        where attrelid = %s::regclass and attnum > 0 and attnotnull
        """,
        [table],
    ).fetchone()
    assert required is not None
    for column in required[0]:
        with pytest.raises(errors.NotNullViolation) as refused:
            insert(people, table, GOOD[table] | {column: None})
        assert "Failing row" not in said(refused.value)


@pytest.mark.parametrize(
    ("table", "column"),
    [
        ("users", "id"), ("users", "phone_number"), ("webauthn_credentials", "id"),
        ("webauthn_credentials", "user_id"), ("messages", "id"), ("messages", "destination_phone"),
        ("message_deliveries", "message_id"), ("message_deliveries", "webauthn_credential_id"),
        ("device_session_keys", "user_id"), ("device_session_keys", "webauthn_credential_id"),
    ],
)  # fmt: skip
def test_what_ties_rows_together_cannot_be_changed(
    people: psycopg.Connection, table: str, column: str
) -> None:
    """A delivery that was right when it was written must stay right; so must a session key's device."""
    if table in ("message_deliveries", "device_session_keys"):
        insert(people, table, GOOD[table] | {"id": 1})
    value = "+15550100008" if "phone" in column else 2 if column.endswith("_id") else 77
    change = sql.SQL("update {} set {} = %s where id = 1").format(
        sql.Identifier(table), sql.Identifier(column)
    )
    with pytest.raises(errors.ObjectNotInPrerequisiteState) as refused:
        people.execute(change, [value])
    assert f"{table}.{column} cannot be changed" in (refused.value.diag.message_primary or "")
    people.execute(sql.SQL("update {0} set {1} = {1}").format(sql.Identifier(table), sql.Identifier(column)))


def test_ids_cannot_be_passed_on_in_one_statement(people: psycopg.Connection) -> None:
    """Foreign keys allow it: at the end of the statement every reference finds a row, of somebody else."""
    with pytest.raises(errors.ObjectNotInPrerequisiteState):
        people.execute("update users set id = case id when 1 then 3 else 1 end")


@pytest.mark.parametrize(("table", "column"), TIMES)
def test_an_exact_time_is_stored_coarse(people: psycopg.Connection, table: str, column: str) -> None:
    up = column == "expires_at"
    quarter = table == "ephemeral_keys" and up
    day = table == "device_session_keys" and not up
    for exact, coarse in (
        ("2031-05-01T10:33:07.123456", "10:45:00" if quarter else "11:00:00" if up else "10:00:00"),
        ("2031-05-01T10:00:00.000001", "10:15:00" if quarter else "11:00:00" if up else "10:00:00"),
        ("2031-05-01T10:59:59.999999", "11:00:00" if up else "10:00:00"),
        ("2031-05-01T10:00:00", "10:00:00"),
    ):
        with people.transaction(force_rollback=True):
            coarse = "00:00:00" if day else coarse
            assert insert(people, table, GOOD[table] | {column: exact})[column] == f"2031-05-01T{coarse}"
            updated = people.execute(
                sql.SQL("update {0} set {1} = %s returning {1}").format(
                    sql.Identifier(table), sql.Identifier(column)
                ),
                [exact],
            ).fetchone()
            assert updated is not None
            assert updated[0].isoformat() == f"2031-05-01T{coarse}"


@pytest.mark.parametrize(("table", "column"), TIMES)
@pytest.mark.parametrize("value", ["infinity", "-infinity"])
def test_infinity_is_no_time(connection: psycopg.Connection, table: str, column: str, value: str) -> None:
    """It is as coarse as can be, but a message that expires at infinity is one that never does."""
    two_people(connection)
    with pytest.raises(errors.CheckViolation, match="not infinity"):
        insert(connection, table, GOOD[table] | {column: value})


@pytest.mark.parametrize(("table", "column"), TIMES)
def test_a_time_that_is_too_fine_fails_the_check(
    connection: psycopg.Connection, table: str, column: str
) -> None:
    two_people(connection)
    connection.execute(f"alter table {table} disable trigger {table}_guard")
    with pytest.raises(errors.CheckViolation) as refused:
        insert(connection, table, GOOD[table] | {column: "2031-05-01 10:00:00.000001"})
    assert refused.value.diag.constraint_name == f"{table}_{column}_coarse"


@pytest.mark.parametrize("table", GOOD)
def test_defaults_are_coarse_and_utc(people: psycopg.Connection, table: str) -> None:
    people.execute(f"alter table {table} disable trigger user")
    stored = insert(people, table, GOOD[table])
    hour = people.execute("select to_jsonb(date_trunc('hour', now() at time zone 'utc'))").fetchone()
    assert hour is not None
    for column in {"created_at", "timestamp"} & set(stored):
        assert stored[column] == hour[0]


@pytest.mark.parametrize("table", GOOD)
@pytest.mark.parametrize("zone", ["Asia/Tokyo", "America/New_York", "Africa/Abidjan", "Etc/GMT+1"])
def test_a_session_outside_utc_writes_nothing(people: psycopg.Connection, table: str, zone: str) -> None:
    """Not even from a zone that happens to agree with UTC: it may not in summer."""
    insert(people, table, GOOD[table])
    people.execute(f"set time zone '{zone}'")
    columns = sql.SQL(", ").join(map(sql.Identifier, GOOD[table]))
    for write in (
        sql.SQL("insert into {0} select * from {0} where false"),
        sql.SQL("update {0} set id = id"),
        sql.SQL("insert into {0} select * from {0} on conflict do nothing"),
        sql.SQL("merge into {0} using (select 1 as n) as s on false when matched then update set id = n"),
    ):
        with pytest.raises(errors.ObjectNotInPrerequisiteState, match=zone.replace("+", r"\+")):
            people.execute(write.format(sql.Identifier(table)))
    with (
        pytest.raises(errors.ObjectNotInPrerequisiteState, match=table),
        people.cursor().copy(
            sql.SQL("copy {} ({}) from stdin").format(sql.Identifier(table), columns)
        ) as copy,
    ):
        copy.write_row(list(GOOD[table].values()))
    people.execute(f"delete from {table}")  # a sweep from another zone harms nobody


@pytest.mark.parametrize("zone", ["UTC", "utc", "Etc/UTC", "GMT", "Zulu", "Etc/Universal", "UCT"])
def test_every_name_of_utc_will_do(people: psycopg.Connection, zone: str) -> None:
    people.execute(f"set time zone '{zone}'")
    insert(people, "users", GOOD["users"])


def test_a_replayed_or_reused_message_id_is_refused(people: psycopg.Connection) -> None:
    for phone in (ANNA, BORIS):
        with pytest.raises(errors.UniqueViolation):
            insert(
                people, "messages", GOOD["messages"] | {"message_id": "message-1", "destination_phone": phone}
            )


def test_a_user_has_one_active_public_key(people: psycopg.Connection) -> None:
    insert(people, "messaging_public_keys", GOOD["messaging_public_keys"])
    second = GOOD["messaging_public_keys"] | {"key_version": 2}
    with pytest.raises(errors.UniqueViolation):
        insert(people, "messaging_public_keys", second)
    insert(people, "messaging_public_keys", second | {"is_active": False, "revoked_at": LATER})
