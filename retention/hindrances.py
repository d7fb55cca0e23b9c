"""What can keep a row that a sweep deletes or marks: triggers and rules of somebody else's, row security."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from nosender.terminal_text import visible

if TYPE_CHECKING:
    import psycopg

_QUERY = b"""
    select c.relname, 'trigger ' || t.tgname
    from pg_catalog.pg_class as c
    inner join pg_catalog.pg_trigger as t on c.oid = t.tgrelid
    where
        c.relnamespace = pg_catalog.current_schema()::pg_catalog.regnamespace
        and not t.tgisinternal
        and t.tgenabled <> 'D'
        and t.tgtype & 3 = 3 -- before each row
        and t.tgtype & 24 <> 0 -- delete, update
        and t.tgname not in (c.relname || '_guard', c.relname || '_guard_update')
    union all
    select c.relname, 'rule ' || r.rulename
    from pg_catalog.pg_class as c
    inner join pg_catalog.pg_rewrite as r on c.oid = r.ev_class
    where
        c.relnamespace = pg_catalog.current_schema()::pg_catalog.regnamespace
        and c.relkind in ('r', 'p')
        and r.ev_enabled <> 'D'
        and r.ev_type in ('2', '4') -- update, delete
    union all
    select c.relname, 'row security'
    from pg_catalog.pg_class as c
    where
        c.relnamespace = pg_catalog.current_schema()::pg_catalog.regnamespace
        and c.relrowsecurity
    order by 1, 2
"""


def hindrances(connection: psycopg.Connection) -> Mapping[str, tuple[str, ...]]:
    """By table, what stands between a sweep and its rows; our own guards let it pass."""
    found: dict[str, tuple[str, ...]] = {}
    for table, what in connection.execute(_QUERY).fetchall():
        found[table] = (*found.get(table, ()), what)
    return found


def what_stayed(connection: psycopg.Connection, found: Mapping[str, tuple[str, ...]]) -> tuple[str, ...]:
    """A sentence for each table in which rows are still due."""
    rows = connection.execute(
        "select table_name, due, more from retention_overdue() where due > 0 order by table_name"
    ).fetchall()
    return tuple(
        f"{'more than ' if more else ''}{due} expired rows of {visible(table)} are still there"
        + (f": kept by {', '.join(map(visible, found[table]))}" if table in found else "")
        for table, due, more in rows
    )
