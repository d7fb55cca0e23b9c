"""What the statements of the probes may read: the tables, how large they are, or why they are not read."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from nosender.schema.catalogue.places import declared_name, place_of

if TYPE_CHECKING:
    import psycopg

    from nosender.privacy_audit.snapshot.snapshot import Snapshot
    from nosender.schema.catalogue.model import Column as DeclaredColumn
    from nosender.schema.catalogue.model import Table as DeclaredTable
    from nosender.schema.observe import Observation
    from nosender.schema.observe.model import Column as LiveColumn
    from nosender.schema.observe.model import Relation

WHOLE_PAGES = 256
"""A table up to this size is read whole: 2 MB."""
PINNED = {
    # Nothing resolves through a schema that anybody may write to, temporary tables last of all.
    "search_path": "pg_catalog, pg_temp",
    # The planner would work out the constants of a table's own CHECKs, and with them call its functions.
    "constraint_exclusion": "off",
    # As the statements are written, and as the answers are read.
    "standard_conforming_strings": "on",
    "bytea_output": "hex",
    "timezone": "UTC",
    # An error instead of rows left out.
    "row_security": "off",
    # As the installed functions do: of whole tables a nested loop costs more than reading them.
    "enable_nestloop": "off",
    "enable_mergejoin": "off",
    "jit": "off",
    "max_parallel_workers_per_gather": "0",
}
TEXTS = frozenset({"text", "character varying", "character", "name"})
MOMENTS = frozenset({"timestamp without time zone", "timestamp with time zone", "date"})
INTEGERS = frozenset({"smallint", "integer", "bigint"})

NOT_STILL = (
    "is a materialized view, or locked or new, so nothing keeps its owner from running code beside it with "
    "the rights of the superuser who reads: read it as an auditor"
)

_PRIVILEGED = """
select exists (
  select
  from pg_catalog.pg_roles as r
  where
    pg_catalog.pg_has_role(session_user, r.oid, 'member')
    and (
      r.rolsuper
      or exists (
        select
        from pg_catalog.pg_class as c
        inner join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
        where
          n.nspname = $1::text
          and c.relname = any ($2::text[])
          and c.relkind in ('r', 'p', 'v', 'm', 'f')
          and pg_catalog.has_any_column_privilege(r.oid, c.oid, 'select')
      )
    )
),
session_user <> current_user
"""


@dataclass(frozen=True, slots=True)
class Column:
    """A live column, as a statement may read it."""

    name: str
    type: str
    """The built-in type that it rests on; "" for a composite, enum, range or any other type that is not
    built in, which is read as the text that its output function gives."""
    as_declared: bool
    """Whether the type is the very one that the DDL gives it."""
    not_null: bool
    declared: DeclaredColumn | None
    """What the catalogue says of it; None where it says nothing."""
    whose: str | None = None
    """The project whose table it stands in; None for ours, and for nobody's."""

    @property
    def data_class(self) -> str | None:
        """The name of its class in the catalogue."""
        return self.declared.data_class.name if self.declared is not None else None


@dataclass(frozen=True, slots=True)
class Table:
    """A table with rows, ours or anybody's."""

    schema: str
    bare: str
    """Its name, without the schema."""
    name: str
    """What the catalogue calls it; of what it does not declare, the bare one."""
    pages: int
    refused: str | None
    """Why no statement reads it; None where it is read."""
    columns: tuple[Column, ...]
    declared: DeclaredTable | None
    """What the catalogue says of it; None for a table that it does not declare."""

    def column(self, name: str | None) -> Column | None:
        """The live column of that name."""
        return next((each for each in self.columns if each.name == name), None)

    def of_class(self, *names: str) -> tuple[Column, ...]:
        """The columns of these classes, in their order."""
        return tuple(each for each in self.columns if each.data_class in names)

    def whole(self, most: int = WHOLE_PAGES) -> bool:
        """Whether it is small enough to be read whole."""
        return self.pages <= most


@dataclass(frozen=True, slots=True)
class Around:
    """The tables of the database, and who looks at them."""

    privileged: bool
    """Whether the session can read any of our tables, by itself or by a role that it can take."""
    ours: Mapping[str, Table]
    """The declared tables that are there, by name."""
    others: tuple[Table, ...]
    """The tables of all other schemas that have pages."""


