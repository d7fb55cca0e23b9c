"""What can keep a row that a sweep deletes or marks: triggers and rules of somebody else's, row security."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from nosender.retention.session import statement
from nosender.terminal_text import visible

if TYPE_CHECKING:
    import psycopg

_QUERY = b"""
    select c.relname, 'trigger ' || t.tgname
    from pg_catalog.pg_class as c
    inner join pg_catalog.pg_namespace as n on c.relnamespace = n.oid
    inner join pg_catalog.pg_trigger as t on c.oid = t.tgrelid
    where
        n.nspname = %(schema)s
        and not t.tgisinternal
        and t.tgenabled <> 'D'
        and t.tgtype & 3 = 3 -- before each row
        and t.tgtype & 24 <> 0 -- delete, update
        and t.tgname not in (c.relname || '_guard', c.relname || '_guard_update')
    union all
    select c.relname, 'rule ' || r.rulename
    from pg_catalog.pg_class as c
    inner join pg_catalog.pg_namespace as n on c.relnamespace = n.oid
    inner join pg_catalog.pg_rewrite as r on c.oid = r.ev_class
    where
        n.nspname = %(schema)s
        and c.relkind in ('r', 'p')
        and r.ev_enabled <> 'D'
        and r.ev_type in ('2', '4') -- update, delete
    union all
    select c.relname, 'row security'
    from pg_catalog.pg_class as c
    inner join pg_catalog.pg_namespace as n on c.relnamespace = n.oid
    where
        n.nspname = %(schema)s
        and c.relrowsecurity
    order by 1, 2
"""

_DUE = "select table_name, due, more from {}.retention_overdue() where due > 0 order by table_name"


def hindrances(connection: psycopg.Connection, schema: str) -> Mapping[str, tuple[str, ...]]:
    """By table, what stands between a sweep and its rows; our own guards let it pass."""
    found: dict[str, tuple[str, ...]] = {}
    for table, what in connection.execute(_QUERY, {"schema": schema}).fetchall():
        found[table] = (*found.get(table, ()), what)
    return found


def what_stayed(
    connection: psycopg.Connection, schema: str, found: Mapping[str, tuple[str, ...]]
) -> tuple[str, ...]:
    """A sentence for each table in which rows are still due."""
    rows = connection.execute(statement(schema, _DUE)).fetchall()
    return tuple(
        f"{'more than ' if more else ''}{due} expired rows of {visible(table)} are still there"
        + (f": kept by {', '.join(map(visible, found[table]))}" if table in found else "")
        for table, due, more in rows
    )
