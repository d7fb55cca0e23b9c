"""What who reads the tables finds in the values: each thing planted is found, and nothing in clean ones."""

from __future__ import annotations

import importlib.util
import random
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from nosender.privacy_audit.finding import Finding, Severity
from nosender.privacy_audit.runner import read_snapshot
from nosender.privacy_audit.snapshot.snapshot import Snapshot
from nosender.schema.catalogue import load
from nosender.schema.observe.quoting import quoted

from ..conftest import ROOT

_spec = importlib.util.spec_from_file_location("false_alarms", ROOT / "benchmarks" / "false_alarms.py")
assert _spec is not None
assert _spec.loader is not None
benchmark: Any = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(benchmark)


@pytest.fixture
def owner(migrated: str) -> Iterator[psycopg.Connection]:
    """The session of an owner, in a database that holds nothing wrong."""
    with psycopg.connect(migrated, options="-c TimeZone=UTC", autocommit=True) as connection:
        connection.autocommit = False
        benchmark.fill(connection, random.Random(7), 300)  # noqa: S311
        connection.autocommit = True
        connection.execute("set session_replication_role = replica")
        connection.execute("set search_path = public")
        yield connection


def snapshot_of(conninfo: str) -> Snapshot:
    with psycopg.connect(conninfo) as connection:
        return read_snapshot(connection, "public", load(), call_probes=False).snapshot


def found(conninfo: str) -> set[str]:
    """`shared-value public.users.phone_number` of each finding."""
    some: list[Finding] = benchmark.findings(conninfo, snapshot_of(conninfo))
    return {f"{each.check} {each.object}" for each in some}


