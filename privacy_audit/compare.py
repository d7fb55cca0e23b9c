"""The live held against the declared, thing by thing: what several checks ask in the same way."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .coverage import KEYS

if TYPE_CHECKING:
    from nosender.schema.observe.types import Constraint

    from .case import Case


def differing(case: Case, kind: str, *fields: str) -> list[tuple[Any, Any]]:
    """Live and declared, where both exist and one of these fields is not the same."""
    key = KEYS[kind]
    declared = {key(each): each for each in getattr(case.declared, kind)}
    pairs = ((live, declared.get(key(live))) for live in case.ours(kind))
    return [
        (live, other)
        for live, other in pairs
        if other is not None and any(getattr(live, name) != getattr(other, name) for name in fields)
    ]


def missing(case: Case, kind: str) -> list[Any]:
    """What is declared of one kind, on tables that exist, and does not live."""
    key = KEYS[kind]
    live = {key(each) for each in case.ours(kind)}
    return [
        each
        for each in getattr(case.declared, kind)
        if key(each) not in live and getattr(each, "table", None) in {None, *case.tables}
    ]


def foreign_keys(case: Case) -> list[Constraint]:
    """Every foreign key from or to a schema in scope."""
    return [
        each
        for each in case.live.constraints
        if each.kind == "foreign key" and {each.schema, each.referenced_schema} & case.scope
    ]


def same_key(case: Case, live: Constraint, allowed: Any) -> bool:
    """Whether a live foreign key joins the columns that an allowed one of the catalogue joins."""
    return (live.schema, live.table, live.columns) == (case.schema, allowed.table, allowed.columns) and (
        live.referenced_schema,
        live.referenced_table,
        live.referenced_columns,
    ) == (case.schema, allowed.parent, allowed.parent_columns)


def is_allowed(case: Case, live: Constraint) -> bool:
    """Whether a live foreign key is one of the catalogue's."""
    return any(same_key(case, live, allowed) for allowed in case.catalogue.foreign_keys)
