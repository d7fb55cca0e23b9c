"""What the backend does with the database: a function is one transaction, and a message says no sender."""

import psycopg


def connect(url):
    """A session as the functions of the message flow want it."""
    return psycopg.connect(url, options="-c TimeZone=UTC", autocommit=True)


def register(connection, phone, credential, device_key, messaging_key, signature, identity_key):
    """A person with the first device; the numbers of both."""
    return connection.execute(
        "select user_id, device_id from register_person(%s, %s, %s, %s, %s, %s)",
        (phone, credential, device_key, messaging_key, signature, identity_key),
    ).fetchone()


def wake_with(connection, device, sealed_token):
    """Remember for a month how a device is woken; the token is sealed for the push gateway."""
    connection.execute(
        "insert into push_tokens (webauthn_credential_id, sealed_token, expires_at)"
        " values (%s, %s, date_trunc('hour', now() at time zone 'utc') + interval '31 days')"
        " on conflict (webauthn_credential_id) do update"
        " set sealed_token = excluded.sealed_token, expires_at = excluded.expires_at",
        (device, sealed_token),
    )


def send(connection, phone, ciphertext, message):
    """Store a message for a number, and return what wakes the devices of that number."""
    connection.execute("select send_message(%s, %s, %s)", (phone, ciphertext, message))
    rows = connection.execute(
        "select t.sealed_token from push_tokens as t"
        " inner join webauthn_credentials as d on d.id = t.webauthn_credential_id"
        " inner join users as u on u.id = d.user_id"
        " where u.phone_number = %s and d.is_active",
        (phone,),
    )
    return [row[0] for row in rows]


def inbox(connection, device):
    """The messages that wait for a device."""
    rows = connection.execute("select message_id, encrypted_content from fetch_messages(%s)", (device,))
    return rows.fetchall()
