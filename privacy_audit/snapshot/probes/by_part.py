"""What rows hold on one node of a distributed database: each of its parts is asked by itself.

Some questions Citus refuses, or answers wrongly: which transaction wrote a row is counted by each node. So
they are asked of the tables in which the rows stand, over the node's own connection, and counts of all nodes
are added up. Only who may read the parts asks them: the counting functions know the whole tables alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from nosender.privacy_audit.snapshot.snapshot import Row, Unseen

if TYPE_CHECKING:
    import psycopg

    from nosender.privacy_audit.snapshot.probes.reading import Around, Table
    from nosender.privacy_audit.snapshot.snapshot import Snapshot

PROBES = ("audit_content", "audit_deliveries", "audit_same_transaction")
"""By the names of the functions that ask them of whole tables."""
_OF_DELIVERIES = "audit_deliveries"
_JOINING = (_OF_DELIVERIES, "audit_same_transaction")
"""Those that read a table beside the one that they are about."""
NO_READER = "who may read no table is told of none of its parts: this takes a login that may"

_PARTS = """
select
  n.nspname::text,
  c.relname::text,
  c.relname || '_' || s.shardid,
  s.shardminvalue::text,
  pg_catalog.pg_relation_size(pg_catalog.to_regclass(
    pg_catalog.format('%%I.%%I', n.nspname, c.relname || '_' || s.shardid)
  )) / pg_catalog.current_setting('block_size')::bigint
from pg_catalog.pg_dist_shard as s
inner join pg_catalog.pg_dist_placement as t on t.shardid operator(pg_catalog.=) s.shardid
inner join pg_catalog.pg_dist_local_group as l on l.groupid operator(pg_catalog.=) t.groupid
inner join pg_catalog.pg_class as c on c.oid operator(pg_catalog.=) s.logicalrelid
inner join pg_catalog.pg_namespace as n on n.oid operator(pg_catalog.=) c.relnamespace
where n.nspname operator(pg_catalog.=) %s
order by s.shardid
"""


def ask(connection: psycopg.Connection, snapshot: Snapshot) -> Mapping[str, tuple[Row, ...] | Unseen]:
    """The rows of each probe of PROBES, of all parts on this node, in the caller's transaction.

    None of a database that stands on one server.
    """
    from nosender.privacy_audit.snapshot.probes import statements
    from nosender.privacy_audit.snapshot.probes.reading import look_around, pinned

    spread = snapshot.live.distribution
    if spread is None or not spread.tables or not snapshot.has_ours:
        return {}
    with pinned(connection):
        around = look_around(connection, snapshot)
        if not around.privileged:
            return dict.fromkeys(PROBES, Unseen(NO_READER))
        found: dict[str, list[Row]] = {name: [] for name in PROBES}
        for whole, parts in _tables(connection, snapshot, around):
            joined = replace(around, ours={**whole, **parts}, others=())
            alone = replace(around, ours=parts or whole, others=())
            names = PROBES if parts else tuple(each for each in PROBES if each != _OF_DELIVERIES)
            for name in names:
                some = joined if name in _JOINING else alone
                answer = statements.ask(connection, snapshot, some, [name])[name]
                if isinstance(answer, Unseen):
                    return dict.fromkeys(PROBES, Unseen("a part did not answer")) | {name: answer}
                found[name] += (row for row in answer if not parts or _of(row) & parts.keys())
    return {name: together(rows) for name, rows in found.items()}


def _of(row: Row) -> set[str]:
    """The tables that a row tells of; an answer without their names is of the deliveries."""
    return {str(row[key]) for key in ("table_name", "other_table") if key in row} or {"message_deliveries"}


def _tables(
    connection: psycopg.Connection, snapshot: Snapshot, around: Around
) -> Iterator[tuple[dict[str, Table], dict[str, Table]]]:
    """What stands whole on this node; then the same with each set of parts that belong together."""
    spread = snapshot.live.distribution
    whole: dict[str, Table] = {}
    if spread is None or spread.is_coordinator:
        whole = {
            name: each for name, each in around.ours.items() if not snapshot.is_spread(each.schema, each.bare)
        }
    sets: dict[str, dict[str, Table]] = {}
    names = {(each.schema, each.bare): name for name, each in around.ours.items()}
    rows = connection.execute(_PARTS.encode(), [snapshot.schema]).fetchall()
    for schema, bare, part, begins, pages in rows:
        if (name := names.get((schema, bare))) is None or pages is None:
            continue
        table = replace(around.ours[name], bare=part, pages=pages)
        if begins is None:
            whole[name] = table
        else:
            sets.setdefault(begins, {})[name] = table
    yield whole, {}
    for parts in sets.values():
        yield whole, parts


def together(rows: Iterable[Row]) -> tuple[Row, ...]:
    """Rows that tell of the same, as one: counts are added, and it is whole where all are."""
    found: dict[tuple[object, ...], dict[str, object]] = {}
    for row in rows:
        key = tuple((name, value) for name, value in row.items() if not isinstance(value, int | float))
        same = found.setdefault(key, {})
        for name, value in row.items():
            before = same.get(name)
            if isinstance(value, bool) and isinstance(before, bool):
                same[name] = before and value
            elif isinstance(value, int | float) and isinstance(before, int | float):
                same[name] = before + value
            else:
                same[name] = value
    return tuple(found.values())
