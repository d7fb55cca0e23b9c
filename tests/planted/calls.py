"""One call of every function, and writes through every guard, by a caller whose own text looks nothing up."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import psycopg

ANNA, BORIS, NOBODY = "+15550100001", "+15550100002", "+15550100003"
KEY, OTHER_KEY, SEALED = b"x" * 32, b"y" * 32, b"k" * 60
LATE, EARLY = "2020-01-01 10:11:12", "2051-01-01 10:11:12"

_PROBES = (
    "canaries", "content", "deliveries", "identifiers", "ledger", "ledger_chain", "matching_values",
    "order", "public_keys", "revision", "rewrites", "same_transaction", "session_key_owners",
    "shared_values", "sizes", "statistics", "times",
)  # fmt: skip

Answer = tuple[str, Any]


def every(conninfo: str) -> list[Answer]:
    """What each call answered, or the error that it raised; the same for equal databases."""
    with psycopg.connect(conninfo, autocommit=True, options="-c TimeZone=UTC") as connection:
        return [(text[:60], _answer(connection, text, values)) for text, values in _calls(connection)]


def _answer(connection: psycopg.Connection[Any], text: str, values: tuple[Any, ...]) -> Any:
    try:
        cursor = connection.execute(text.encode(), values)
        return len(cursor.fetchall()) if cursor.description else cursor.rowcount
    except psycopg.Error as error:
        return error.sqlstate


def _calls(connection: psycopg.Connection[Any]) -> Iterator[tuple[str, tuple[Any, ...]]]:
    yield from _flow(connection)
    yield from _writes()
    yield from _sweeps(connection)
    for name in _PROBES:
        yield f"select * from public.audit_{name}()", ()
    yield "select * from public.audit_overdue(%s::pg_catalog.interval)", ("1 hour",)
    for number in (ANNA, NOBODY, "5"):
        yield "select * from public.held_about_phone_number(%s)", (number,)
    yield "select public.forget_phone_number(%s)", (BORIS,)


def _flow(connection: psycopg.Connection[Any]) -> Iterator[tuple[str, tuple[Any, ...]]]:
    register = "select public.register_user(%s, %s)"
    yield register, (ANNA, False)
    yield register, (ANNA, False)
    yield register, (BORIS, True)
    yield register, ("5", False)
    device = "select public.register_device(%s::pg_catalog.int4, %s, %s, %s::pg_catalog.int8)"
    for number in (1, 2):
        yield device, (number, bytes([number]) * 16, b"p", 0)
    yield device, (1, b"", b"p", 0)
    yield "select * from public.find_device(%s)", (b"\x01" * 16,)
    yield "select public.record_sign_count(%s::pg_catalog.int4, %s::pg_catalog.int8)", (1, 5)
    yield "select * from public.active_devices(%s::pg_catalog.int4)", (1,)
    publish = "select public.publish_public_key(%s::pg_catalog.int4, %s, %s, %s)"
    name = "public.publish_public_key(integer,bytea,bytea,bytea,boolean)"
    five = connection.execute("select pg_catalog.to_regprocedure(%s) is not null", [name]).fetchone()
    if five == (True,):  # every argument, or what is planted fits as well
        publish = publish.replace("%s)", "%s, false)")
    for key in (KEY, OTHER_KEY, b""):
        yield publish, (1, key, b"s" * 64, KEY)
    yield "select * from public.active_public_key(%s)", (ANNA,)
    rotate = (
        "select public.rotate_session_key("
        "%s::pg_catalog.int4, %s, %s, %s::pg_catalog.int4[], %s::pg_catalog.bytea[], %s::pg_catalog.interval)"
    )
    yield rotate, (1, None, "first", [1], [SEALED], "2 hours")
    yield rotate, (1, "first", "second", [1], [SEALED], None)
    yield rotate, (2, None, "second", [2], [SEALED], None)
    yield rotate, (2, None, "third", [1, 2], [SEALED, SEALED], None)
    yield "select * from public.session_keys(%s::pg_catalog.int4)", (1,)
    exchange = "select public.publish_ephemeral_key(%s, %s, %s, %s::pg_catalog.interval)"
    for number in range(4):
        yield exchange, (ANNA, KEY, f"exchange {number}", "5 minutes")
    yield exchange, (NOBODY, KEY, "exchange 9", "5 minutes")
    claim = "select * from public.claim_ephemeral_key(%s, %s)"
    yield claim, (ANNA, None)
    yield claim, (ANNA, "exchange 2")
    send = "select public.send_message(%s, %s, %s, %s, %s::pg_catalog.interval)"
    for number in range(6):
        yield send, (ANNA, b"e" * 28, f"message {number}", "text", "1 hour" if number else None)
    yield send, (ANNA, b"e" * 28, "message 1", "text", None)
    yield send, (BORIS, b"e" * 28, "message 1", "text", None)
    yield send, (NOBODY, b"e" * 28, "message 7", "text", None)
    yield send, (ANNA, b"e", "message 8", "text", None)
    send_many = (
        "select public.send_messages(%s::pg_catalog.text[], %s::pg_catalog.bytea[], %s::pg_catalog.text[], "
        "%s::pg_catalog.text[], %s::pg_catalog.interval[])"
    )
    yield send_many, ([ANNA, BORIS, NOBODY], [b"e" * 28] * 3, ["m1", "m2", "m3"], None, ["1 hour"] * 3)
    yield send_many, ([ANNA, BORIS], [b"e" * 28] * 2, ["m2", "m4"], ["text", None], None)
    yield send_many, ([ANNA], [b"e"], ["m5"], None, None)
    yield "select * from public.fetch_messages(%s::pg_catalog.int4, %s::pg_catalog.int4)", (1, 100)
    acknowledge = "select public.acknowledge(%s::pg_catalog.int4, %s::pg_catalog.int8[], %s)"
    for outcome in ("delivered", "read", "failed", "lost"):
        yield acknowledge, (1, [1, 2, 3], outcome)
    yield "select public.revoke_device(%s::pg_catalog.int4)", (2,)


def _writes() -> Iterator[tuple[str, tuple[Any, ...]]]:
    """Through triggers, CHECKs, defaults, exclusion and indexes, right and wrong."""
    for phone in ("+15550100009", "5"):
        yield "insert into public.users (phone_number, created_at) values (%s, %s)", (phone, LATE)
    yield (
        (
            "insert into public.webauthn_credentials (user_id, credential_id, public_key, created_at)"
            " values (1, %s, %s, %s)"
        ),
        (b"d" * 16, b"p", LATE),
    )
    message = (
        "insert into public.messages (id, destination_phone, encrypted_content, message_id, expires_at)"
        " values (%s, %s, %s, %s, %s)"
    )
    for number in range(30):
        yield message, (100 + number, ANNA, b"e" * 28, f"late {number}", LATE)
    yield message, (130, "5", b"e" * 28, "wrong", LATE)
    drawn = (
        "insert into public.messages (destination_phone, encrypted_content, message_id) values (%s, %s, %s)"
    )
    yield drawn, (ANNA, b"e" * 28, "drawn")
    delivery = (
        "insert into public.message_deliveries (message_id, webauthn_credential_id, delivery_status, read_at)"
        " values (%s, %s, %s, %s)"
    )
    yield delivery, (103, 1, "pending", None)
    yield delivery, (120, 1, "delivered", LATE)
    yield delivery, (120, 2, "lost", LATE)
    yield delivery, (120, 2, "failed", LATE)
    key = (
        "insert into public.device_session_keys (user_id, webauthn_credential_id, session_key_id,"
        " encrypted_session_key, expires_at) values (%s, %s, %s, %s, %s)"
    )
    yield key, (1, 1, "late", SEALED, LATE)
    yield key, (1, None, "later", SEALED, EARLY)
    yield key, (2, None, "late", SEALED, LATE)
    yield key, (2, 1, "other", SEALED, LATE)
    exchange = (
        "insert into public.ephemeral_keys"
        " (destination_phone, ephemeral_public_key, key_exchange_id, expires_at) values (%s, %s, %s, %s)"
    )
    yield exchange, (ANNA, KEY, "late", LATE)
    yield exchange, (ANNA, b"\0" * 32, "low", LATE)
    yield (
        (
            "insert into public.messaging_public_keys (user_id, x25519_public_key, ed25519_signature,"
            " ed25519_public_key, key_version, is_active) values (1, %s, %s, %s, 99, false)"
        ),
        (KEY, b"s" * 64, KEY),
    )
    for table, change in (
        ("users", "phone_number = '+15550100008'"), ("messages", "created_at = created_at"),
        ("message_deliveries", "delivered_at = '2020-01-01 10:10'"), ("ephemeral_keys", "used = true"),
        ("messaging_public_keys", "revoked_at = '2020-01-01 10:10'"), ("device_session_keys", "user_id = 2"),
        ("webauthn_credentials", "sign_count = 7"), ("retention_runs", "deleted = 1"),
    ):  # fmt: skip
        yield f"update public.{table} set {change}", ()
    yield "delete from public.retention_runs", ()


_BEGIN = """
    (%s::pg_catalog.int4, null::pg_catalog.numeric, 1::pg_catalog.numeric, null::pg_catalog.int4,
    2000::pg_catalog.int4, null::pg_catalog.text[], %s::pg_catalog.bool)
