"""Rows that are right, for tests that change one thing about them."""

from __future__ import annotations

from typing import Any

import psycopg
from psycopg import sql

ANNA, BORIS = "+15550100001", "+15550100002"
LATER = "2031-05-01 10:00"
LOW_ORDER = tuple(
    bytes.fromhex(point)
    for point in (
        "00" * 32,
        "01" + "00" * 31,
        "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
        "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
        "ec" + "ff" * 30 + "7f",
        "ed" + "ff" * 30 + "7f",
        "ee" + "ff" * 30 + "7f",
    )
)

Row = dict[str, Any]

GOOD: dict[str, Row] = {
    "users": {"phone_number": "+15550100009"},
    "webauthn_credentials": {"user_id": 1, "credential_id": b"c" * 16, "public_key": b"p" * 40},
    "messages": {"destination_phone": ANNA, "encrypted_content": b"e" * 28, "message_id": "message-9"},
    "device_session_keys": {
        "user_id": 1,
        "webauthn_credential_id": 1,
        "session_key_id": "session-9",
        "encrypted_session_key": b"k" * 60,
    },
    "message_deliveries": {"message_id": 1, "webauthn_credential_id": 1},
    "ephemeral_keys": {
        "destination_phone": ANNA,
        "ephemeral_public_key": b"x" * 32,
        "key_exchange_id": "exchange-9",
        "expires_at": LATER,
    },
    "messaging_public_keys": {
        "user_id": 1,
        "x25519_public_key": b"x" * 32,
        "ed25519_signature": b"s" * 64,
        "ed25519_public_key": b"i" * 32,
        "key_version": 1,
    },
}
"""A row of every table that the two people below allow."""


def insert(connection: psycopg.Connection, table: str, row: Row) -> Row:
    """Store one row by a plain INSERT; return it as it was stored."""
    query = sql.SQL("insert into {} ({}) values ({}) returning to_jsonb({})").format(
        sql.Identifier(table),
        sql.SQL(", ").join(map(sql.Identifier, row)),
        sql.SQL(", ").join(sql.Placeholder() * len(row)),
        sql.Identifier(table),
    )
    stored = connection.execute(query, list(row.values())).fetchone()
    assert stored is not None
    return stored[0]  # type: ignore[no-any-return]


def two_people(connection: psycopg.Connection) -> None:
    """User 1 is Anna with device 1, user 2 Boris with device 2; message 1 goes to Anna, 2 to Boris."""
    for number, phone in enumerate((ANNA, BORIS), start=1):
        insert(connection, "users", {"phone_number": phone})
        insert(
            connection,
            "webauthn_credentials",
            {"user_id": number, "credential_id": bytes([number]) * 16, "public_key": b"p" * 40},
        )
        insert(
            connection,
            "messages",
            {
                "id": number,
                "destination_phone": phone,
                "encrypted_content": b"e" * 28,
                "message_id": f"message-{number}",
            },
        )
