"""Keeps anybody from putting code beside a table while a superuser reads it.

The planner works out the constants in the expressions of a table's indexes and statistics, with the rights of
whoever only reads. Before a table is read it is looked up that none runs somebody's code, but its owner could
make one between the look and the reading. A superuser therefore holds two locks from before his snapshot on:
on each table the one of any writer, for which CREATE INDEX waits, and on the catalog of statistics one for
which CREATE STATISTICS waits. Nobody who reads or writes rows waits for either.

A CREATE STATISTICS that is not committed holds the catalog no more, but its table: for a moment the table is
taken from it, too, before the snapshot, and given back.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import psycopg
from psycopg import sql

if TYPE_CHECKING:
    from typing import LiteralString

    from nosender.server.pinned_connection import PinnedConnection

MOST = 2000
"""Of more tables the rest is not read: each lock takes room that all sessions share."""

_TABLES = """
    select n.nspname, c.relname
    from pg_catalog.pg_class as c
    inner join pg_catalog.pg_namespace as n on n.oid operator(pg_catalog.=) c.relnamespace
    where
        c.relkind operator(pg_catalog.=) any (array['r', 'p']::"char"[])
        and c.relpersistence operator(pg_catalog.<>) 't'
        and n.nspname operator(pg_catalog.<>)
            all (array['pg_catalog', 'information_schema', 'pg_toast']::name[])
    order by n.nspname operator(pg_catalog.=) %s desc, n.nspname, c.relname
    limit %s
"""
_STATISTICS = sql.SQL("lock table pg_catalog.pg_statistic_ext in share mode")


def hold_still(connection: PinnedConnection, schema: str) -> None:
    """Have each transaction of a superuser's hold the tables, those of `schema` first, as far as they can be.

    On a standby the catalog of statistics cannot be held: there the primary's changes come in any case.
    """
    if connection.info.parameter_status("is_superuser") != "on":
        return
    recovers = connection.info.parameter_status("in_hot_standby") == "on"
    try:
        with connection.transaction():
            tables = [(place, name) for place, name in connection.execute(_TABLES, [schema, MOST]).fetchall()]
    except (UnicodeDecodeError, psycopg.errors.CharacterNotInRepertoire):
        tables = []  # what reads the catalogs says it
    if not _won(connection, _locks([], "", recovers=recovers)):
        tables = []
    elif not _won(connection, _locks(tables, "", recovers=recovers)):
        tables = [each for each in tables if _won(connection, _locks([each], "nowait", recovers=recovers))]
    connection.still = frozenset(tables)
    held = _locks(tables, "", recovers=recovers) if tables else []
    connection.first = tuple(each.as_bytes(connection) for each in held)


def _locks(
    tables: list[tuple[str, str]], more: LiteralString, *, recovers: bool
) -> list[sql.SQL | sql.Composed]:
    """The statements that hold these tables; none of them takes a snapshot."""
    statements: list[sql.SQL | sql.Composed] = [] if recovers else [_STATISTICS]
    if not tables:
        return statements
    names = sql.SQL(", ").join(sql.SQL("only {}").format(sql.Identifier(*each)) for each in tables)
    lock = sql.SQL("lock table {} in {} mode {}")
    if not recovers:
        statements += [
            sql.SQL("savepoint still"),
            lock.format(names, sql.SQL("share update exclusive"), sql.SQL(more)),
            sql.SQL("rollback to savepoint still"),
            sql.SQL("release savepoint still"),
        ]
    return [*statements, lock.format(names, sql.SQL("row exclusive"), sql.SQL(more))]


def _won(connection: PinnedConnection, locks: Sequence[sql.SQL | sql.Composed]) -> bool:
    """Whether they are to be had now."""
    try:
        with connection.transaction(force_rollback=True):
            for each in locks:
                connection.execute(each)
    except (psycopg.errors.LockNotAvailable, psycopg.errors.UndefinedTable, psycopg.errors.WrongObjectType):
        return False
    return True
