"""Live against declared: what nothing accounts for, what is missing and what differs, kind by kind."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from nosender.privacy_audit.check import Answer
from nosender.privacy_audit.finding import NotTested
from nosender.privacy_audit.snapshot.snapshot import NOT_OURS
from nosender.schema.catalogue.places import declared_name
from nosender.schema.observe.spelling import restored

if TYPE_CHECKING:
    from nosender.privacy_audit.finding import Found
    from nosender.privacy_audit.snapshot.snapshot import Snapshot
    from nosender.schema.observe.observation import SchemaKind


def by_name(thing: Any) -> object:
    """Distinguishes two things of one schema."""
    return (thing.schema, thing.name)


def by_table_and_name(thing: Any) -> object:
    """Distinguishes two things of the tables of one schema."""
    return (thing.schema, thing.table, thing.name)


def by_signature(thing: Any) -> object:
    """Distinguishes two functions."""
    return (thing.schema, thing.name, thing.identity)


def by_meaning(constraint: Any) -> object:
    """Distinguishes two constraints by what they say; a name is only a name."""
    return (constraint.schema, constraint.table, constraint.kind, restored(constraint.definition))


KEYS: Mapping[SchemaKind, Callable[[Any], object]] = {
    "relations": by_name,
    "columns": by_table_and_name,
    "constraints": by_meaning,
    "indexes": by_name,
    "sequences": by_name,
    "triggers": by_table_and_name,
    "rules": by_table_and_name,
    "policies": by_table_and_name,
    "functions": by_signature,
    "types": by_name,
    "statistics": by_name,
}
"""What distinguishes two of a kind, for each kind that stands in a schema."""


def undeclared(snapshot: Snapshot, kind: SchemaKind, key: Callable[[Any], object] | None = None) -> list[Any]:
    """What lives of one kind and nothing accounts for."""
    found = snapshot.undeclared(kind, _known(snapshot, kind), key or KEYS[kind])
    return [each for each in found if not bookkeeping(snapshot, kind, each)]


def _known(snapshot: Snapshot, kind: SchemaKind) -> Iterable[Any]:
    """What is declared: tables and columns by the catalogue, everything else by the DDL."""
    if kind == "relations":
        return [
            each
            for each in snapshot.declared.relations
            if snapshot.catalogue.table(snapshot.declared_name(each)) is not None
        ]
    if kind == "columns":
        tables = {table.name: table for table in snapshot.catalogue.tables}
        return [
            each
            for each in snapshot.ours("columns")
            if snapshot.kinds[each.schema, each.table] in ("table", "partitioned table")
            and (name := snapshot.declared_name(each)) in tables
            and tables[name].column(each.name) is not None
        ]
    return snapshot.declared.of(kind)


def in_catalogue(snapshot: Snapshot, schema: str, table: str, column: str | None = None) -> bool:
    """Whether the catalogue has a table of this name there, with such a column."""
    found = snapshot.catalogue.table(declared_name(schema, table, snapshot.schema))
    return found is not None and (column is None or found.column(column) is not None)


def bookkeeping(snapshot: Snapshot, kind: SchemaKind, thing: Any) -> bool:
    """Whether it belongs to a table that Alembic makes: the table, its declared columns and its key."""
    if thing.schema != snapshot.schema:
        return False
    table = snapshot.catalogue.table(thing.name if kind == "relations" else getattr(thing, "table", ""))
    if table is None or table.made_by != "alembic" or table.name not in snapshot.tables:
        return False
    if kind == "relations":
        return True
    if kind == "columns":
        return table.column(thing.name) is not None
    if kind == "constraints":
        return bool(thing.kind in ("primary key", "not null"))
    if kind == "indexes":
        return bool(thing.constraint is not None and thing.unique)
    return False


def differing(snapshot: Snapshot, kind: SchemaKind, *fields: str) -> list[tuple[Any, Any]]:
    """Live and declared, where both exist and one of these fields is not the same."""
    key = KEYS[kind]
    declared = {key(each): each for each in snapshot.declared.of(kind)}
    pairs = ((live, declared.get(key(live))) for live in snapshot.ours(kind))
    return [
        (live, other)
        for live, other in pairs
        if other is not None
        and any(_text(getattr(live, name)) != _text(getattr(other, name)) for name in fields)
    ]


def _text(value: Any) -> Any:
    return restored(value) if isinstance(value, str) else value


def missing(snapshot: Snapshot, kind: SchemaKind) -> list[Any]:
    """What is declared of one kind, on tables that exist, and does not live."""
    key = KEYS[kind]
    live = {key(each) for each in snapshot.ours(kind)}
    return [
        each
        for each in snapshot.declared.of(kind)
        if key(each) not in live
        and (not hasattr(each, "table") or snapshot.declared_name(each) in snapshot.tables)
    ]


def closed(
    snapshot: Snapshot,
    kind: SchemaKind,
    describe: Callable[[Any], Found],
    only: Callable[[Any], bool] = lambda _: True,
) -> Answer:
    """A finding for everything of one kind in scope that nothing accounts for."""
    return Answer.of(
        filter(only, snapshot.in_scope(kind)),
        (describe(each) for each in undeclared(snapshot, kind) if only(each)),
    )


def compared(
    snapshot: Snapshot, kind: SchemaKind, fields: tuple[str, ...], describe: Callable[[Any, Any], Found]
) -> Answer:
    """A finding for everything declared of one kind that lives and differs in one of the fields."""
    pairs = differing(snapshot, kind, *fields)
    return Answer(len(snapshot.declared.of(kind)), tuple(describe(live, other) for live, other in pairs))


def absent(
    snapshot: Snapshot,
    kind: SchemaKind,
    describe: Callable[[Any], Found],
    only: Callable[[Any], bool] = lambda _: True,
) -> Answer:
    """A finding for everything declared of one kind that does not live.

    NotTested where none of our tables is there: then this is the wrong place to look for anything of ours.
    """
    if not snapshot.has_ours:
        raise NotTested(NOT_OURS)
    return Answer.of(
        filter(only, snapshot.declared.of(kind)),
        (describe(each) for each in missing(snapshot, kind) if only(each)),
    )
