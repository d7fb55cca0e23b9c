"""Statements about expiry, the ledger of the sweeps and what stays behind."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from psycopg.sql import SQL, Composable, Composed

from nosender.privacy_audit.snapshot.probes.asked import Refused
from nosender.privacy_audit.snapshot.probes.parts import column, name_of, text
from nosender.privacy_audit.snapshot.probes.reading import MOMENTS, TEXTS

if TYPE_CHECKING:
    from nosender.privacy_audit.snapshot.probes.asked import Asked
    from nosender.privacy_audit.snapshot.probes.reading import Table
    from nosender.schema.catalogue.model import Retention

CANARY = "+999999999999999"
CLOCK = SQL("(pg_catalog.now() at time zone 'utc')")
TAIL = 400
COUNTED = 10_000
ROW_TEXT = """pg_catalog.concat(
  'nosender.retention_runs/', coalesce(e.form, 1::smallint), e'\\n',
  'id=', e.id, e'\\n',
  'run_id=', e.run_id, e'\\n',
  'phase=', e.phase, e'\\n',
  'table_name=', e.table_name, e'\\n',
  'status=', e.status, e'\\n',
  'error_class=', e.error_class, e'\\n',
  'policy_hash=', pg_catalog.encode(e.policy_hash, 'hex'), e'\\n',
  'cutoff=', pg_catalog.to_char(e.cutoff, 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), e'\\n',
  'clock_before=', pg_catalog.to_char(e.clock_before, 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), e'\\n',
  'clock_after=', pg_catalog.to_char(e.clock_after, 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), e'\\n',
  'deleted=', e.deleted, e'\\n',
  'deactivated=', e.deactivated, e'\\n',
  'children=', e.children, e'\\n',
  'batches=', e.batches, e'\\n',
  'blocked=', e.blocked, e'\\n',
  'oldest_remaining=', pg_catalog.to_char(e.oldest_remaining, 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), e'\\n',
  'anchor_id=', e.anchor_id, e'\\n',
  'anchor_hash=', pg_catalog.encode(e.anchor_hash, 'hex'), e'\\n',
  'file_number=', e.file_number, e'\\n',
  'dropped_columns=', e.dropped_columns, e'\\n',
  case when e.form > 1 then pg_catalog.concat(
    'version=', e.version, e'\\n',
    'schema_name=', e.schema_name, e'\\n',
    'node=', e.node, e'\\n',
    'settled=', e.settled, e'\\n',
    'settled_until=', pg_catalog.to_char(e.settled_until, 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), e'\\n'
  ) end,
  'previous_hash=', pg_catalog.encode(e.previous_hash, 'hex'), e'\\n'
)"""
"""What the hash of a row is taken of, as retention_row_text of the DDL gives it."""


def ledger(asked: Asked) -> Composed:
    """The newest thousand rows, how many do not follow from the one before, and the last end of a sweep."""
    (runs,) = asked.tables("retention_runs")
    return text(
        """(
          with newest as (
            select e.* from only {runs} as e order by e.id desc limit 1001
          ),
          chained as (
            select
              e.id, e.phase, e.status, e.clock_after, e.previous_hash, e.row_hash,
              pg_catalog.sha256(pg_catalog.convert_to({row_text}, 'UTF8')) as true_hash,
              pg_catalog.lag(e.id) over (order by e.id) as id_before,
              pg_catalog.lag(e.row_hash) over (order by e.id) as hash_before,
              pg_catalog.row_number() over (order by e.id) as place
            from newest as e
          )
          select
            pg_catalog.count(*) as examined,
            pg_catalog.count(*) filter (
              where c.row_hash <> c.true_hash
              or (c.place > 1 and (c.id <> c.id_before + 1 or c.previous_hash <> c.hash_before))
            ) as broken,
            pg_catalog.count(*) filter (
              where c.phase::text = 'finished' and c.status::text in ('done', 'partial')
            ) as finished,
            coalesce(extract(epoch from {clock} - pg_catalog.max(c.clock_after) filter (
              where c.phase::text = 'finished' and c.status::text in ('done', 'partial')
            ))::bigint, 0::bigint) as seconds
          from chained as c
        )""",
        runs=name_of(runs),
        row_text=SQL(ROW_TEXT),
        clock=CLOCK,
    )


def ledger_chain(asked: Asked) -> Composed:
    """Where the chain is broken, from its beginning."""
    (runs,) = asked.tables("retention_runs")
    return text(
        """(
          with chain as (
            select
              e.id, e.previous_hash, e.row_hash,
              pg_catalog.lag(e.id) over (order by e.id) as before_id,
              pg_catalog.lag(e.row_hash) over (order by e.id) as before_hash,
              pg_catalog.sha256(pg_catalog.convert_to({row_text}, 'UTF8')) as made
            from only {runs} as e
          ),
          linked as (
            select
              c.*,
              coalesce(c.before_id, a.anchor_id, 0::bigint) as expected_after,
              coalesce(
                c.before_hash, a.anchor_hash, pg_catalog.sha256('nosender.retention_runs/1'::bytea)
              ) as expected_hash
            from chain as c
            -- The first row may follow rows that were past their age; a receipt says which, and their hash.
            left join only {runs} as a on c.before_id is null and a.anchor_id = c.id - 1 and a.id > c.id
          )
          select
            pg_catalog.count(*) as entries,
            coalesce(pg_catalog.sum(l.id - l.expected_after - 1), 0::numeric)::bigint as missing,
            pg_catalog.count(*) filter (
              where l.id = l.expected_after + 1 and l.previous_hash <> l.expected_hash
            ) as unlinked,
            pg_catalog.count(*) filter (where l.row_hash <> l.made) as altered
          from linked as l
        )""",
        runs=name_of(runs),
        row_text=SQL(ROW_TEXT),
    )


def canaries(asked: Asked) -> list[Composed]:
    """The canaries that stand, and for how long they have been due."""
    return [
        text(
            """(
              select
                {name}::text as table_name,
                extract(epoch from {clock} - {expiry}::timestamp)::bigint as seconds
              from only {table} as r
              where {phone}::text = {canary}
            )""",
            name=table.name,
            clock=CLOCK,
            expiry=column(expiry[0].name),
            table=name_of(table),
            phone=column(phone[0].name),
            canary=CANARY,
        )
        for table in asked.declared()
        if (phone := table.of_class("destination-phone")) and (expiry := table.of_class("expiry"))
    ]


def overdue(asked: Asked) -> list[Composed]:
    """What stands longer than its expiry and the grace: the ends of indexes, a thousand rows of each kind."""
    parts = []
    limit = text("{clock} - {grace}::interval", clock=CLOCK, grace=asked.catalogue.grace)
    for table in asked.declared():
        rule = table.declared.retention if table.declared is not None else None
        if rule is None:
            continue
        if rule.column is not None and _is_moment(table, rule.column):
            since, first = text("{expiry}", expiry=column(rule.column)), _order(rule)
            late = text("{first} < {limit} and {since} < {limit}", first=first, since=since, limit=limit)
            where = text("{standing} and {late}", standing=_standing(rule), late=late)
            parts.append(_late(asked, table, rule.column, since, where, first))
        created = next((each.declared for each in table.of_class("time") if each.declared), None)
        if rule.at_once is not None and created is not None and created.resolution is not None:
            # When it was used is not stored; it was created before, at the latest at the end of its hour.
            since = text(
                "{created} + {end}::interval",
                created=column(created.name),
                end=timedelta(seconds=created.resolution.seconds),
            )
            where = text(
                "{first} <= '-infinity'::timestamp and {used} and {since} < {limit}",
                first=_order(rule),
                used=column(rule.at_once),
                since=since,
                limit=limit,
            )
            parts.append(_late(asked, table, rule.at_once, since, where, _order(rule)))
        if rule.max_age is not None and rule.max_age_column and _is_moment(table, rule.max_age_column):
            since = text("{made} + {age}::interval", made=column(rule.max_age_column), age=rule.max_age)
            where = text(
                "{since} < {limit} and {past}",
                since=since,
                limit=limit,
                past=text("coalesce({expiry} < {limit}, true)", expiry=column(rule.column), limit=limit)
                if rule.column is not None
                else text("true"),
            )
            parts.append(_late(asked, table, rule.max_age_column, since, where))
    return parts


def kept(asked: Asked) -> list[Composed]:
    """Messages that were delivered everywhere and are older than history may be, where it is on."""
    messages, deliveries = asked.tables("messages", "message_deliveries")
    history = asked.knobs.history
    if history is None:
        return []
    return [
        asked.filled(
            "audit_kept",
            "kept",
            history=history,
            grace=asked.catalogue.grace,
            messages=name_of(messages),
            deliveries=name_of(deliveries),
        )
    ]


def _is_moment(table: Table, name: str) -> bool:
    found = table.column(name)
    return found is not None and found.type in MOMENTS


def _order(rule: Retention) -> Composed:
    """As the sweep's index has it: what goes at once first, then by expiry."""
    expiry = column(rule.column or "")
    if rule.at_once is None:
        return text("{expiry}", expiry=expiry)
    return text(
        "case when {flag} then '-infinity'::timestamp without time zone else {expiry} end",
        flag=column(rule.at_once),
        expiry=expiry,
    )


