"""Statements about who is joined with whom by the rows of our own tables."""

from __future__ import annotations

from typing import TYPE_CHECKING

from psycopg.sql import SQL, Composed

from nosender.privacy_audit.snapshot.probes.parts import (
    addressed,
    column,
    name_of,
    owner_of,
    people_of,
    rows,
    text,
)

if TYPE_CHECKING:
    from nosender.privacy_audit.snapshot.probes.asked import Asked

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
    return [
        text(
            """(
              with newest as (
                select r.id, r.ctid as place, r.xmin::text::bigint as transaction
                from only {table} as r
                order by r.id desc
                limit 100
              ),
              paired as (
                select
                  place > pg_catalog.lag(place) over (order by id) as later_place,
                  transaction >= pg_catalog.lag(transaction) over (order by id) as later_transaction
                from newest
              )
              select
                {name}::text as table_name,
                pg_catalog.count(later_place) as pairs,
                pg_catalog.count(*) filter (where later_place) as in_file_order,
                pg_catalog.count(*) filter (where later_transaction) as in_transaction_order
              from paired
            )""",
            table=name_of(table),
            name=table.name,
        )
        for table in orderly
    ]


_SAME_TRANSACTION = """(
  with outward as materialized (
    select m.xmin::text as transaction, {destination}::text as destination
    from only {outward} as m
    order by {newest_outward}
    limit {most}
  ),
  own as materialized (
    select o.xmin::text as transaction, {owner}::integer as owner
    from only {own} as o
    order by {newest_own}
    limit {most}
  ),
  sent as (
    select s.transaction, pg_catalog.array_agg(distinct s.destination) as destinations
    from outward as s
    group by s.transaction
    having pg_catalog.count(distinct s.destination) <= 5
  ),
  owned as (
    select
      w.transaction,
      pg_catalog.unnest(pg_catalog.array_agg(distinct w.owner)) as owner
    from own as w
    group by w.transaction
    having pg_catalog.count(distinct w.owner) <= 5
  ),
  both_wrote as materialized (
    select sent.transaction, sent.destinations, owned.owner
    from sent
    inner join owned on owned.transaction = sent.transaction
    limit {looks}
  )
  select
    {outward_name}::text as table_name,
    {own_name}::text as other_table,
    (select pg_catalog.count(*) from sent) as examined,
    pg_catalog.count(distinct b.transaction) filter (
      where (select u.phone_number::text from only {users} as u where u.id = b.owner)
      <> all (b.destinations)
    ) as joined,
    (
      {whole}
      or (select pg_catalog.count(*) from outward) < 100
      and (select pg_catalog.count(*) from own) < 100
    )
    and (select pg_catalog.count(*) from both_wrote) < {looks} as whole
  from both_wrote as b
)"""
"""One pair of tables: transactions that wrote both for a destination and for a user who is somebody else."""


def same_transaction(asked: Asked) -> list[Composed]:
    """Transactions that wrote both for a destination and for a user who is somebody else."""
    catalogue = asked.catalogue
    outward = [table for table in asked.declared() if table.name in addressed(catalogue)]
    people = people_of(catalogue)
    (users,) = asked.tables("users")
    own = [
        table
        for table in asked.declared()
        if table.name in people
        or any(key.table == table.name and key.parent in people for key in catalogue.foreign_keys)
    ]
    parts = []
    for to in outward:
        for by in own:
            whole = to.whole() and by.whole()
            parts.append(
                text(
                    _SAME_TRANSACTION,
                    outward=name_of(to),
                    own=name_of(by),
                    users=name_of(users),
                    destination=column(to.of_class("destination-phone")[0].name, "m"),
                    owner=column(owner_of(catalogue, by) or "id", "o"),
                    newest_outward=column("id", "m") + SQL(" desc"),
                    newest_own=column("id", "o") + SQL(" desc"),
                    most=SQL("all" if whole else "100"),
                    looks=1000 if whole else 24,
                    outward_name=to.name,
                    own_name=by.name,
                    whole=whole,
                )
            )
    return parts


def sizes(asked: Asked) -> list[Composed]:
    """How many different lengths the ciphertexts have, and how many rows share the commonest."""
    return [
        text(
            """(
              with classes as (
                select pg_catalog.octet_length({content}) as size, pg_catalog.count(*) as members
                from {rows} as r
                group by 1
              )
              select
                {table}::text as table_name,
                {name}::text as column_name,
                coalesce(pg_catalog.sum(members), 0)::bigint as examined,
                pg_catalog.count(*) as sizes,
                coalesce(pg_catalog.max(members), 0) as commonest,
                {whole} as whole
              from classes
            )""",
            content=column(found.name),
            rows=rows(table),
            table=table.name,
            name=found.name,
            whole=table.whole(),
        )
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
