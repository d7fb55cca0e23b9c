"""Statements about who is joined with whom by the rows of our own tables."""

from __future__ import annotations

from typing import TYPE_CHECKING

from psycopg.sql import SQL, Composable, Composed, Identifier

from nosender.privacy_audit.snapshot.probes.owners import addressed
from nosender.privacy_audit.snapshot.probes.parts import column, name_of, rows, text

if TYPE_CHECKING:
    from nosender.privacy_audit.snapshot.probes.asked import Asked
    from nosender.privacy_audit.snapshot.probes.reading import Table

SMALL = 1000
"""Tables up to so many pages are joined whole: 8 MB."""


def deliveries(asked: Asked) -> Composed:
    """Deliveries to a device that is not the destination's own: all where the tables are small, else a sample
    with each row looked up through the indexes.
    """
    read, sent, devices, users = asked.tables(
        "message_deliveries", "messages", "webauthn_credentials", "users"
    )
    names = {"sent": name_of(sent), "devices": name_of(devices), "users": name_of(users)}
    if all(table.whole(SMALL) for table in (read, sent, devices, users)):
        return text(
            """select
              pg_catalog.count(*) as examined,
              pg_catalog.count(*) filter (
                where (u.phone_number::text = m.destination_phone::text) is not true
              ) as strangers,
              true as whole
            from only {read} as r
            left join only {sent} as m on m.id = r.message_id
            left join only {devices} as w on w.id = r.webauthn_credential_id
            left join only {users} as u on u.id = w.user_id""",
            read=name_of(read),
            **names,
        )
    return text(
        """select
          pg_catalog.count(*) as examined,
          pg_catalog.count(*) filter (where (
            (
              select (select u.phone_number::text from only {users} as u where u.id = w.user_id)
              from only {devices} as w
              where w.id = r.webauthn_credential_id
            ) = (select m.destination_phone::text from only {sent} as m where m.id = r.message_id)
          ) is not true) as strangers,
          {whole} as whole
        from {rows} as r""",
        rows=rows(read, 10),
        whole=read.whole(),
        **names,
    )


def lifetimes(asked: Asked) -> Composed:
    """Lifetimes that are none of the thirteen, by the text of the counting function itself."""
    asked.tables("messages", "device_session_keys")
    return asked.body("audit_lifetimes")


def sequence_ids(asked: Asked) -> Composed:
    """Ids that came from a sequence, by the text of the counting function itself."""
    asked.tables(
        "messages", "message_deliveries", "device_session_keys", "ephemeral_keys", "messaging_public_keys"
    )
    return asked.body("audit_sequence_ids")


def session_key_owners(asked: Asked) -> Composed:
    """Session keys for the device of another user, in the same way."""
    read, devices = asked.tables("device_session_keys", "webauthn_credentials")
    if read.whole(SMALL) and devices.whole(SMALL):
        return text(
            """select
              pg_catalog.count(*) as examined,
              pg_catalog.count(*) filter (where (w.user_id = r.user_id) is not true) as strangers,
              true as whole
            from only {read} as r
            left join only {devices} as w on w.id = r.webauthn_credential_id
            where r.webauthn_credential_id is not null""",
            read=name_of(read),
            devices=name_of(devices),
        )
    return text(
        """select
          pg_catalog.count(*) as examined,
          pg_catalog.count(*) filter (where (r.user_id = (
            select w.user_id from only {devices} as w where w.id = r.webauthn_credential_id
          )) is not true) as strangers,
          {whole} as whole
        from {rows} as r
        where r.webauthn_credential_id is not null""",
        rows=rows(read, 10),
        devices=name_of(devices),
        whole=read.whole(),
    )


def order(asked: Asked) -> list[Composed]:
    """Neighbours by id that also follow each other in the file and by transaction."""
    orderly = [
        table
        for table in asked.declared()
        if table.of_class("serial")
        and table.column("id") is not None
        and table.of_class("link", "destination-phone", "account-phone")
    ]
    return [asked.filled("audit_order", "order", table=name_of(table), name=table.name) for table in orderly]


def same_transaction(asked: Asked) -> list[Composed]:
    """Transactions that wrote both for a destination and for a user who is somebody else."""
    (users,) = asked.tables("users")
    owned = [(table, owner) for table in asked.declared() if (owner := asked.owner(table)) is not None]
    owning = {table.name: _owning_user(asked, table, owner) for table, owner in owned}
    return [
        asked.filled(
            "audit_same_transaction",
            "pair",
            outward=name_of(sent),
            own=name_of(own),
            users=name_of(users),
            destination=column(number, "m"),
            owner=theirs,
            outward_place=_place("m", sent),
            own_place=_place("o", own),
            most=SQL("all" if (whole := sent.whole() and own.whole()) else "100"),
            looks=1000 if whole else 24,
            outward_name=sent.name,
            own_name=own.name,
            whole=whole,
        )
        for sent, (number, to) in owned
        if to == "destination"
        for own, _ in owned
        if (theirs := owning[own.name]) is not None
    ]


def _place(alias: str, table: Table) -> Composable:
    """The number of a row, else its place in the file."""
    return column("id" if table.column("id") is not None else "ctid", alias)


def _owning_user(asked: Asked, table: Table, owner: tuple[str, str]) -> Composable | None:
    """The user whose a row is; None where it goes to a destination. A delivery is one's with its message."""
    name, kind = owner
    if kind == "user":
        return column(name, "o")
    sent = addressed(asked.catalogue)
    keys = [key for key in asked.catalogue.foreign_keys if key.table == table.name]
    if kind == "destination" or any(key.parent in sent for key in keys):
        return None
    (devices,) = asked.tables(next(key.parent for key in keys if key.columns == (name,)))
    user, kind = asked.owner(devices) or ("", "")
    if kind != "user":
        return None
    return text(
        "(select d.{user} from only {devices} as d where d.id = {device})",
        user=Identifier(user),
        devices=name_of(devices),
        device=column(name, "o"),
    )


def sizes(asked: Asked) -> list[Composed]:
    """How many different lengths the ciphertexts have, and how many rows share the commonest."""
    return [
        text("({part})", part=asked.filled("audit_sizes", "sizes", **asked.of_column(table, found)))
        for table in asked.declared()
        for found in table.of_class("ciphertext")
        if found.type == "bytea"
    ]


def public_keys(asked: Asked) -> Composed:
    """Published keys with their signatures, without owners, in random order."""
    (keys,) = asked.tables("messaging_public_keys")
    return text(
        """(
          select
            r.x25519_public_key, r.ed25519_signature, r.ed25519_public_key,
            {whole} and pg_catalog.count(*) over () <= 1000 as whole
          from {rows} as r
          order by pg_catalog.random()
          limit 1000
        )""",
        rows=rows(keys, 20),
        whole=keys.whole(),
    )
