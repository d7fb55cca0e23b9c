"""A layout on plain PostgreSQL: its tables partitioned by the column that distributes them.

PostgreSQL asks of such a table what Citus asks: that each of its keys holds that column. So it refuses what
Citus would, and every function meets rows that stand in several tables. What it has not is Citus' planner,
its locks and its nodes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nosender.schema.layouts import layout as layouts
from nosender.schema.layouts.scripts import keys_and_functions

if TYPE_CHECKING:
    import psycopg

PARTS = 4

_CONSTRAINTS = """
select c.conname::text, pg_catalog.pg_get_constraintdef(c.oid), c.contype::text
from pg_catalog.pg_constraint as c
where c.conrelid = %s::pg_catalog.regclass and c.contype in ('p', 'u', 'f')
order by pg_catalog.strpos('puf', c.contype::text), c.conname
"""
_INDEXES = """
select pg_catalog.pg_get_indexdef(i.indexrelid)
from pg_catalog.pg_index as i
where
  i.indrelid = %s::pg_catalog.regclass
  and not exists (select from pg_catalog.pg_constraint as c where c.conindid = i.indexrelid)
order by i.indexrelid
"""
_TRIGGERS = """
select pg_catalog.pg_get_triggerdef(t.oid)
from pg_catalog.pg_trigger as t
where t.tgrelid = %s::pg_catalog.regclass and not t.tgisinternal
order by t.oid
"""


def make(connection: psycopg.Connection, schema: str) -> None:
    """From the core in `schema`, whose tables are empty, to the layout with its tables in parts.

    Raises psycopg.Error where PostgreSQL refuses a key.
    """
    from psycopg import sql

    with connection.transaction():
        connection.execute(keys_and_functions(schema).encode())
        distributed = [each for each in layouts.read().tables if each.kind == "distributed"]
        rules = [_rules(connection, sql.Identifier(schema, each.name).as_string()) for each in distributed]
        for each in distributed:
            names: dict[str, Any] = {
                "table": sql.Identifier(schema, each.name),
                "whole": sql.Identifier(schema, f"{each.name}_whole"),
                "renamed": sql.Identifier(f"{each.name}_whole"),
                "column": sql.Identifier(each.column or ""),
            }
            connection.execute(sql.SQL("alter table {table} rename to {renamed}").format(**names))
            connection.execute(
                sql.SQL(
                    "create table {table} (like {whole} including all excluding indexes) "
                    "partition by hash ({column})"
                ).format(**names)
            )
            for part in range(PARTS):
                connection.execute(
                    sql.SQL(
                        "create table {} partition of {table} for values with (modulus {}, remainder {})"
                    ).format(sql.Identifier(schema, f"{each.name}_part_{part}"), PARTS, part, **names)
                )
            connection.execute(sql.SQL("drop table {whole} cascade").format(**names))
        for statement in (each for kind in zip(*rules, strict=True) for some in kind for each in some):
            connection.execute(statement.encode())


def _rules(connection: psycopg.Connection, table: str) -> tuple[list[str], ...]:
    """What the table has to have again, in statements: keys, then foreign keys, indexes, triggers."""
    from psycopg import sql

    keys: list[str] = []
    foreign: list[str] = []
    for name, definition, kind in connection.execute(_CONSTRAINTS.encode(), [table]).fetchall():
        made = f"alter table {table} add constraint {sql.Identifier(name).as_string()} {definition}"
        (foreign if kind == "f" else keys).append(made)
    indexes = [text for (text,) in connection.execute(_INDEXES.encode(), [table]).fetchall()]
    triggers = [text for (text,) in connection.execute(_TRIGGERS.encode(), [table]).fetchall()]
    return keys, foreign, indexes, triggers
