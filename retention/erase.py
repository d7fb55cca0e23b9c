"""Deleted is not erased: what can be done about the bytes that deleted rows leave in the files.

A DELETE leaves the row where it is. VACUUM gives its place back but does not overwrite it; only a rewrite of
the table leaves it behind, in a file that the server then unlinks. The same goes for the values of a dropped
column. A rewrite leaves a receipt in the ledger, made in the same transaction by `retention_rewrite`. Beyond
the reach of any command here: the WAL and its archive, replicas, backups, and the disk's blocks.
docs/retention.md says what bounds each.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING

import psycopg
from psycopg import sql

from nosender.errors import NosenderError
from nosender.retention.every_node.erase import parts_to_erase
from nosender.retention.every_node.nodes import named_nodes, opened
from nosender.retention.plan import Plan
from nosender.retention.policy import declared_plan
from nosender.retention.session import refuse_replaced
from nosender.schema.catalogue import Catalogue, load
from nosender.schema.catalogue.places import declared_name, place_of
from nosender.server.sqlstates import in_words

if TYPE_CHECKING:
    from nosender.server.target import Target


@dataclass(frozen=True, slots=True)
class Measure:
    """One statement, and what it takes."""

    table: str
    statement: str
    """vacuum or rewrite."""
    lock: str
    """The lock it holds, and what that blocks."""
    bytes: int
    """Size of the table with its indexes and TOAST now; a rewrite needs as much room again."""


@dataclass(frozen=True, slots=True)
class Erased:
    """What one table was before and is after."""

    table: str
    bytes_before: int
    bytes_after: int
    dead_before: int
    """Deleted rows not yet vacuumed, as the statistics count."""


_LOCKS = {
    "vacuum": "SHARE UPDATE EXCLUSIVE, which blocks no reader and no writer",
    "rewrite": "ACCESS EXCLUSIVE, which blocks everybody until the table is written anew",
}


def measures(
    target: Target,
    *,
    rewrite: bool,
    plan: Plan | None = None,
    catalogue: Catalogue | None = None,
    nodes: Mapping[str, Target] | None = None,
) -> tuple[Measure, ...]:
    """What `erase` would do, table by table, with the locks it takes."""
    with target.connect("nosender retention erase", reading=True) as connection:
        if (named := named_nodes(connection, target, nodes, all_of_them=True)) is not None:
            tables = _tables(connection, target, plan, catalogue, rewrite=rewrite)
            with ExitStack() as stack:
                found = opened(connection, named, stack, what="nosender retention erase", reading=True)
                return tuple(
                    Measure(f"{each.name} on {node.name}", statement, _LOCKS[statement], each.bytes)
                    for node in found.live
                    for each in parts_to_erase(node, tables)
                    for statement in ("rewrite" if rewrite else "vacuum",)
                )
        return tuple(
            Measure(table, statement, _LOCKS[statement], _size(connection, target, table))
            for table in _tables(connection, target, plan, catalogue, rewrite=rewrite)
            for statement in ("rewrite" if rewrite else "vacuum",)
        )


def erase(
    target: Target,
    *,
    rewrite: bool = False,
    lock_timeout_ms: int = 5000,
    plan: Plan | None = None,
    catalogue: Catalogue | None = None,
    tell: Callable[[str], None] | None = None,
    nodes: Mapping[str, Target] | None = None,
) -> tuple[Erased, ...]:
    """Vacuum the swept tables, or write them anew, gather statistics afresh and make a checkpoint.

    A rewrite also takes every other declared table from which a column was dropped; a project's that the
    catalogue declares are taken all of them, for their rows go with those of ours. Runs under the tables'
    owner. NosenderError where a table cannot be had within the timeout: those before
    it are done. `nodes`: connections to the other nodes of a database that Citus distributes, by their
    numbers; there a rewrite leaves no receipt, for one is of one file.
    """

    from nosender.server.pooler import require_session

    done = []
    with target.connect("nosender retention erase", autocommit=True) as connection:
        require_session(target, connection, "an erasure")
        connection.set_for_session("lock_timeout", str(lock_timeout_ms))
        if (named := named_nodes(connection, target, nodes, all_of_them=True)) is not None:
            tables = _tables(connection, target, plan, catalogue, rewrite=rewrite)
            return tuple(_erased_on_nodes(connection, named, tables, lock_timeout_ms, tell, rewrite=rewrite))
        if rewrite:
            refuse_replaced(connection, target.schema)
        for table in _tables(connection, target, plan, catalogue, rewrite=rewrite):
            before, dead = _size(connection, target, table), _dead(connection, target, table)
            if tell is not None:
                tell(f"{'writing anew' if rewrite else 'vacuuming'} {table}, {before:,} bytes")
            name = sql.Identifier(*place_of(table, target.schema))
            try:
                if rewrite:
                    function = sql.Identifier(target.schema, "retention_rewrite")
                    connection.execute(sql.SQL("select {}({}::text)").format(function, sql.Literal(table)))
                    connection.execute(sql.SQL("analyze {}").format(name))
                else:
                    connection.execute(sql.SQL("vacuum (analyze, index_cleanup on) {}").format(name))
            except psycopg.errors.LockNotAvailable:
                raise NosenderError(
                    f"{table} is in use: its lock was not to be had within {lock_timeout_ms} ms; "
                    "the tables before it are done"
                ) from None
            except psycopg.Error as error:
                raise _explained(error, table) from None
            done.append(Erased(table, before, _size(connection, target, table), dead))
        _checkpoint(connection)
    return tuple(done)


def _erased_on_nodes(
    connection: psycopg.Connection,
    named: Mapping[str, Target | None],
    tables: list[str],
    lock_timeout_ms: int,
    tell: Callable[[str], None] | None,
    *,
    rewrite: bool,
) -> Iterator[Erased]:
    """The same of every part on each node, one node after the other; one that does not answer ends it."""
    with ExitStack() as stack:
        found = opened(connection, named, stack, what="nosender retention erase")
        for node in found.sessions:
            if node.why is not None:
                raise NosenderError(f"{node.name} was not done: {node.why}; the nodes before it are done")
            node.session.set_for_session("lock_timeout", str(lock_timeout_ms))
            for each in parts_to_erase(node, tables):
                told = f"{each.name} on {node.name}"
                if tell is not None:
                    tell(f"{'writing anew' if rewrite else 'vacuuming'} {told}, {each.bytes:,} bytes")
                how = sql.SQL("full, analyze" if rewrite else "analyze, index_cleanup on")
                try:
                    node.session.execute(
                        sql.SQL("vacuum ({}) {}").format(how, sql.Identifier(each.schema, each.name))
                    )
                except psycopg.Error as error:
                    raise _explained(error, told) from None
                after = sum(one.bytes for one in parts_to_erase(node, tables) if one.name == each.name)
                yield Erased(told, each.bytes, after, each.dead)
            _checkpoint(node.session)


def _checkpoint(connection: psycopg.Connection) -> None:
    """The files that a rewrite left are unlinked at the next checkpoint; without the right to one, later."""

    try:
        connection.execute("checkpoint")
    except psycopg.errors.InsufficientPrivilege:
        return


def _tables(
    connection: psycopg.Connection,
    target: Target,
    plan: Plan | None,
    catalogue: Catalogue | None,
    *,
    rewrite: bool,
) -> list[str]:
    """Every table that rows go from, by the sweep or by cascade; for a rewrite also what lost a column."""
    plan, catalogue = plan or declared_plan(), catalogue or load()
    names = {rule.table for rule in plan.rules if rule.expires_column is not None}
    names.update(child for rule in plan.rules for child in rule.children)
    names.update(each.name for each in catalogue.tables if each.whose and each.made_by == "nosender")
    if rewrite:
        lost = connection.execute(
            "select n.nspname, c.relname from pg_catalog.pg_class as c"
            " join pg_catalog.pg_namespace as n on n.oid = c.relnamespace"
            " where n.nspname = any(%s::text[]) and c.relkind = 'r' and exists ("
            "select from pg_catalog.pg_attribute as a"
            " where a.attrelid = c.oid and a.attnum > 0 and a.attisdropped)",
            [[target.schema, *catalogue.schemas]],
        )
        declared = {table.name for table in catalogue.tables}
        names.update({declared_name(home, name, target.schema) for home, name in lost} & declared)
    return sorted(names)


def _size(connection: psycopg.Connection, target: Target, table: str) -> int:
    row = connection.execute(
        "select pg_catalog.pg_total_relation_size(c.oid), pg_catalog.pg_has_role(c.relowner, 'usage')"
        " from pg_catalog.pg_class as c join pg_catalog.pg_namespace as n on n.oid = c.relnamespace"
        " where n.nspname = %s and c.relname = %s",
        place_of(table, target.schema),
    ).fetchone()
    if row is None:
        raise NosenderError(
            f"{table} is not there in schema {target.schema} of {target.describe()}: "
            "run `nosender db upgrade` first"
        )
    if not row[1]:  # VACUUM itself would only warn, and pass it over
        raise NosenderError(f"{table} can only be vacuumed by its owner: connect as the role that owns it")
    return int(row[0])


def _dead(connection: psycopg.Connection, target: Target, table: str) -> int:
    row = connection.execute(
        "select n_dead_tup from pg_catalog.pg_stat_user_tables where schemaname = %s and relname = %s",
        place_of(table, target.schema),
    ).fetchone()
    return int(row[0]) if row is not None else 0


def _explained(error: psycopg.Error, table: str) -> NosenderError:
    if error.sqlstate == "42883":
        return NosenderError(
            f"{table} cannot be written anew without our functions: run `nosender db upgrade` first"
        )
    if error.sqlstate == "53100":
        return NosenderError(
            f"the disk is full: to write {table} anew takes as much room again; it is unchanged"
        )
    return NosenderError(f"{table} was not done: {in_words(error)}")