def _standing(rule: Retention) -> Composed:
    """Whether the sweep has not done its part of the row yet."""
    return text("{flag}", flag=column(rule.flag)) if rule.flag is not None else text("true")


def _late(
    asked: Asked,
    table: Table,
    name: str,
    since: Composable,
    where: Composable,
    order: Composable | None = None,
) -> Composed:
    """Of one promise: the rows that are past it, in the order of the sweep's index, or of the first rows of a
    table that has no such index.
    """
    whole = text("only {table}", table=name_of(table))
    some = text("(select * from only {table} limit 1000)", table=name_of(table))
    return asked.filled(
        "audit_overdue",
        "late",
        table=table.name,
        name=name,
        since=since,
        rows=whole if order is not None else some,
        condition=where,
        sorted=order if order is not None else since,
    )


def rewrites(asked: Asked) -> Composed:
    """Per dropped column of a table of the schema: how many receipts say that its file was written after."""
    (runs,) = asked.tables("retention_runs")
    return text(
        """(
          select
            c.relname::text as table_name,
            a.attnum::integer as column_number,
            (
              select pg_catalog.count(*)
              from only {runs} as r
              where
                r.phase::text = 'rewritten'
                and r.table_name::text = c.relname::text
                and r.file_number = pg_catalog.pg_relation_filenode(c.oid)::bigint
                and a.attnum = any (r.dropped_columns)
            ) as receipts
          from pg_catalog.pg_attribute as a
          inner join pg_catalog.pg_class as c on c.oid = a.attrelid
          inner join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
          where n.nspname = {schema} and c.relkind in ('r', 'p', 'm') and a.attnum > 0 and a.attisdropped
          order by 1, 2
        )""",
        runs=name_of(runs),
        schema=asked.schema,
    )


