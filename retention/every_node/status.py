"""What is overdue and unsettled on each node of a distributed database, beside what the ledger tells."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import ExitStack
from typing import TYPE_CHECKING

import psycopg

from nosender.retention import status as one_server
from nosender.retention import unsettled as of_one_server
from nosender.retention.every_node.nodes import NodeSession, named_nodes, opened, parts
from nosender.retention.failures import explain
from nosender.retention.session import refuse_replaced, statement
from nosender.retention.status import MOMENT, NodeStatus, Overdue, Status, status_of
from nosender.retention.unsettled import Unsettled, unsettled

if TYPE_CHECKING:
    from nosender.server.target import Target

_OVERDUE = """
    select table_name, due, more, estimate, pg_catalog.to_char(oldest, %s),
      coalesce(extract(epoch from (pg_catalog.now() at time zone 'utc') - oldest), 0)::float8, dead
    from {}.retention_part_overdue(10000) order by table_name
"""
_TARGETS = """
    select until::text, settled::text, rising::text
    from {}.retention_part_targets(%s::text, %s::text)
"""
_UNSETTLED = """
    select due, bytes, indexes
    from {}.retention_part_unsettled(%s::text, %s::timestamp, %s::xid[], %s::xid[])
"""
_TABLES = "select table_name from {}.retention_settling_tables()"
# What is the node's by no placement, and what a distributed table has under its own name.
_COPIES = """
    select c.relname::text
    from pg_catalog.pg_dist_shard as s
    inner join pg_catalog.pg_class as t on t.oid = s.logicalrelid
    inner join pg_catalog.pg_namespace as n on n.oid = t.relnamespace
    inner join pg_catalog.pg_class as c
      on c.relnamespace = t.relnamespace and c.relname = t.relname || '_' || s.shardid
    where
      n.nspname = %(schema)s
      and not exists (
        select
        from pg_catalog.pg_dist_placement as p
        inner join pg_catalog.pg_dist_local_group as l on l.groupid = p.groupid
        where p.shardid = s.shardid
      )
    union
    select t.relname::text
    from pg_catalog.pg_dist_partition as d
    inner join pg_catalog.pg_class as t on t.oid = d.logicalrelid
    inner join pg_catalog.pg_namespace as n on n.oid = t.relnamespace
    where n.nspname = %(schema)s and pg_catalog.pg_relation_size(t.oid) > 0
    order by 1
"""


def read_status(target: Target, named: Mapping[str, Target] | None, *, settles: bool = True) -> Status:
    """The state of retention; of a distributed database each node's, and all of them together.

    `named`: connections to the other nodes by their numbers, or None where nobody asks for them. `settles`:
    count what is to settle, for which tables are read whole.
    """
    if named is None:
        return one_server.read_status(target)
    with ExitStack() as stack:
        coordinator = stack.enter_context(target.connect("nosender retention", reading=True))
        try:
            targets = named_nodes(coordinator, target, named, all_of_them=False)
            if targets is None:
                return one_server.read_status(target)
            refuse_replaced(coordinator, target.schema)
            with ExitStack() as others:  # gone before it is asked who holds a snapshot
                nodes = opened(coordinator, targets, others, what="nosender retention", reading=True)
                told = tuple(_node(each, coordinator, settles=settles) for each in nodes.sessions)
            return status_of(coordinator, target.schema, _together(told), told)
        except psycopg.Error as error:
            raise explain(error, target) from None


def read_unsettled(target: Target, status: Status) -> tuple[Unsettled, ...]:
    """What is to settle, of all nodes together."""
    if not status.nodes:
        return of_one_server.read_unsettled(target)
    found: dict[str, Unsettled] = {}
    for each in (each for node in status.nodes for each in node.unsettled):
        same = found.get(each.table, Unsettled(each.table, 0, 0, 0, 0, 0))
        found[each.table] = Unsettled(
            each.table,
            same.rows + each.rows,
            same.bytes + each.bytes,
            same.wal + each.wal,
            max(same.seconds, each.seconds),  # at the same time
            max(same.fast_seconds, each.fast_seconds),
        )
    return tuple(found.values())


def _node(node: NodeSession, coordinator: psycopg.Connection, *, settles: bool) -> NodeStatus:
    if node.why is not None:
        return NodeStatus(node.key, node.why)
    schema = node.target.schema
    try:
        node.session.execute("select pg_catalog.set_config('citus.override_table_visibility', 'off', true)")
        rows = node.session.execute(statement(schema, _OVERDUE), [MOMENT]).fetchall()
        overdue = tuple(Overdue(*row) for row in rows if parts(node, row[0]))
        to_settle = tuple(_unsettled(node, coordinator)) if settles else ()
        copies = node.session.execute(_COPIES.encode(), {"schema": schema}).fetchall()
    except psycopg.Error as error:
        node.lose(error)
        return NodeStatus(node.key, node.why)
    return NodeStatus(node.key, None, overdue, to_settle, tuple(name for (name,) in copies))


def _unsettled(node: NodeSession, coordinator: psycopg.Connection) -> Iterable[Unsettled]:
    """By table, what the next sweep would settle on this node: as the coordinator's ledger has it."""
    schema = node.target.schema
    for (table,) in coordinator.execute(statement(schema, _TABLES)).fetchall():
        if not parts(node, table):
            continue
        most = (0, 0, 0)
        # A row that is due up to one moment may be due up to the next as well, and settles once.
        for target in coordinator.execute(statement(schema, _TARGETS), [table, node.place]).fetchall():
            row = node.session.execute(statement(schema, _UNSETTLED), [table, *target]).fetchone()
            most = max(most, row or most)
        if most[0]:
            yield unsettled(table, *most)


def _together(nodes: tuple[NodeStatus, ...]) -> tuple[Overdue, ...]:
    found: dict[str, Overdue] = {}
    for each in (each for node in nodes for each in node.overdue):
        same = found.get(each.table)
        found[each.table] = (
            each
            if same is None
            else Overdue(
                each.table,
                same.due + each.due,
                same.more or each.more,
                same.estimate + each.estimate,
                min(filter(None, (same.oldest, each.oldest)), default=None),
                max(same.oldest_seconds, each.oldest_seconds),
                (same.dead or 0) + (each.dead or 0),
            )
        )
    return tuple(found[name] for name in sorted(found))
