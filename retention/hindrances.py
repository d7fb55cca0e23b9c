"""What can keep a row that a sweep deletes or marks: triggers and rules of somebody else's, row security."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from nosender.retention.plan import Plan
from nosender.retention.session import statement
from nosender.schema.catalogue import load
from nosender.schema.catalogue.places import declared_name, place_of
from nosender.terminal_text import visible

if TYPE_CHECKING:
    import psycopg

_QUERY = b"""
    select n.nspname, c.relname, 'trigger ' || t.tgname
    from pg_catalog.pg_class as c
    inner join pg_catalog.pg_namespace as n on c.relnamespace = n.oid
    inner join pg_catalog.pg_trigger as t on c.oid = t.tgrelid
    where
        n.nspname = any(%(schemas)s)
        and not t.tgisinternal
        and t.tgenabled <> 'D'
        and t.tgtype & 3 = 3 -- before each row
        and t.tgtype & 24 <> 0 -- delete, update
        and not (
            n.nspname = %(home)s and c.relname = any(%(ours)s)
            and t.tgname in (c.relname || '_guard', c.relname || '_guard_update')
        )
    union all
    select n.nspname, c.relname, 'rule ' || r.rulename
    from pg_catalog.pg_class as c
    inner join pg_catalog.pg_namespace as n on c.relnamespace = n.oid
    inner join pg_catalog.pg_rewrite as r on c.oid = r.ev_class
    where
        n.nspname = any(%(schemas)s)
        and c.relkind in ('r', 'p')
        and r.ev_enabled <> 'D'
        and r.ev_type in ('2', '4') -- update, delete
    union all
    select n.nspname, c.relname, 'row security'
    from pg_catalog.pg_class as c
    inner join pg_catalog.pg_namespace as n on c.relnamespace = n.oid
    where
        n.nspname = any(%(schemas)s)
        and c.relrowsecurity
    order by 1, 2, 3
"""

_DUE = "select table_name, due, more from {}.retention_overdue() where due > 0 order by table_name"


def hindrances(connection: psycopg.Connection, schema: str, plan: Plan) -> Mapping[str, tuple[str, ...]]:
    """By table of the plan, what stands between a sweep and its rows; our own guards let it pass."""
    found: dict[str, tuple[str, ...]] = {}
    names = {
        "home": schema,
        "schemas": sorted({place_of(rule.table, schema)[0] for rule in plan.rules} | {schema}),
        "ours": [table.name for table in load().tables],
    }
    for home, name, what in connection.execute(_QUERY, names).fetchall():
        table = declared_name(home, name, schema)
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