def statistics(asked: Asked) -> Composed:
    """How many values of each column the planner's statistics keep."""
    return text(
        """(
          select
            s.tablename::text as table_name,
            s.attname::text as column_name,
            (
              coalesce(pg_catalog.array_length(s.most_common_vals::text::text[], 1), 0)
              + coalesce(pg_catalog.array_length(s.histogram_bounds::text::text[], 1), 0)
              + coalesce(pg_catalog.array_length(s.most_common_elems::text::text[], 1), 0)
            )::bigint as kept
          from pg_catalog.pg_stats as s
          where s.schemaname = {schema}
          order by 1, 2
        )""",
        schema=asked.schema,
    )


def revision(asked: Asked) -> Composed:
    """What Alembic recorded; null where it recorded nothing."""
    if "alembic_version" not in asked.around.ours:
        return text("select null::text as value")
    version = asked.bookkeeping("alembic_version")
    number = version.column("version_num")
    if number is None or number.type not in TEXTS:
        raise Refused("alembic_version is not as Alembic makes it")
    return text(
        "select pg_catalog.string_agg(v.version_num::text, ',' order by v.version_num) as value"
        " from only {version} as v",
        version=name_of(version),
    )


def tail(asked: Asked) -> Composed:
    """The newest rows of the ledger, newest first."""
    (runs,) = asked.tables("retention_runs")
    return text(
        "(select e.* from only {runs} as e order by e.id desc limit {most})", runs=name_of(runs), most=TAIL
    )


def due(asked: Asked) -> list[Composed]:
    """How many rows of each table are due and since when; beyond ten thousand, what the catalog estimates."""
    parts = []
    for table in asked.declared():
        rule = table.declared.retention if table.declared is not None else None
        if rule is None or rule.column is None or not _is_moment(table, rule.column):
            continue
        parts.append(
            text(
                """(
                  with waiting as (
                    select least({expiry}, {clock}) as since
                    from only {table} as r
                    where {order} <= {clock} and {standing}
                    order by {order}
                    limit {most} + 1
                  )
                  select
                    {name}::text as table_name,
                    least(pg_catalog.count(*), {most}::bigint) as due,
                    pg_catalog.count(*) > {most} as more,
                    case when pg_catalog.count(*) > {most} then greatest({most}::bigint, (
                      select c.reltuples::bigint from pg_catalog.pg_class as c
                      where c.oid = {table_name}::pg_catalog.regclass
                    )) else pg_catalog.count(*) end as estimate,
                    (pg_catalog.array_agg(w.since))[1] as oldest
                  from waiting as w
                )""",
                expiry=column(rule.column),
                clock=CLOCK,
                table=name_of(table),
                table_name=name_of(table).as_string(None),
                order=_order(rule),
                standing=_standing(rule),
                most=COUNTED,
                name=table.name,
            )
        )
    return parts