"""


def _sweeps(connection: psycopg.Connection[Any]) -> Iterator[tuple[str, tuple[Any, ...]]]:
    yield "select * from public.retention_overdue(%s::pg_catalog.int4)", (1,)
    yield "select * from public.retention_ledger(%s::pg_catalog.int8, null::pg_catalog.int4)", (1,)
    yield "select * from public.retention_ledger_tail(%s::pg_catalog.int4)", (1,)
    try:
        row = connection.execute(f"select public.retention_begin{_BEGIN}".encode(), (10, False)).fetchone()
    except psycopg.Error:  # of what is planted in functions that take it
        row = None
    state = row[0] if row else {}
    for walk in ("keys", "blocks", "last", "age", "end", "prune"):
        step = json.dumps(state | {"at": 2, "pass": walk})
        yield "select public.retention_part(%s::pg_catalog.jsonb, %s::pg_catalog.int8)", (step, 2)
        yield "select public.retention_step(%s::pg_catalog.jsonb)", (step,)
    stop = "select public.retention_stop(%s::pg_catalog.jsonb, %s::pg_catalog.text, %s::pg_catalog.text)"
    yield stop, (json.dumps(state), "failed", "XX000")
    for most in (7, 5000):
        yield f"call public.retention_sweep{_BEGIN}", (most, True)
    scattered = "%s::pg_catalog.text, %s::pg_catalog.text, %s::pg_catalog.timestamp"
    yield f"select public.retention_scattered({scattered})", ("messages", "expires_at", LATE)
    for look in ("canaries", "holders", "policy", "policy_hash"):
        yield f"select * from public.retention_{look}()", ()
    yield "select public.retention_rewrite(%s::pg_catalog.text)", ("ephemeral_keys",)
