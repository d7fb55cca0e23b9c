"""Reads rows to count: a bounded number of statements, each bounded in rows and milliseconds."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from nosender.privacy_audit.explore import statements
from nosender.privacy_audit.explore.counts import Measures
from nosender.privacy_audit.explore.guessing.guesses import guess
from nosender.privacy_audit.explore.guessing.world import World
from nosender.privacy_audit.explore.model import Kind
from nosender.privacy_audit.explore.names.vocabulary import WHOLE
from nosender.privacy_audit.explore.names.words import words_of
from nosender.privacy_audit.explore.tables import base, is_content, is_identifier, is_time

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import psycopg

    from nosender.privacy_audit.explore.model import Bound, Table
    from nosender.privacy_audit.explore.tables import TableShape

_COLUMNS = 40
"""Columns of one table that are read."""
_PAIRED = 4
"""Columns of one table that are held beside each other."""
_WEIGHED = 3
_FEW = 25
_VALUES = 50
"""Different values that are looked up in a key."""
_KEYS = 3
"""Keys of people, and of groups, that values are looked up in."""
_LOOKED_UP = 8
"""Columns of one table that are looked up."""
_PAGES = 2000
"""Pages from which on a table is read by random pages."""
_LARGE = 1 << 30

# Whoever only reads a table makes the planner work out the constants in the expressions of its indexes,
# statistics and partition keys, its partitions' too: a function of the database would run there.
_STATE = """
    with recursive members (root, id) as (
      select c.oid, c.oid from pg_catalog.pg_class as c
      where c.relkind operator(pg_catalog.=) any (array['r', 'p', 'm']::"char"[])
      union
      select m.root, i.inhrelid from members as m
      inner join pg_catalog.pg_inherits as i on i.inhparent operator(pg_catalog.=) m.id
    ),
    parts (root, class, id) as (
      select m.root, 'pg_catalog.pg_class'::pg_catalog.regclass, m.id from members as m
      union all
      select m.root, 'pg_catalog.pg_class'::pg_catalog.regclass, i.indexrelid from members as m
      inner join pg_catalog.pg_index as i on i.indrelid operator(pg_catalog.=) m.id
      union all
      select m.root, 'pg_catalog.pg_statistic_ext'::pg_catalog.regclass, e.oid from members as m
      inner join pg_catalog.pg_statistic_ext as e on e.stxrelid operator(pg_catalog.=) m.id
    ),
    running (root) as (
      select p.root from parts as p
      inner join pg_catalog.pg_depend as d
        on d.classid operator(pg_catalog.=) p.class and d.objid operator(pg_catalog.=) p.id
      left join pg_catalog.pg_operator as o
        on d.refclassid operator(pg_catalog.=) 'pg_catalog.pg_operator'::pg_catalog.regclass
        and o.oid operator(pg_catalog.=) d.refobjid
      left join pg_catalog.pg_proc as f
        on f.oid operator(pg_catalog.=) case d.refclassid
          when 'pg_catalog.pg_proc'::pg_catalog.regclass then d.refobjid
          when 'pg_catalog.pg_operator'::pg_catalog.regclass then o.oprcode::oid
        end
      left join pg_catalog.pg_language as l on l.oid operator(pg_catalog.=) f.prolang
      left join pg_catalog.pg_type as t
        on d.refclassid operator(pg_catalog.=) 'pg_catalog.pg_type'::pg_catalog.regclass
        and t.oid operator(pg_catalog.=) d.refobjid and p.id operator(pg_catalog.<>) p.root
      where
        l.lanname operator(pg_catalog.<>) all (array['c', 'internal']::name[])
        and f.pronamespace operator(pg_catalog.<>) 'pg_catalog'::pg_catalog.regnamespace
        or t.typtype operator(pg_catalog.=) 'd'
    )
    select
      n.nspname, c.relname, c.relpages, c.reltuples,
      pg_catalog.has_schema_privilege(n.oid, 'usage') and pg_catalog.has_table_privilege(c.oid, 'select'),
      pg_catalog.row_security_active(c.oid),
      c.oid operator(pg_catalog.=) any (array(select r.root from running as r))
    from pg_catalog.pg_class as c
    inner join pg_catalog.pg_namespace as n on n.oid operator(pg_catalog.=) c.relnamespace
    where c.relkind operator(pg_catalog.=) any (array['r', 'p', 'm']::"char"[])
