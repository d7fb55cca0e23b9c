"""Databases to sweep: half the messages expired, two deliveries each, in three layouts."""

from __future__ import annotations

import psycopg
from psycopg import sql

from nosender.schema import ddl
from nosender.server.embedded import EmbeddedServer

LAYOUTS = {
    "corr": "expiry mostly follows the order of insertion",
    "rand": "expiry has nothing to do with the place in the file",
    "tie": "everything expired at the same moment",
}
_EXPIRY = {
    # Stored in order over two weeks; four fifths live a week, a tenth a day, a tenth for ever.
    "corr": """
      case when n %% 10 = 9 then null
        else now() - interval '2 weeks' + interval '2 weeks' * n / total
          + case when n %% 10 = 8 then interval '1 day' else interval '1 week' end
      end
    """,
    "rand": "now() + interval '1 week' * (2 * random() - 1)",
    "tie": "case when n %% 2 = 0 then now() - interval '3 hours' end",
}


def fill(server: EmbeddedServer, name: str, layout: str, messages: int) -> None:
    """Create the database `name` with so many messages of 512 bytes."""
    with psycopg.connect(server.conninfo(), autocommit=True) as admin:
        admin.execute(sql.SQL("create database {}").format(sql.Identifier(name)))
    with psycopg.connect(server.conninfo(name), options="-c TimeZone=UTC", autocommit=True) as connection:
        ddl.load(connection, "public")
        # The rows are right; the triggers that would see to it cost more than the rest.
        connection.execute("set session_replication_role = replica")
        connection.execute("select setseed(0.5)")
        connection.execute(
            "insert into users (phone_number)"
            " select '+1555' || (1000000 + n) from generate_series(1, 500) as n"
        )
        connection.execute(
            "insert into webauthn_credentials (user_id, credential_id, public_key)"
            " select id, decode(md5(id || '-' || d), 'hex'), '\\x01' from users, generate_series(1, 2) as d"
        )
        connection.execute(
            f"""
            insert into messages (destination_phone, encrypted_content, message_id, expires_at)
            select '+1555' || (1000001 + n %% 500), decode(repeat(md5(n::text), 32), 'hex'), md5('m' || n),
              date_trunc('hour', {_EXPIRY[layout]})
            from generate_series(1, %(total)s) as n, (values (%(total)s)) as t (total)
            """.encode(),
            {"total": messages},
        )
        connection.execute(
            "insert into message_deliveries (message_id, webauthn_credential_id, delivery_status)"
            " select m.id, w.id, 'delivered' from messages as m"
            " join users as u on u.phone_number = m.destination_phone"
            " join webauthn_credentials as w on w.user_id = u.id"
        )
        connection.execute("vacuum analyze")
