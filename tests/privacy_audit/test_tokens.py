"""A count, a key's beginning, a moment or an empty schema's name can be made to say who belongs to whom."""

from __future__ import annotations

import psycopg

from nosender.privacy_audit.runner import run
from nosender.server.target import Target
from nosender.traffic.fill import fill

PAIR = "('x' || substr(md5('pair ' || (user_id + 1) / 2), 1, 7))::bit(28)::integer"
PLANTED = {
    ("shared-value", "device_session_keys.key_rotation_counter"): (
        f"update device_session_keys set key_rotation_counter = {PAIR}"
    ),
    (
        "shared-value",
        "webauthn_credentials.sign_count",
    ): f"update webauthn_credentials set sign_count = {PAIR}",
    (
        "shared-value",
        "messaging_public_keys.key_version",
    ): f"update messaging_public_keys set key_version = {PAIR}",
    ("shared-value", "webauthn_credentials.public_key"): (
        "update webauthn_credentials set public_key = "
        f"substr(sha256(({PAIR})::text::bytea), 1, 8) || substr(public_key, 9)"
    ),
    ("shared-value", "webauthn_credentials.credential_id"): (
        "update webauthn_credentials set credential_id = credential_id || sha256((user_id / 3)::text::bytea)"
    ),
    ("guessable-identifier", "device_session_keys.session_key_id"): (
        "update device_session_keys set session_key_id = lpad(to_hex(user_id % 40), 4, '0') || "
        "substr(md5(session_key_id || id), 5)"
    ),
    ("fine-time", "message_deliveries.delivered_at"): (
        "update message_deliveries set delivered_at = timestamp '1900-01-01' + id % 90 * interval '1 day'"
    ),
    ("guessable-identifier", "messages.message_id"): (
        "update messages set message_id = overlay(message_id placing "
        "substr(md5(destination_phone || id % 9), 1, 12) from 10 for 12)"
    ),
    ("fine-time", "users.created_at"): (
        "update users set created_at = timestamp '1970-01-01' + (id + 1) / 2 * interval '1 hour'"
    ),
}


def test_a_token_in_an_innocent_column_is_found(migrated: str) -> None:
    target = Target(migrated)
    fill(target, 120, 300, seed=5)
    with psycopg.connect(migrated, autocommit=True) as owner:
        owner.execute("delete from messaging_public_keys where not is_active")
        owner.execute("set session_replication_role = replica")
        for statement in PLANTED.values():
            owner.execute(statement.encode())
        owner.execute(
            "do $$ begin for n in 1..9 loop "
            "execute format('create schema %I', 'user' || n || ' writes to user' || n * 7); end loop; end $$"
        )
    audit = run(target)
    found = {(each.check, each.object.removeprefix("public.")) for each in audit.gating()}
    assert set(PLANTED) - found == set()
    assert len(audit.decided.schemas_unaccounted) == 9


def test_a_few_empty_schemas_say_nothing(migrated: str) -> None:
    with psycopg.connect(migrated, autocommit=True) as owner:
        for name in "abc":
            owner.execute(f"create schema {name}".encode())
    assert run(Target(migrated)).decided.schemas_unaccounted == ()
