"""The session of a sweep: how it calls our functions, each named with its schema."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Literal, NotRequired, TypedDict

import psycopg
from psycopg import sql
from psycopg.types.json import Jsonb

from nosender.errors import IncompleteError, NosenderError
from nosender.schema import knobs
from nosender.terminal_text import visible

Pass = Literal["begin", "blocks", "keys", "last", "age", "history", "prune", "end"]
"""How a table is walked: by place, by expiry, once more for what was locked, by age of all rows or of those
that are done with; or its ledger cut."""


Count = Literal["deleted", "deactivated", "children", "batches", "blocked"]


class Counts(TypedDict):
    """What a sweep counts, of one table or of several."""

    deleted: int
    deactivated: int
    children: int
    """Rows of other tables that went by cascade."""
    batches: int
    blocked: int
    """Rows that stayed because others had locked them."""


COUNTS: tuple[Count, ...] = ("deleted", "deactivated", "children", "batches", "blocked")
NOTHING: Counts = {"deleted": 0, "deactivated": 0, "children": 0, "batches": 0, "blocked": 0}


_AtPass = TypedDict("_AtPass", {"pass": Pass})
"""A key that is a word of Python's."""


class State(Counts, _AtPass):
    """What a sweep is at, as the functions of the database hand it out and take it back.

    The counts are of the table under way. What is not required is there from the first batch on, in a part of
    a table, or at the end.
    """

    run: str
    """UUID of the run."""
    cutoff: str
    policy: str
    """The hash of the database's own policy, in hexadecimal digits."""
    clock_back: bool
    most: int
    """No batch is larger, in rows."""
    size: int
    """Of the next batch."""
    rate: int | None
    """Rows a second at most."""
    tables: list[str]
    at: int
    """Which of the tables is under way; their number at the end."""
    total: Counts
    """Of the tables before."""
    duty: float
    """The share of the time spent working."""
    target_ms: float | None
    """How long a batch should take; None where each is as large as may be."""
    canary: bool
    partial: NotRequired[bool]
    """Something stayed."""
    settling: bool
    """Rows are still to be written anew, after the last table."""
    settled: int
    """How many were."""
    passed_over: int
    """How many others had locked: they settle with the next set."""
    pause_ms: float
    """To wait before the next step."""
    finished: bool

    left: NotRequired[bool]
    """Rows were passed over in this pass."""
    skip: NotRequired[bool]
    affected: NotRequired[int]
    """By the last batch."""
    time: NotRequired[str]
    """Where the walk stands: the expiry and id of the last row, or its place."""
    id: NotRequired[int]
    place: NotRequired[str]
    transaction: NotRequired[str | None]
    """Of the last batch; None where it wrote nothing."""

    held: NotRequired[bool]
    """A session of ours holds a snapshot while rows are written anew."""
    vacuumed: NotRequired[bool]
    """Their old versions are gone."""

    taken: NotRequired[str]
    """Of a table in shards: which of its parts."""
    look: NotRequired[bool]
    """At the end of it, whether anything stayed."""
    moved: NotRequired[bool]
    """It stands on another node by now."""
    oldest: NotRequired[str | None]
    """The oldest moment of what stayed."""
    part: NotRequired[int]
    """The number of the part's lock."""
    until_time: NotRequired[str]
    """Where the part ends."""
    until_id: NotRequired[int]
    until_place: NotRequired[str]

    status: NotRequired[str]
    error_class: NotRequired[str | None]
    ledger_id: NotRequired[int]
    ledger_hash: NotRequired[str]


Progress = Callable[[State], None]


_VALUES = """
select p.prosrc
from pg_catalog.pg_proc as p
inner join pg_catalog.pg_namespace as n on p.pronamespace = n.oid
where n.nspname = %s and p.proname = %s and p.pronargs = 0
"""


@lru_cache(maxsize=64)
def statement(schema: str, query: str) -> sql.Composed:
    """`query` with our schema in it, wherever it says {}."""
    return sql.SQL(query).format(*[sql.Identifier(schema)] * query.count("{}"))


def call(connection: psycopg.Connection, schema: str, query: str, state: State, *more: object) -> State:
    """Ask a function that takes a state, and perhaps more, for the next one."""

    row = connection.execute(statement(schema, query), [Jsonb(state), *more]).fetchone()
    assert row is not None  # noqa: S101  # a function call answers with one row
    found: State = row[0]
    return found


def step(connection: psycopg.Connection, schema: str, state: State) -> State:
    """One transaction of a sweep: at most one batch."""
    return call(connection, schema, "select {}.retention_step(%s)", state)


def end(
    connection: psycopg.Connection, schema: str, state: State, outcome: str, error_class: str | None
) -> State:
    """End a sweep, with its receipt."""
    query = "select {}.retention_stop(%s, %s::text, %s::text)"
    return call(connection, schema, query, state, outcome, error_class)


def refuse_replaced(connection: psycopg.Connection, schema: str, *, spread: bool | None = None) -> None:
    """NosenderError where a superuser would run, with all rights, what somebody put in place of our code.

    `spread`: whether rows stand in shards, where that is known.
    """
    from nosender.schema.layouts.bodies import function_bodies
    from nosender.schema.observe import replaced

    if connection.info.parameter_status("is_superuser") != "on":
        return
    spread = is_spread(connection, schema) if spread is None else spread
    replaced.refuse_replaced(
        connection,
        schema,
        "retention_",
        "connect as a role that was granted nosender_sweeper, and see `nosender db check`",
        function_bodies(schema) if spread else None,
    )


def is_spread(connection: psycopg.Connection, schema: str) -> bool:
    """Whether rows stand in shards: each node then has a session of its own."""
    from nosender.schema.observe.read.distribution import spread

    found = spread(connection, schema)
    return found is not None and bool(found.tables)


def refuse_spread(connection: psycopg.Connection, schema: str) -> None:
    """IncompleteError where rows stand in shards: a count of the coordinator's would be none of theirs."""
    from nosender.schema.observe.read.distribution import spread

    found = spread(connection, schema)
    if found is not None and found.tables:
        raise IncompleteError(
            f"Citus distributes {', '.join(map(visible, found.tables))} over {found.nodes} "
            "nodes, and this session reaches one: name each other node, with --every-node and --node N=URL; "
            "nothing was done"
        )


def live_knobs(connection: psycopg.Connection, schema: str) -> knobs.Knobs:
    """What stands in the database's function; NosenderError where it is another one. Calls nothing."""
    row = connection.execute(_VALUES.encode(), [schema, knobs.FUNCTION]).fetchone()
    found = knobs.read(row[0]) if row is not None else None
    if found is None:
        raise NosenderError(
            f"the function {knobs.FUNCTION} of schema {visible(schema)} is not the declared one: run "
            "nosender db check, and nosender db upgrade where revisions are pending"
        )
    return found
