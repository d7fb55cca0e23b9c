"""Finds tables that stand in another schema: moved back they keep their rows, made anew they have none."""

from dataclasses import fields, replace
from typing import Any

from nosender.schema.observe.model import Grant, Index, Relation, Sequence
from nosender.schema.observe.observation import Observation
from nosender.schema.observe.quoting import qualified
from nosender.schema.observe.spelling import respelled


def moved_away(wanted: Observation, live: Observation) -> tuple[Relation, ...]:
    """Each table of `live` in another schema that is, column for column, the one missing from this one.

    None where two are like it: which of them it is, only a person knows. And none of a schema that has a
    table which stands here, too: that is another set of ours, and keeps what is its own.
    """
    here = {each.name for each in live.relations if each.schema == wanted.schema}
    sets = {each.schema for each in live.relations if each.kind == "table" and each.name in here}
    away = []
    for missing in wanted.relations:
        if missing.kind == "table" and missing.name not in here:
            columns = _columns(wanted, missing)
            alike = [
                each
                for each in live.relations
                if (each.name, each.kind) == (missing.name, "table")
                and each.schema not in sets | {wanted.schema}
                and _columns(live, each) == columns
            ]
            away += alike if len(alike) == 1 else []
    return tuple(away)


def _columns(side: Observation, table: Relation) -> list[tuple[str, str]]:
    return [(c.name, c.type) for c in side.columns if (c.schema, c.table) == (table.schema, table.name)]


def brought_back(live: Observation, away: Relation, schema: str) -> Observation:
    """What would be seen once the table stood in `schema`, with its indexes, keys and sequences."""
    goes_along = {
        away.name,
        *(i.name for i in live.indexes if (i.schema, i.table) == (away.schema, away.name)),
        *(s.name for s in live.sequences if s.owned_by and _on(s.owned_by, away)),
    }
    words = {qualified(away.schema, name): qualified(schema, name) for name in goes_along}

    def back(record: Any) -> Any:
        changes: dict[str, Any] = {}
        for field in fields(record):
            value = getattr(record, field.name)
            if isinstance(value, str) and field.name not in ("name", "body", "sql_body"):
                changes[field.name] = respelled(value, words)
        if getattr(record, "schema", None) == away.schema and _goes_along(record, goes_along):
            changes["schema"] = schema
        if getattr(record, "referenced_schema", None) == away.schema and _referenced(record) in goes_along:
            changes["referenced_schema"] = schema
        return replace(record, **changes)

    lists: dict[str, Any] = {each.name: getattr(live, each.name) for each in fields(live)}
    for name, value in lists.items():
        if isinstance(value, tuple):
            lists[name] = tuple(map(back, value))
    return Observation(**lists)


def _on(column: str, table: Relation) -> bool:
    return column.startswith(f"{qualified(table.schema, table.name)}.")


def _goes_along(record: Any, names: set[str]) -> bool:
    if isinstance(record, Relation | Sequence | Index):
        return record.name in names
    return (record.object if isinstance(record, Grant) else getattr(record, "table", None)) in names


def _referenced(record: Any) -> str | None:
    named: str | None = getattr(record, "referenced_table", None) or getattr(record, "referenced_name", None)
    return named
