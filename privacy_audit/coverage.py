"""How much of the database is accounted for, kind by kind."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from .audit import Coverage

if TYPE_CHECKING:
    from .case import Case


def by_name(thing: Any) -> object:
    """Tells two things of one schema apart."""
    return (thing.schema, thing.name)


def by_table_and_name(thing: Any) -> object:
    """Tells two things of the tables of one schema apart."""
    return (thing.schema, thing.table, thing.name)


def by_signature(thing: Any) -> object:
    """Tells two functions apart."""
    return (thing.schema, thing.name, thing.identity)


def by_meaning(constraint: Any) -> object:
    """Tells two constraints apart by what they say; a name is only a name."""
    return (constraint.schema, constraint.table, constraint.kind, constraint.definition)


KEYS: Mapping[str, Callable[[Any], object]] = {
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
"""What tells two of a kind apart, for each kind that stands in a schema."""


def coverage_of(case: Case) -> dict[str, Coverage]:
    """Seen and accounted for every kind, in the schemas that are in scope."""
    covered = {}
    for kind, key in KEYS.items():
        live = case.in_scope(kind)
        covered[kind] = Coverage(len(live), len(live) - _count(undeclared(case, kind, key)))
    return covered


def undeclared(case: Case, kind: str, key: Callable[[Any], object] | None = None) -> list[Any]:
    """What lives of one kind and nothing accounts for."""
    found = case.undeclared(kind, _known(case, kind), key or KEYS[kind])
    return [each for each in found if not bookkeeping(case, kind, each)]


def _known(case: Case, kind: str) -> Iterable[Any]:
    """What is declared: tables and columns by the catalogue, everything else by the DDL."""
    if kind == "relations":
        return [each for each in case.declared.relations if case.catalogue.table(each.name) is not None]
    if kind == "columns":
        tables = {table.name: table for table in case.catalogue.tables}
        return [
            each
            for each in case.ours("columns")
            if case.kinds[each.schema, each.table] in ("table", "partitioned table")
            and each.table in tables
            and tables[each.table].column(each.name) is not None
        ]
    return getattr(case.declared, kind)  # type: ignore[no-any-return]


def bookkeeping(case: Case, kind: str, thing: Any) -> bool:
    """Whether it belongs to a table that Alembic makes: the table, its declared columns and its key."""
    if thing.schema != case.schema:
        return False
    table = case.catalogue.table(thing.name if kind == "relations" else getattr(thing, "table", ""))
    if table is None or table.made_by != "alembic" or table.name not in case.tables:
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


def _count(things: Iterable[object]) -> int:
    return sum(1 for _ in things)
