"""The session of a sweep: how it calls our functions, each named with its schema."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from nosender.errors import NosenderError

if TYPE_CHECKING:
    import psycopg

State = dict[str, Any]
"""What a sweep is at, as the functions of the database hand it out and take it back."""
Progress = Callable[[State], None]
COUNTS = ("deleted", "deactivated", "children", "batches", "blocked")
"""What a state counts: of the table under way, and under `total` of the tables before."""


@lru_cache(maxsize=64)
def statement(schema: str, query: str) -> bytes:
    """`query` with our schema in it, wherever it says {}."""
    from psycopg import sql

    return sql.SQL(query).format(*[sql.Identifier(schema)] * query.count("{}")).as_bytes(None)


def call(connection: psycopg.Connection, schema: str, query: str, state: State, *more: object) -> State:
    """Ask a function that takes a state, and perhaps more, for the next one."""
    from psycopg.types.json import Jsonb

    row = connection.execute(statement(schema, query), [Jsonb(state), *more]).fetchone()
    assert row is not None  # noqa: S101  # a function call answers with one row
    found: State = row[0]
    return found


def step(connection: psycopg.Connection, schema: str, state: State) -> State:
    """One transaction of a sweep: at most one batch."""
    return call(connection, schema, "select {}.retention_step(%s)", state)


def refuse_replaced(connection: psycopg.Connection, schema: str) -> None:
    """NosenderError where a superuser would run, with all rights, what somebody put in place of our code.

    A function that runs with its owner's rights can do no more than its owner. Of the others, which run with
    the caller's, those of ours are compared with what we declared.
    """
    from nosender.schema.observe import reference

    if connection.info.parameter_status("is_superuser") != "on":
        return
    declared = {
        (each.name, each.identity): each.body for each in reference(schema).functions if each.schema == schema
    }
    rows = connection.execute(
        """
        select p.proname, pg_catalog.pg_get_function_identity_arguments(p.oid), p.prosrc
        from pg_catalog.pg_proc as p
        inner join pg_catalog.pg_namespace as n on p.pronamespace = n.oid
        where n.nspname = %s and pg_catalog.starts_with(p.proname::text, 'retention_') and not p.prosecdef
        order by p.proname
        """,
        [schema],
    ).fetchall()
    for name, arguments, body in rows:
        if declared.get((name, arguments)) != body:
            raise NosenderError(
                f"the function {name} of schema {schema} is not the declared one, and would run with the "
                "rights of a superuser: connect as a role that was granted nosender_sweeper, and see "
                "`nosender db check`"
            )