HEADER = (
    "update messages m set encrypted_content = substring(encrypted_content from 1 for {at}) || {value}"
    " || substring(encrypted_content from {at} + 1) where id % 4 = 0"
)
SENDER = "(select {column} from {table} k where user_id = 1 + m.id % 5 order by k.id limit 1)"
SENDERS = {
    "x25519 key": SENDER.format(column="x25519_public_key", table="messaging_public_keys"),
    "identity key": SENDER.format(column="ed25519_public_key", table="messaging_public_keys"),
    "credential id": SENDER.format(column="credential_id", table="webauthn_credentials"),
    "device key": SENDER.format(column="public_key", table="webauthn_credentials"),
    "session id": SENDER.format(column="convert_to(session_key_id, 'UTF8')", table="device_session_keys"),
    "number": "(select convert_to(substr(phone_number, 2), 'UTF8') from users where id = 1 + m.id % 5)",
}
AFTER = "update messages set encrypted_content = sha512(id::text::bytea) || sha512((-id)::text::bytea) || {}"
IN_MESSAGES = "public.messages.encrypted_content"
PLANTED = {
    **{
        f"the sender's {name} at byte {at}": (
            HEADER.format(at=at, value=value),
            f"matching-value {IN_MESSAGES}",
        )
        for name, value in SENDERS.items()
        for at in (13, 26)
    },
    "a trailer per sender": (
        "update messages set encrypted_content = encrypted_content"
        " || substr(sha256((id % 9)::text::bytea), 1, 4)",
        f"repeated-ciphertext {IN_MESSAGES}",
    ),
    "a mark in the middle": (
        "update messages m set encrypted_content = overlay(encrypted_content placing"
        " substr(sha256((id % 9)::text::bytea), 1, 12) from 17) where length(encrypted_content) > 40",
        f"repeated-ciphertext {IN_MESSAGES}",
    ),
    **{
        f"the sender's id as {words}": (
            f"update messages m set encrypted_content = {content}",
            f"repeated-ciphertext {IN_MESSAGES}",
        )
        for words, content in {
            "int4 in front": "int4send((1 + id % 40)::int) || encrypted_content",
            "int8 behind": "encrypted_content || int8send(1 + id % 40)",
            "int2 after the nonce": "overlay(encrypted_content placing int2send((id % 40)::int2) from 13)",
            "one byte within the tag": (
                "overlay(encrypted_content placing set_byte('\\x00', 0, (200 + id % 40)::int)"
                " from length(encrypted_content) - 7)"
            ),
            "little-endian int4 at a place of its own": (
                "overlay(encrypted_content placing set_byte('\\x00000000', 0, (1 + id % 40)::int) from 20)"
            ),
        }.items()
    },
    "the partner's id as int4 in a wrapped key": (
        "update device_session_keys set encrypted_session_key ="
        " encrypted_session_key || int4send((1 + id % 3)::int)",
        "repeated-ciphertext public.device_session_keys.encrypted_session_key",
    ),
    "text after 128 random bytes": (
        AFTER.format("repeat('see you at eight, bring it all. ', 3)::bytea"),
        f"plaintext {IN_MESSAGES}",
    ),
    "Cyrillic after 128 random bytes": (
        AFTER.format("convert_to(repeat('Встретимся завтра днём на мосту. ', 3), 'UTF8')"),
        f"plaintext {IN_MESSAGES}",
    ),
    "zeros after 128 random bytes": (
        AFTER.format("decode(repeat('00', 128), 'hex')"),
        f"plaintext {IN_MESSAGES}",
    ),
    "a user at the end of an identifier": (
        "update messages set message_id = md5(random()::text || id) || '_' || (1 + id % 30)",
        "guessable-identifier public.messages.message_id",
    ),
    "a user in a UUID of version 8": (
        "update messages set message_id = overlay(overlay(gen_random_uuid()::text placing '8' from 15)"
        " placing lpad(to_hex(id % 30), 3, '0') from 21)",
        "guessable-identifier public.messages.message_id",
    ),
    "one letter of a user's in hex": (
        "update messages set message_id = overlay(md5(random()::text || id) placing"
        " substr('01234567899', 1 + (id % 11)::int, 1) from 9)",
        "guessable-identifier public.messages.message_id",
    ),
    "a user's digits within hex": (
        "update messages set message_id = overlay(md5(random()::text || id) placing"
        " lpad((id * 37 % 1000)::text, 3, '0') from 9)",
        "guessable-identifier public.messages.message_id",
    ),
    **{
        f"one session id {way}": (
            "update device_session_keys set session_key_id = case user_id % 2 when 0"
            f" then gen_random_uuid()::text else session_key_id end where user_id < 3;"
            "update device_session_keys k set session_key_id ="
            f" (select {value} from device_session_keys o where user_id = 2 order by id limit 1)"
            " where user_id = 1",
            "shared-value public.device_session_keys.session_key_id",
        )
        for way, value in {
            "in capitals": "upper(session_key_id)",
            "without dashes": "replace(session_key_id, '-', '')",
            "backwards": "reverse(session_key_id)",
            "in base64": "encode(decode(replace(session_key_id, '-', ''), 'hex'), 'base64')",
        }.items()
    },
    "a number in a counter": (
        "update device_session_keys set key_rotation_counter = 491512345678 where id % 5 = 0",
        "contact-in-value public.device_session_keys.key_rotation_counter",
    ),
    "a stored number in a counter": (
        "update device_session_keys set key_rotation_counter ="
        " (select substr(phone_number, 2)::bigint from users where id = 2) where id % 5 = 0",
        "matching-value public.device_session_keys.key_rotation_counter",
    ),
    "a stored number in a type": (
        "update messages m set message_type ="
        " (select substr(phone_number, 2) from users where id = 1 + m.id % 4)",
        "matching-value public.messages.message_type",
    ),
    "a moment that lies ahead": (
        "update messages set created_at = date_trunc('hour', now() at time zone 'utc') + interval '30 days'"
        " where id % 7 = 0",
        "fine-time public.messages.created_at",
    ),
    "somebody else's key in a wrapped key": (
        "update device_session_keys k set encrypted_session_key = encrypted_session_key ||"
        " (select x25519_public_key from messaging_public_keys where user_id <> k.user_id limit 1)",
        "matching-value public.device_session_keys.encrypted_session_key",
    ),
}


@pytest.mark.parametrize("name", PLANTED)
def test_what_is_planted_in_our_tables_is_found(owner: psycopg.Connection, migrated: str, name: str) -> None:
    statement, expected = PLANTED[name]
    owner.execute(statement.encode())
    assert expected in found(migrated)


