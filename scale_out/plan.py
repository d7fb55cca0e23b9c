"""What it would take to distribute a database, asked of it and of the servers that are to hold it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from nosender.errors import IncompleteError, UsageError
from nosender.scale_out.servers import Server, read_server
from nosender.schema.layouts import layout as layouts
from nosender.schema.layouts.keys import Problem, problems, refused_triggers
from nosender.schema.layouts.layout import Layout, LostTrigger, PlacedTable, ReplacedKey
from nosender.schema.layouts.standing import applied, beside, stands
from nosender.schema.observe.reference import within

if TYPE_CHECKING:
    from nosender.schema.observe import Observation
    from nosender.server.target import Target

ROWS_A_SECOND = 13_000
"""Rows that were written anew and copied to shards in a second, on two cores that three servers shared."""

_SIZES = """
select
  c.relname::text,
  greatest(c.reltuples::bigint, 0),
  pg_catalog.pg_total_relation_size(c.oid)
from pg_catalog.pg_class as c
inner join pg_catalog.pg_namespace as n on c.relnamespace operator(pg_catalog.=) n.oid
where n.nspname operator(pg_catalog.=) %s and c.relkind in ('r', 'p')
"""

_BOOKS = ("alembic_version",)
"""Tables that no catalogue of a core names; they stay where they are, like every book."""


@dataclass(frozen=True, slots=True)
class MovedTable:
    """A table, where it would stand, and how large it is."""

    name: str
    kind: str
    column: str | None
    rows: int
    """As the last vacuum or analyze left it to be known."""
    bytes: int
    """With its indexes and what is stored beside it."""
    whose: str
    """`nosender`, or `other` for a table that the layout does not name: it stays on the coordinator."""


@dataclass(frozen=True, slots=True)
class Plan:
    """The whole answer."""

    database: str
    schema: str
    servers: tuple[Server, ...]
    """The one that would be the coordinator first."""
    tables: tuple[MovedTable, ...]
    keys: tuple[ReplacedKey, ...]
    triggers: tuple[LostTrigger, ...]
    problems: tuple[Problem, ...]
    """What Citus would refuse and the layout has no answer to."""

    @property
    def moved(self) -> tuple[MovedTable, ...]:
        """The tables that leave the place where they are."""
        return tuple(each for each in self.tables if each.kind != "local")

    @property
    def bytes(self) -> int:
        """What has to be free beside them while they are moved."""
        return sum(each.bytes for each in self.moved)

    @property
    def seconds(self) -> int:
        """How long nobody writes to them."""
        return -(-sum(each.rows for each in self.moved) // ROWS_A_SECOND)

    @property
    def differing(self) -> tuple[str, ...]:
        """What the servers have not alike and must, each in a sentence."""
        seen = [each for each in self.servers if each.version is not None]
        majors = sorted({(each.version or "").partition(".")[0] for each in seen})
        versions = sorted({each.citus for each in seen if each.citus})
        found = [f"PostgreSQL is of several majors: {', '.join(majors)}"] if len(majors) > 1 else []
        return (*found, *([f"Citus is of several versions: {', '.join(versions)}"] if versions[1:] else []))

    @property
    def exit_code(self) -> int:
        """1 where something stands in the way, 3 where something was not looked at, else 0."""
        if self.problems or self.differing or any(each.loud for each in self.servers):
            return 1
        return 3 if any(each.unseen for each in self.servers) else 0


def make_plan(target: Target, nodes: Mapping[str, Target]) -> Plan:
    """The plan for the database of `target`, with the servers that are to be its workers.

    IncompleteError where the schema holds none of our tables or the database does not answer, UsageError
    where it is distributed.
    """
    layout = layouts.read()
    here, live = read_server("this server", target, layout)
    if live is None:
        target.connect("nosender db scale-out", reading=True).close()  # says why, if it still does not answer
        raise IncompleteError(here.unseen[0])
    if live.distribution is not None and (live.distribution.tables or live.distribution.group):
        raise UsageError("this database is distributed already: db scale-out status says how.")
    others = (read_server(f"node {name}", each, layout)[0] for name, each in sorted(nodes.items()))
    return plan_of(target, live, (here, *others))


def plan_of(target: Target, live: Observation, servers: tuple[Server, ...]) -> Plan:
    """The plan for a database that was read, over servers that were asked; the first of them holds it."""
    layout = layouts.read()
    part = within(live, target.schema)
    if not any(layout.table(each.name) for each in part.relations):
        raise IncompleteError(
            f"schema {target.schema} of this database holds none of our tables; run `nosender db upgrade`, "
            "or name the right schema with --schema"
        )
    whole = _with_others(layout, part)
    core = applied(part, beside(target.schema).back()) if stands(live) else part
    return Plan(
        live.database.name,
        target.schema,
        servers,
        _tables(target, whole, layout),
        layout.keys,
        layout.triggers,
        (*problems(_without_books(core), whole), *refused_triggers(core, whole)),
    )


def _with_others(layout: Layout, live: Observation) -> Layout:
    """The layout with every other table of the schema, which stays on the coordinator."""
    known = {each.name for each in layout.tables}
    others = tuple(
        PlacedTable(
            each.name, "local", None, adds_column=False, beside=each.name, place=layout.tables[0].place
        )
        for each in live.relations
        if each.kind in ("table", "partitioned table") and each.name not in known | {*_BOOKS}
    )
    return replace(layout, tables=(*layout.tables, *others))


def _without_books(live: Observation) -> Observation:
    return replace(live, relations=tuple(each for each in live.relations if each.name not in _BOOKS))


def _tables(target: Target, whole: Layout, layout: Layout) -> tuple[MovedTable, ...]:
    with target.connect("nosender db scale-out", reading=True) as connection:
        sizes = {
            name: (rows, size) for name, rows, size in connection.execute(_SIZES.encode(), [target.schema])
        }
    return tuple(
        MovedTable(
            each.name, each.kind, each.column, *sizes[each.name],
            whose="nosender" if layout.table(each.name) else "other",
        )
        for each in whole.tables
        if each.name in sizes
    )  # fmt: skip
