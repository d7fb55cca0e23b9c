"""What is overdue and how the last sweeps went, read through the functions that the sweeper may call."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

import psycopg

from nosender.errors import NosenderError
from nosender.retention.failures import explain
from nosender.retention.session import live_knobs, refuse_replaced, refuse_spread, statement
from nosender.retention.unsettled import Unsettled

if TYPE_CHECKING:
    from nosender.server.target import Target

MOMENT = 'YYYY-MM-DD"T"HH24:MI:SS"Z"'


@dataclass(frozen=True, slots=True)
class Overdue:
    """What is due in one table."""

    table: str
    due: int
    """Rows that have to go now; a lower bound where `more`."""
    more: bool
    """There are more than were counted."""
    estimate: int
    """How many there are by the planner's estimate; `due` itself unless `more`."""
    oldest: str | None
    """The oldest expiry among them, UTC."""
    oldest_seconds: float
    """How long ago that was; 0 where nothing is due."""
    dead: int | None
    """Deleted rows that no vacuum has taken away yet, as the statistics count."""


@dataclass(frozen=True, slots=True)
class Run:
    """One sweep as the ledger shows it."""

    run: str
    status: str
    """done, partial, interrupted, failed; or `unfinished`, which is still at work or has crashed."""
    error_class: str | None
    started: str
    seconds: float
    """From its start to its last receipt."""
    age_seconds: float
    """Since its last receipt."""
    deleted: int
    deactivated: int
    children: int
    batches: int


@dataclass(frozen=True, slots=True)
class Holder:
    """Somebody whose old snapshot keeps deleted rows from being vacuumed away."""

    kind: str
    name: str
    transactions: int
    """How many transactions have begun since."""
    seconds: int | None


@dataclass(frozen=True, slots=True)
class NodeStatus:
    """What one node of a distributed database holds."""

    node: str
    """Its number; 0 is the coordinator."""
    why: str | None
    """Why it was not looked at; None where it was."""
    overdue: tuple[Overdue, ...] = ()
    """Of the tables that it has a part of."""
    unsettled: tuple[Unsettled, ...] = ()
    copies: tuple[str, ...] = ()
    """Tables with rows that no sweep reaches: copies of shards, and what bears a distributed table's name."""


@dataclass(frozen=True, slots=True)
class Status:
    """Everything `retention status` says."""

    database: str
    schema: str
    overdue: tuple[Overdue, ...]
    runs: tuple[Run, ...]
    """The newest first."""
    last_done: Run | None
    holders: tuple[Holder, ...]
    holders_complete: bool
    """False where the server shows the functions' owner only a part of the sessions."""
    ledger_length: int
    """The number of the last row of the ledger."""
    knobs: dict[str, str]
    """What the operator decided, as a person writes it; empty where the function is another one."""
    nodes: tuple[NodeStatus, ...] = ()
    """Of a distributed database; what stands above is of all of them together."""


def read_status(target: Target) -> Status:
    """Read the state of retention, at a cost that does not grow with the tables."""

    schema = target.schema
    with target.connect("nosender retention", reading=True) as connection:
        try:
            refuse_spread(connection, schema)
            refuse_replaced(connection, schema)
            return status_of(connection, schema, _overdue(connection, schema))
        except psycopg.Error as error:
            raise explain(error, target) from None


def status_of(
    connection: psycopg.Connection,
    schema: str,
    overdue: tuple[Overdue, ...],
    nodes: tuple[NodeStatus, ...] = (),
) -> Status:
    """The status with what is overdue; the rest is read from the ledger and the sessions."""
    knobs: dict[str, str] = {}
    with contextlib.suppress(NosenderError):
        knobs = dict(live_knobs(connection, schema).items())
    runs = _runs(connection, schema)
    holders = connection.execute(
        statement(schema, "select kind, name, transactions, seconds, complete from {}.retention_holders()")
    ).fetchall()
    tail = connection.execute(statement(schema, "select id from {}.retention_ledger_tail(1)")).fetchone()
    return Status(
        database=connection.info.dbname,
        schema=schema,
        overdue=overdue,
        runs=runs,
        last_done=next((run for run in runs if run.status == "done"), None),
        holders=tuple(Holder(*row[:4]) for row in holders),
        holders_complete=all(row[4] for row in holders),
        ledger_length=tail[0] if tail else 0,
        knobs=knobs,
        nodes=nodes,
    )


def _overdue(connection: psycopg.Connection, schema: str) -> tuple[Overdue, ...]:
    query = """
        select due.table_name, due.due, due.more, due.estimate, pg_catalog.to_char(due.oldest, %s),
          coalesce(extract(epoch from (pg_catalog.now() at time zone 'utc') - due.oldest), 0)::float8,
          s.n_dead_tup
        from {}.retention_overdue(10000) as due
        left join pg_catalog.pg_stat_user_tables as s
          on case when s.schemaname = %s then s.relname else s.schemaname || '.' || s.relname end
          = due.table_name
        order by due.table_name
    """
    rows = connection.execute(statement(schema, query), [MOMENT, schema]).fetchall()
    return tuple(Overdue(*row) for row in rows)


def _runs(connection: psycopg.Connection, schema: str, rows: int = 200) -> tuple[Run, ...]:
    """The runs in the newest rows of the ledger."""
    query = """
        select
          run_id::text,
          coalesce(max(status) filter (where phase = 'finished'), 'unfinished'),
          max(error_class) filter (where phase = 'finished'),
          pg_catalog.to_char(min(clock_before), %s),
          extract(epoch from max(clock_after) - min(clock_before))::float8,
          extract(epoch from (pg_catalog.clock_timestamp() at time zone 'utc') - max(clock_after))::float8,
          coalesce(sum(deleted) filter (where phase = 'swept' and table_name <> 'retention_runs'), 0)::bigint,
          coalesce(sum(deactivated) filter (where phase = 'swept'), 0)::bigint,
          coalesce(sum(children) filter (where phase = 'swept'), 0)::bigint,
          coalesce(sum(batches) filter (where phase = 'swept'), 0)::bigint
        from {}.retention_ledger_tail(%s::integer)
        group by run_id
        having bool_or(phase = 'started')
        order by max(id) desc
    """
    found = connection.execute(statement(schema, query), [MOMENT, rows]).fetchall()
    return tuple(Run(*row) for row in found)