@pytest.mark.parametrize(("repeats", "severity"), [(4, Severity.LOW), (5, Severity.HIGH)])
def test_repeated_ciphertexts_decide_from_the_declared_share_on(
    owner: psycopg.Connection, migrated: str, repeats: int, severity: Severity
) -> None:
    """One client that sends the same again is told with a count and a share, and turns nobody's audit red."""
    owner.execute("truncate messages, message_deliveries")
    owner.execute(
        "insert into messages (destination_phone, encrypted_content, message_id)"
        " select phone_number, sha512(gen_random_uuid()::text::bytea), gen_random_uuid()::text"
        " from users cross join generate_series(1, 500) limit 500"
    )
    owner.execute(
        "update messages set encrypted_content = (select max(encrypted_content) from messages)"
        " where message_id in (select message_id from messages order by encrypted_content limit %s)",
        (repeats,),
    )
    [finding] = [
        each
        for each in benchmark.findings(migrated, snapshot_of(migrated))
        if each.check == "repeated-ciphertext" and "repeat another" in each.detail
    ]
    assert finding.severity is severity
    assert f"Of 500 values looked at, {repeats} repeat another" in finding.detail
    assert ("it decides from 1.0% on" in finding.detail) is (severity is Severity.LOW)


DIGITS = {first: "".join(chr(first + each) for each in range(10)) for first in (0xFF10, 0x660)}
ELSEWHERE = {
    "a domain": ("elsewhere.phone", "u.phone_number"),
    "a composite": ("elsewhere.pair", "row(7, u.phone_number::text)::elsewhere.pair"),
    "an array": ("text[]", "array['x', u.phone_number]"),
    "a range": ("int8range", "int8range(substr(u.phone_number, 2)::bigint, null)"),
    "a number": ("numeric", "substr(u.phone_number, 2)::numeric"),
    "an integer": ("bigint", "substr(u.phone_number, 2)::bigint"),
    "as json": ("json", "json_build_object('to', u.phone_number)"),
    "text with blanks": ("text", "regexp_replace(substr(u.phone_number, 2), '(..)(...)', '\\1 \\2-')"),
    "text backwards": ("text", "reverse(u.phone_number)"),
    "digits apart": ("bytea", "convert_to(regexp_replace(u.phone_number, '(.)', '\\1 ', 'g'), 'UTF8')"),
    "wide digits": ("text", f"translate(u.phone_number, '+0123456789', '{chr(0xFF0B)}{DIGITS[0xFF10]}')"),
    "Arabic digits": ("text", f"translate(u.phone_number, '0123456789', '{DIGITS[0x660]}')"),
    "a number as one dials it at home": ("text", "'0' || substr(u.phone_number, 4)"),
    "a number without the country": ("bigint", "substr(u.phone_number, 4)::bigint"),
    "a number in hexadecimal": ("text", "to_hex(substr(u.phone_number, 2)::bigint)"),
    "an integer in bytes": ("bytea", "int8send(substr(u.phone_number, 2)::bigint)"),
    "decimals in bytes": ("bytea", "decode(lpad(substr(u.phone_number, 2), 16, '0'), 'hex')"),
    "text in base64": ("text", "encode(convert_to(u.phone_number, 'UTF8'), 'base64')"),
    "text in hex": ("text", "encode(convert_to(u.phone_number, 'UTF8'), 'hex')"),
    "text after a thousand letters": ("text", "repeat('lorem ipsum ', 100) || u.phone_number"),
    "a composite with a null": ("elsewhere.pair", "row(null, u.phone_number)::elsewhere.pair"),
    "composites in an array": ("elsewhere.pair[]", "array[row(1, u.phone_number)::elsewhere.pair]"),
    "deep in jsonb": ("jsonb", "jsonb_build_object('a', jsonb_build_array(substr(u.phone_number, 2)))"),
    "a key in hex with colons": (
        "text",
        "regexp_replace(encode(p.x25519_public_key, 'hex'), '(..)(?=.)', '\\1:', 'g')",
    ),
    "a session id in capitals": ("text", "upper(k.session_key_id)"),
    "a session id in jsonb": ("jsonb", "jsonb_build_array(k.session_key_id)"),
    "a session id without dashes": ("text", "replace(k.session_key_id, '-', '')"),
    "a credential": ("bytea", "w.credential_id"),
    "a credential in hex": ("text", "encode(w.credential_id, 'hex')"),
    "a credential for URLs": (
        "text",
        "rtrim(translate(encode(w.credential_id, 'base64'), E'+/\\n', '-_'), '=')",
    ),
    "a public key in capitals": ("text", "upper(encode(p.x25519_public_key, 'hex'))"),
    "a public key in base64": ("text", "encode(p.x25519_public_key, 'base64')"),
    "public keys in an array": ("bytea[]", "array[p.ed25519_public_key]"),
}


