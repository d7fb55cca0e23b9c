"""What a call costs, counted in pages and scans and not in time, on tables that hold something."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta

import psycopg
import pytest

from .app import CIPHERTEXT, IDENTITY, KEY, SEALED, SIGNATURE, app

PEOPLE, MESSAGES = 200, 20_000
PHONE = "+15551000007"


@pytest.fixture
def filled(any_migrated: str) -> Iterator[str]:
    """200 people with two devices each and 100 messages each, all pending."""
    with psycopg.connect(any_migrated, autocommit=True) as owner:
        owner.execute("set session_replication_role = replica")  # the rows are right: no guard is needed
        owner.execute(
            """
            insert into users (phone_number) select '+' || 15551000000 + n from generate_series(1, %s) as n
            """,
            [PEOPLE],
        )
        owner.execute(
            """
            insert into webauthn_credentials (user_id, credential_id, public_key)
            select (n + 1) / 2, sha256(n::text::bytea), 'key' from generate_series(1, 2 * %s) as n
            """,
            [PEOPLE],
        )
        owner.execute(
            """
            insert into messages (destination_phone, encrypted_content, message_id, expires_at)
            select '+' || 15551000001 + n %% %s, sha512(n::text::bytea), 'm' || n, date '2099-01-01'
            from generate_series(1, %s) as n
            """,
            [PEOPLE, MESSAGES],
        )
        owner.execute(
            """
            insert into message_deliveries (message_id, webauthn_credential_id)
            select messages.id, webauthn_credentials.id
            from messages
            join users on phone_number = destination_phone
            join webauthn_credentials on user_id = users.id
            """
        )
        owner.execute("reset session_replication_role")
        owner.execute("vacuum analyze")
        yield any_migrated


def test_a_fetch_of_ten_touches_at_most_fifty_pages(filled: str) -> None:
    with app(filled) as session:
        session.rows("fetch_messages", 14, 10)  # plans, and reads the catalogs
        plan = session.connection.execute(
            "explain (analyze, buffers, costs off, timing off) select * from public.fetch_messages(15, 10)"
        ).fetchall()
    text = "\n".join(line for (line,) in plan)
    pages = re.search(r"Buffers: shared hit=(\d+)(?: read=(\d+))?", text)
    assert pages is not None, text
    assert sum(int(number or 0) for number in pages.groups()) <= 50


def test_no_function_scans_a_table(filled: str) -> None:
    """A phone number has no statistics: the planner's guess must not turn into a scan of everything."""

    def scans() -> int:
        with psycopg.connect(filled) as owner:
            row = owner.execute(
                "select sum(seq_scan) from pg_stat_user_tables where schemaname = 'public'"
            ).fetchone()
            assert row is not None
            return int(row[0])

    before = scans()
    with app(filled) as session:  # its counts are reported when it ends
        user, devices = session.user("+15552000001", devices=2)
        session.call("publish_public_key", user, KEY, SIGNATURE, IDENTITY)
        session.call("rotate_session_key", user, None, "s1", devices, [SEALED] * 2)
        session.call("rotate_session_key", user, "s1", "s2", devices, [SEALED] * 2)
        for number in range(8):  # past the calls after which PostgreSQL settles on a plan
            session.rows("active_public_key", PHONE)
            session.send(PHONE, f"new {number}", expires_in=timedelta(days=1))
            session.call("send_messages", [PHONE] * 3, [CIPHERTEXT] * 3, [f"{number}/{n}" for n in range(3)])
            session.call("publish_ephemeral_key", PHONE, KEY, f"x{number}")
            session.rows("claim_ephemeral_key", PHONE)
            session.rows("session_keys", devices[0])
            session.rows("active_devices", user)
            [row, *_] = session.rows("fetch_messages", 14)
            session.call("acknowledge", 14, [row[0]], "delivered")
        session.call("revoke_device", devices[0])
        session.call("forget_phone_number", PHONE)
        session.call("register_user", PHONE, True)
    assert scans() == before