@contextmanager
def pinned(connection: psycopg.Connection) -> Iterator[None]:
    """A part of the transaction in which no name resolves elsewhere than in pg_catalog."""
    with connection.transaction(force_rollback=True):
        pin(connection)
        yield


def pin(connection: psycopg.Connection) -> None:
    """The same until the transaction ends."""
    values = ", ".join(f"pg_catalog.set_config('{name}', '{value}', true)" for name, value in PINNED.items())
    connection.execute(f"select {values}".encode())


def look_around(connection: psycopg.Connection, snapshot: Snapshot) -> Around:
    """Ask once for the size and the rights of every table, and join what the Observation knows."""
    from psycopg import RawCursor

    schema, declared = snapshot.schema, [table.name for table in snapshot.catalogue.tables]
    words = {
        name: why for name in declared if (why := disguise(snapshot.live.relations, *place_of(name, schema)))
    }
    with RawCursor(connection) as cursor:
        found = cursor.execute(_PRIVILEGED.encode(), [schema, declared]).fetchone()
    privileged, set_role = found or (False, False)
    if not privileged:
        return Around(privileged=False, ours={}, others=())
    lowered = ", and SET ROLE gives up no right, so no function was called either: log in as the auditor"
    lowered = lowered if set_role else ""
    ours: dict[str, Table] = {}
    others = []
    still = getattr(connection, "still", None)
    promised = {(each.schema, each.table, each.name): each.type for each in snapshot.declared.columns}
    for in_schema, bare, pages, _, why in connection.execute(tables_of(snapshot.declared).encode()):
        refused = f"{why}{lowered}" if why and why.startswith("may not") else why
        if still is not None and not refused and (in_schema, bare) not in still:
            refused = NOT_STILL
        known = snapshot.catalogue.table(declared_name(in_schema, bare, schema))
        of_ours = in_schema == schema or known is not None
        if not of_ours and not pages:
            continue
        name = known.name if known is not None else bare
        live = snapshot.columns_by_table.get((in_schema, bare), [])
        columns = tuple(_column(each, known, promised if of_ours else {}) for each in live)
        table = Table(in_schema, bare, name, pages, words.get(name) if of_ours else refused, columns, known)
        if of_ours and known is not None:
            ours[name] = table if table.refused or not refused else _refuse(table, refused)
        elif not of_ours:
            others.append(table)
    for name, why in words.items():
        table = Table(*place_of(name, schema), name, 0, why, (), snapshot.catalogue.table(name))
        ours.setdefault(name, table)
    others.sort(key=lambda each: (each.schema, each.name))
    return Around(privileged=True, ours=dict(sorted(ours.items())), others=tuple(others))


def tables_of(declared: Observation) -> str:
    """The statement that tells of every table, which the counting functions ask as well: a body in SQL."""
    return next(each.body for each in declared.functions if each.name == "audit_tables")


def _refuse(table: Table, why: str) -> Table:
    return replace(table, refused=f"table {table.name} {why}")


def _column(
    live: LiveColumn, table: DeclaredTable | None, promised: Mapping[tuple[str, str, str], str]
) -> Column:
    kind = re.sub(r"\([0-9, ]+\)", "", live.base_type or live.type)
    return Column(
        name=live.name,
        # under an empty search_path a type that is not PostgreSQL's own is written with its schema
        type="" if "." in kind or (kind.startswith('"') and kind != '"char"') else kind,
        as_declared=promised.get((live.schema, live.table, live.name)) == live.type,
        not_null=live.not_null,
        declared=table.column(live.name) if table is not None else None,
        whose=table.whose if table is not None else None,
    )


def disguise(relations: Iterable[Relation], schema: str, name: str) -> str | None:
    """`view messages is no table`: what else stands under the name, or takes part of its rows."""
    from nosender.schema.observe.quoting import quoted

    full = f"{quoted(schema)}.{quoted(name)}"
    for each in relations:
        if each.schema == schema and each.name == name:
            if each.kind != "table":
                return f"{each.kind} {name} is no table"
            if each.parents:
                return f"table {name} is a part of another table"
        elif full in each.parents:
            return f"table {name} has another table below it, whose rows it shows as its own"
    return None