def test_what_stands_elsewhere_is_found_in_any_type_and_spelling(
    owner: psycopg.Connection, migrated: str
) -> None:
    owner.execute("update device_session_keys set session_key_id = gen_random_uuid()::text")
    owner.execute(
        "create schema elsewhere; create domain elsewhere.phone as text check (value ~ '^.[0-9]+$');"
        "create type elsewhere.pair as (kind int, phone text)"
    )
    columns = ", ".join(f'"{name}" {kind}' for name, (kind, _) in ELSEWHERE.items())
    values = ", ".join(value for _, value in ELSEWHERE.values())
    owner.execute(f"create table elsewhere.seen (id int, {columns}, noise text)".encode())
    owner.execute(
        f"insert into elsewhere.seen select u.id, {values}, md5(u.id::text) from users u"
        " join webauthn_credentials w on w.user_id = u.id join messaging_public_keys p on p.user_id = u.id"
        " join device_session_keys k on k.user_id = u.id".encode()
    )
    assert found(migrated) == {f"matching-value elsewhere.seen.{quoted(name)}" for name in ELSEWHERE}


def test_the_cast_of_somebody_s_type_is_not_called(owner: psycopg.Connection, migrated: str) -> None:
    owner.execute(
        "create schema elsewhere; create type elsewhere.pair as (kind int, phone text);"
        "create table elsewhere.seen (what elsewhere.pair); insert into elsewhere.seen values (row(1, 'x'));"
        "alter table messages add column what elsewhere.pair; update messages set what = row(1, 'x');"
        "create function elsewhere.told(elsewhere.pair) returns {} language plpgsql as"
        " $$ begin raise exception 'called'; end $$;".format("text")
        + "create cast (elsewhere.pair as text) with function elsewhere.told(elsewhere.pair) as implicit"
    )
    assert "contact-in-value" not in " ".join(found(migrated))


def test_the_receiver_s_own_key_in_a_message_is_no_finding(owner: psycopg.Connection, migrated: str) -> None:
    owner.execute(
        "update messages m set encrypted_content = encrypted_content || sha256(random()::text::bytea) || ("
        "  select x25519_public_key from messaging_public_keys k join users u on u.id = k.user_id"
        "  where u.phone_number = m.destination_phone"
        ") || sha256(random()::text::bytea)"
    )
    assert found(migrated) == set()


@pytest.mark.parametrize(
    "front",
    [
        "'\\x0101'::bytea",
        "set_byte(sha256(random()::text::bytea), 31, get_byte(sha256(random()::text::bytea), 0) & 127)",
    ],
    ids=["a format", "an X25519 key"],
)
def test_what_any_client_may_put_in_front_is_no_finding(
    owner: psycopg.Connection, migrated: str, front: str
) -> None:
    owner.execute(f"update messages set encrypted_content = {front} || encrypted_content".encode())
    owner.execute(
        f"update device_session_keys set encrypted_session_key = {front} || encrypted_session_key".encode()
    )
    assert found(migrated) == set()


def test_small_numbers_elsewhere_are_no_finding(owner: psycopg.Connection, migrated: str) -> None:
    owner.execute("create schema elsewhere; create table elsewhere.seen (a int, b bigint, c text, d uuid)")
    owner.execute(
        "insert into elsewhere.seen select n, 4915000000000 + n, n::text, gen_random_uuid()"
        " from generate_series(1, 500) n"
    )
    assert found(migrated) == set()


def test_in_clean_databases_nothing_is_found(migrated: str) -> None:
    for words, some in benchmark.drawn(migrated, 50, 80, 3):
        assert some == [], words