"""


class _Reader:
    """One look: what was asked so far, what it cost, and what could not be seen."""

    def __init__(self, connection: psycopg.Connection[Any], bound: Bound) -> None:
        self.connection = connection
        self.bound = bound
        self.started = time.monotonic()
        self.denied: list[str] = []
        self.guarded: list[str] = []
        self.running: list[str] = []
        self.failed: list[str] = []
        self.wide = 0

    def ask(self, statement: Any) -> list[Any] | None:
        """The one row of an answer; None where the server refused or took too long."""
        import psycopg

        self.bound = replace(self.bound, statements=self.bound.statements + 1)
        try:
            with self.connection.transaction():
                return list(self.connection.execute(statement).fetchone() or ())
        except psycopg.errors.DatabaseError as error:
            if self.connection.closed or self.connection.broken:
                raise
            self.failure = error.sqlstate or ""
            return None

    @property
    def spent(self) -> bool:
        """Whether the time for reading rows is over."""
        return time.monotonic() - self.started > self.bound.seconds


def measure(
    connection: psycopg.Connection[Any], shapes: Mapping[Table, TableShape], world: World, bound: Bound
) -> tuple[Measures, Bound, tuple[str, ...]]:
    """Count in the rows of the tables that matter most, inside the caller's transaction.

    `world` is what structure alone says: it decides which tables come first. Returns the counts, what they
    cost, and what could not be seen, in sentences.
    """
    reader = _Reader(connection, bound)
    reader.bound = replace(bound, statements=1)
    state = {(schema, name): rest for schema, name, *rest in connection.execute(_STATE.encode()).fetchall()}
    connection.execute(
        (
            f"set local statement_timeout = {bound.timeout:d}; set local row_security = off; "
            "set local jit = off"
        ).encode()
    )
    still = getattr(connection, "still", None)
    measures = Measures()
    ordered = sorted(shapes.values(), key=lambda shape: (-_interest(shape, world), shape.id))
    left = 0
    read: list[TableShape] = []
    for shape in ordered:
        pages, rows, readable, guarded, running = state.get(shape.id, (0, 0, shape.readable, False, False))
        if not shape.readable or shape.id not in state:
            continue
        if not readable:
            reader.denied.append(shape.name)
        elif guarded:
            reader.guarded.append(shape.name)
        elif running or (still is not None and shape.id not in still):
            reader.running.append(shape.name)
        elif len(read) >= bound.tables or reader.spent:
            left += 1
        elif _count(reader, shape, world, measures, pages, rows):
            read.append(shape)
    world = guess(shapes, measures)  # now with the people that values tell
    keys = _keys(world, measures, {shape.id for shape in read})
    for shape in read:
        if reader.spent:
            break
        _include(reader, shape, world, measures, keys)
    foreign = [shape.name for shape in shapes.values() if not shape.readable]
    return measures, replace(reader.bound, sampled=len(read)), _unseen(reader, left, foreign)


def _interest(shape: TableShape, world: World) -> int:
    """How much a table can tell: people and messages first."""
    kinds = {each.kind for each in world.guesses.get(shape.id, ())}
    return 4 * (Kind.PERSON in kinds) + 3 * shape.is_message + 2 * (shape.id in world.entities) + len(kinds)


def _count(
    reader: _Reader, shape: TableShape, world: World, measures: Measures, pages: int, rows: float
) -> bool:
    reads = statements.reads_of(shape.columns)
    named = {each.column for each in world.guesses.get(shape.id, ())}
    reads.sort(key=lambda each: each.column.name not in named and not is_content(each.column))
    if len(reads) > _COLUMNS:
        reader.wide += 1
    reads = reads[:_COLUMNS]
    if not reads:
        return True
    weighed = [each for each in reads if is_content(each.column) and each.kind in ("text", "bytes")][
        :_WEIGHED
    ]
    pairs = _pairs(shape, reads, world)
    counts = [part for each in reads for part in statements.counting(each, weigh=each in weighed)]
    counts += [part for one, other in pairs for part in statements.pairing(one, other)]
    percent = None
    if pages > _PAGES and rows > 0:
        percent = round(min(100.0, max(100 * 4 * reader.bound.rows / rows, 100 * 20 / pages)), 6)
    from psycopg import sql

    forms = [part for each in reads for part in statements.forming(each)] or [sql.SQL("pg_catalog.count(*)")]
    values = None
    for most in (reader.bound.rows, _FEW):  # where rows are too large for the time, fewer of them
        values = values or reader.ask(
            sql.SQL(
                "with {}, t as (select * from s limit {}) select (select array[{}] from t), {} from s"
            ).format(
                statements.sample(shape, reads, min(most, reader.bound.rows), percent),
                sql.Literal(min(most, statements.FORMED)),
                sql.SQL(", ").join(forms),
                sql.SQL(", ").join(counts),
            )
        )
    if values is None:
        reader.failed.append(shape.name)
        return False
    formed = list(values.pop(0))
    for each in reads:
        measures.columns[shape.id, each.column.name] = statements.answer_of(
            each, values, formed, weigh=each in weighed
        )
    for one, other in pairs:
        measures.put_pair(shape.id, one.column.name, other.column.name, statements.pair_of(values))
    return True


def _pairs(
    shape: TableShape, reads: Sequence[statements.Read], world: World
) -> list[tuple[statements.Read, statements.Read]]:
    """Columns of one kind of value that may name two people: those that do by name first."""
    people = {each.column for each in world.of(shape.id, Kind.PERSON)}
    other = {each.column for each in world.guesses.get(shape.id, ())} - people
    fit = [
        each
        for each in reads
        if each.column.name in people
        or (
            each.column.name not in other
            and each.kind in ("text", "uuid", "bytes")
            and not shape.alone(each.column.name)
            and not is_content(each.column)
        )
    ]
    fit.sort(key=lambda each: each.column.name not in people)
    fit = fit[:_PAIRED]
    return [
        (one, each) for number, one in enumerate(fit) for each in fit[number + 1 :] if one.kind == each.kind
    ]


def _keys(world: World, measures: Measures, read: set[Table]) -> list[statements.Key]:
    """The columns by which rows of people and groups are known."""
    found = []
    for kind in (Kind.PERSON, Kind.GROUP):
        tables = [key for key, each in world.entities.items() if each is kind]
        keys: list[statements.Key] = []
        # `users` before `erased_users`: the first of two keys that hold the same values is named
        for table in sorted(tables, key=lambda each: (len(world.shapes[each].words), each)):
            shape = world.shapes[table]
            for column in shape.columns:
                if table not in read or not shape.alone(column.name) or not is_identifier(column):
                    continue
                counts = measures.column(table, column.name)
                if counts and counts.filled and (family := _family(base(column))):
                    keys.append(
                        statements.Key(table, column.name, family, family != "number" or counts.sparse)
                    )
        for family in ("text", "number", "uuid", "bytea"):
            found += [each for each in keys if each.family == family][:_KEYS]
    return found


def _include(
    reader: _Reader, shape: TableShape, world: World, measures: Measures, keys: Sequence[statements.Key]
) -> None:
    guessed = {each.column: each for each in world.guesses.get(shape.id, ())}
    wanted = []
    for column in shape.columns:
        counts = measures.column(shape.id, column.name)
        family = _family(base(column))
        if counts is None or counts.distinct < 5 or family is None or is_content(column) or is_time(column):
            continue
        if set(words_of(column.name)) & WHOLE:
            continue
        guess = guessed.get(column.name)
        if guess is not None and guess.confidence.value == "certain":
            continue
        fit = [
            key
            for key in keys
            if key.family == family
            and (key.table, key.column) != (shape.id, column.name)
            and (key.telling or (guess is not None and world.entities[key.table] is guess.kind))
        ]
        if fit:
            wanted.append((column.name, fit))
    wanted.sort(key=lambda each: each[0] not in guessed)
    wanted = wanted[:_LOOKED_UP]
    if not wanted:
        return
    values = reader.ask(statements.including(shape, wanted, reader.bound.rows, _VALUES))
    if values is None:
        reader.failed.append(f"keys of {shape.name}")
        return
    for (column_name, fit), counts_of in zip(wanted, values, strict=True):
        best = statements.best_of(fit, counts_of)
        if best is not None:
            measures.inclusions[shape.id, column_name] = best


def _family(kind: str) -> str | None:
    if kind in ("text", "character varying"):
        return "text"
    if kind in ("bigint", "integer", "smallint"):
        return "number"
    return kind if kind in ("uuid", "bytea") else None


def _unseen(reader: _Reader, left: int, foreign: Sequence[str]) -> tuple[str, ...]:
    said = []
    if reader.denied:
        said.append(f"rows of {_some(reader.denied)}: this role may not read them")
    if reader.guarded:
        said.append(f"rows of {_some(reader.guarded)}: row security hides some from this role")
    if reader.running:
        said.append(f"rows of {_some(reader.running)}: whoever reads would run a function of the database")
    if foreign:
        said.append(f"rows of {_some(foreign)}: they stand on another server")
    if reader.failed:
        said.append(f"rows of {_some(reader.failed)}: the server refused the statement or it took too long")
    if left:
        said.append(
            f"rows of {left:,} more tables: {reader.bound.tables:,} tables or {reader.bound.seconds} seconds "
            "are the bound"
        )
    if reader.wide:
        said.append(f"some columns of {reader.wide} tables: {_COLUMNS} columns a table are the bound")
    return tuple(said)


def _some(names: Sequence[str]) -> str:
    shown = ", ".join(names[:3])
    return shown if len(names) <= 3 else f"{shown} and {len(names) - 3:,} more tables"
