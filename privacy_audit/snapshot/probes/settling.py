"""Statements about rows that should have settled, and whose order still tells who is near."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from psycopg.sql import SQL, Composable, Composed, Identifier

from nosender.privacy_audit.snapshot.probes.parts import PAGES, name_of, text
from nosender.schema.project_policy import XMIN

if TYPE_CHECKING:
    from nosender.privacy_audit.snapshot.probes.asked import Asked

_MOMENTS = {
    "messages": SQL("r.created_at"),
    "message_deliveries": SQL(
        "coalesce(r.read_at, r.delivered_at, "
        "(select m.created_at from only {messages} as m where m.id = r.message_id))"
    ),
    "ephemeral_keys": SQL("r.created_at"),
    # Stored by the day, so it may be as new as the day's end.
    "device_session_keys": SQL("r.created_at + '1 day'::interval"),
    "messaging_public_keys": SQL("greatest(r.created_at, r.revoked_at)"),
}
"""When a row was written or touched at the latest, give or take an hour, as far as it says so itself."""
_LOCKED = ("users", "webauthn_credentials")


def _moments(asked: Asked, messages: Composable) -> dict[str, Composed]:
    """By table, the moment; of a project's, the column that it names, or nothing."""
    moments = {name: moment.format(messages=messages) for name, moment in _MOMENTS.items()}
    for table in asked.catalogue.tables:
        if (by := table.retention.settled_by) is not None:
            moments[table.name] = SQL("{}").format(
                SQL("null::timestamp") if by == XMIN else Identifier("r", by)
            )
    return moments


def settling(asked: Asked) -> list[Composed]:
    """By table, rows that no settle wrote though a newer one has ended, or though their time is over."""
    runs, messages = asked.tables("retention_runs", "messages")
    late = asked.catalogue.grace + timedelta(hours=1) + asked.knobs.settle
    parts = []
    moments = _moments(asked, name_of(messages))
    for table in asked.tables(*moments, *_LOCKED):
        if table.name in _LOCKED:
            unsettled = text(
                "r.xmax <> '0'::xid and r.xmax <> r.xmin and pg_catalog.age(r.xmax) between "
                "(select l.age from latest as l) and pg_catalog.age(r.xmin)"
            )
        else:
            unsettled = text(
                "r.xmin <> all (array(select s.number from settles as s)) and coalesce("
                "pg_catalog.age(r.xmin) > (select l.age from latest as l), "
                "{moment} < (pg_catalog.now() at time zone 'utc') - {late}::interval)",
                moment=moments[table.name],
                late=late,
            )
        sample = (
            SQL("")
            if table.whole()
            else text(
                "tablesample system ({share}) repeatable (1)",
                share=SQL(f"{round(100 * PAGES / table.pages, 6):f}"),  # a number
            )
        )
        parts.append(
            text(
                """(
                  with settles as materialized (
                    select e.xmin as number, e.status, e.clock_after
                    from only {runs} as e
                    where e.phase::text = 'settled' and e.table_name::text = {name}
                  ),
                  latest as materialized (
                    select pg_catalog.min(pg_catalog.age(s.number)) as age
                    from settles as s
                    where
                      s.status::text = 'done'
                      and s.clock_after < (pg_catalog.now() at time zone 'utc') - {late}::interval
                  )
                  select
                    {name}::text as table_name,
                    pg_catalog.count(*) as examined,
                    pg_catalog.count(*) filter (where {unsettled}) as unsettled,
                    {whole}::boolean as whole
                  from only {table} as r {sample}
                )""",
                runs=name_of(runs),
                name=table.name,
                late=late,
                unsettled=unsettled,
                whole=table.whole(),
                table=name_of(table),
                sample=sample,
            )
        )
    return parts


def order(asked: Asked) -> Composed:
    """How far places follow what was there before, by the text of the counting function itself."""
    asked.tables(
        "retention_runs", "messages", "message_deliveries", "device_session_keys", "messaging_public_keys"
    )
    return asked.body("audit_settled_order")
