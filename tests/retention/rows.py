"""Rows to sweep: expired and live ones in every table that the policy names."""

from __future__ import annotations

import psycopg

PHONE = "+15550100001"


def people(connection: psycopg.Connection, devices: int = 2) -> None:
    """One user with so many devices."""
    connection.execute("insert into users (phone_number) values (%s)", [PHONE])
    connection.execute(
        """
        insert into webauthn_credentials (user_id, credential_id, public_key)
        select 1, decode(md5(n::text), 'hex'), '\\x01' from generate_series(1, %s) as n
        """,
        [devices],
    )


def messages(
    connection: psycopg.Connection, count: int, expiry: str, *, name: str = "m", deliveries: bool = True
) -> None:
    """So many messages; `expiry` is SQL over their number n, rounded up to the hour by the trigger."""
    connection.execute(
        f"""
        with stored as (
          insert into messages (destination_phone, encrypted_content, message_id, expires_at)
          select %s, decode(repeat('ab', 40), 'hex'), %s || n, {expiry} from generate_series(1, %s) as n
          returning id
        )
        select count(*) from stored
        """.encode(),
        [PHONE, f"{name}-", count],
    )
    if deliveries:
        connection.execute(
            """
            insert into message_deliveries (message_id, webauthn_credential_id)
            select m.id, w.id from messages as m cross join webauthn_credentials as w
            where m.message_id like %s
            """,
            [f"{name}-%"],
        )


def session_keys(connection: psycopg.Connection, count: int, expiry: str, *, name: str = "s") -> None:
    """So many active session keys of the first device."""
    connection.execute(
        f"""
        insert into device_session_keys
          (user_id, webauthn_credential_id, session_key_id, encrypted_session_key, expires_at)
        select 1, 1, %s || n, decode(repeat('ab', 60), 'hex'), {expiry} from generate_series(1, %s) as n
        """.encode(),
        [f"{name}-", count],
    )


def ephemeral_keys(
    connection: psycopg.Connection, count: int, expiry: str, *, used: bool = False, name: str = "e"
) -> None:
    """So many ephemeral keys."""
    connection.execute(
        f"""
        insert into ephemeral_keys
          (destination_phone, ephemeral_public_key, key_exchange_id, expires_at, used)
        select %s, sha256(%s || n::text::bytea), %s || n, {expiry}, %s from generate_series(1, %s) as n
        """.encode(),
        [PHONE, name, f"{name}-", used, count],
    )


def count(connection: psycopg.Connection, what: str) -> int:
    """How many rows: `what` is a table, and a WHERE if need be."""
    row = connection.execute(f"select count(*) from {what}".encode()).fetchone()
    assert row is not None
    return int(row[0])


def forge(owner: psycopg.Connection, where: str) -> None:
    """Empty the ledger's tables of their counts and hash everything anew, as the owner of a database can."""
    owner.execute(f"update retention_runs set deleted = 0, batches = 0 where {where}".encode())
    owner.execute(
        """
        do $$
        declare
          entry retention_runs;
          before bytea := sha256('nosender.retention_runs/1');
        begin
          for entry in select * from retention_runs order by id loop
            entry.previous_hash := before;
            before := sha256(convert_to(retention_row_text(entry), 'UTF8'));
            update retention_runs set previous_hash = entry.previous_hash, row_hash = before
            where id = entry.id;
          end loop;
        end
        $$
        """
    )
