"""The session of a sweep: where it looks for our functions, and how it calls one of their steps."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import psycopg

    from nosender.server.target import Target

State = dict[str, Any]
"""What a sweep is at, as the functions of the database hand it out and take it back."""
Progress = Callable[[State], None]
COUNTS = ("deleted", "deactivated", "children", "batches", "blocked")
"""What a state counts: of the table under way, and under `total` of the tables before."""


def enter_schema(connection: psycopg.Connection, target: Target) -> None:
    """Look up our functions in the target's schema and nowhere else."""
    from psycopg import sql

    connection.execute(sql.SQL("set search_path to {}, pg_temp").format(sql.Identifier(target.schema)))


def call(connection: psycopg.Connection, query: str, state: State, *more: object) -> State:
    """Ask a function that takes a state, and perhaps more, for the next one."""
    from psycopg.types.json import Jsonb

    row = connection.execute(query.encode(), [Jsonb(state), *more]).fetchone()
    assert row is not None  # noqa: S101  # a function call answers with one row
    found: State = row[0]
    return found


def step(connection: psycopg.Connection, state: State) -> State:
    """One transaction of a sweep: at most one batch."""
    return call(connection, "select retention_step(%s)", state)
