"""The lists in the reviewers' queries that come from the catalogue and the DDL, kept fresh.

In a query.sql, what stands between `-- made from the WHAT: NAME` and `-- end` is written by this module; the
rest is written by hand. So a query runs in anybody's psql, and a new column does not mean editing a dozen
queries.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from nosender.schema.catalogue.sides import sides
from nosender.schema.observe.spelling import restored

if TYPE_CHECKING:
    from nosender.schema.catalogue import Catalogue
    from nosender.schema.diagram import Side
    from nosender.schema.observe import Observation
    from nosender.schema.observe.observation import SchemaKind

_BLOCK = re.compile(
    r"^(?P<indent> *)-- made from the (?:catalogue|ddl): (?P<name>[a-z ]+)\n(?:.*\n)*? *-- end$", re.MULTILINE
)

List = Iterable[tuple[str, ...]]


def _columns(catalogue: Catalogue, _: Observation) -> List:
    return ((table.name, column.name) for table in catalogue.tables for column in table.columns)


def _tables(catalogue: Catalogue, _: Observation) -> List:
    return ((table.name,) for table in catalogue.tables)


def _own_tables(catalogue: Catalogue, _: Observation) -> List:
    return ((table.name,) for table in catalogue.tables if table.made_by == "nosender")


def _side(side: Side) -> Callable[[Catalogue, Observation], List]:
    return lambda catalogue, _: ((name,) for name, found in sides(catalogue).items() if found == side)


def _foreign_keys(catalogue: Catalogue, _: Observation) -> List:
    return (
        (key.table, ",".join(key.columns), key.parent, ",".join(key.parent_columns))
        for key in catalogue.foreign_keys
    )


def _column_types(_: Catalogue, declared: Observation) -> List:
    return ((each.table, each.name, each.type) for each in _ours(declared, "columns"))


def _column_defaults(_: Catalogue, declared: Observation) -> List:
    return (
        (each.table, each.name, (each.default or "").replace(f"{declared.schema}.", ""))
        for each in _ours(declared, "columns")
    )


def _not_null(_: Catalogue, declared: Observation) -> List:
    return ((each.table, each.name) for each in _ours(declared, "columns") if each.not_null)


def _by_table(kind: SchemaKind) -> Callable[[Catalogue, Observation], List]:
    return lambda _, declared: ((each.table, each.name) for each in _ours(declared, kind))


def _by_name(kind: SchemaKind) -> Callable[[Catalogue, Observation], List]:
    return lambda _, declared: ((each.name,) for each in _ours(declared, kind))


def _hash(text: str) -> str:
    """As PostgreSQL's md5 gives it; to recognise a text, not to protect it."""
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


def _constraints(_: Catalogue, declared: Observation) -> List:
    return (
        (each.table, each.name, _hash(restored(each.definition)))
        for each in _ours(declared, "constraints")
        if each.kind != "foreign key"
    )


def _indexes(_: Catalogue, declared: Observation) -> List:
    prefix = f"{declared.schema}."
    return (
        (each.name, _hash(each.definition.replace(prefix, "")))
        for each in _ours(declared, "indexes")
        if each.constraint is None
    )


def _trigger_definitions(_: Catalogue, declared: Observation) -> List:
    prefix = f"{declared.schema}."
    return (
        (each.table, each.name, _hash(each.definition.replace(prefix, "")))
        for each in _ours(declared, "triggers")
    )


def _extensions(catalogue: Catalogue, _: Observation) -> List:
    return ((each.name,) for each in catalogue.extensions)


def _functions(_: Catalogue, declared: Observation) -> List:
    return (
        (
            f"{each.name}({each.identity.replace(f'{declared.schema}.', '')})",
            _hash(each.body),
        )
        for each in _ours(declared, "functions")
    )


def _unsampled(catalogue: Catalogue, _: Observation) -> List:
    return (
        (table.name, column.name)
        for table in catalogue.tables
        for column in table.columns
        if not column.data_class.sampled
    )


def _sampled(catalogue: Catalogue, _: Observation) -> List:
    return (
        (table.name, column.name)
        for table in catalogue.tables
        for column in table.columns
        if column.data_class.sampled
    )


def _comments(_: Catalogue, declared: Observation) -> List:
    prefix = f"{declared.schema}."
    return (
        (each.object.removeprefix(prefix).replace('"', ""), each.text)
        for each in declared.comments
        if each.kind in ("table", "column")
    )


LISTS: dict[str, Callable[[Catalogue, Observation], List]] = {
    "tables": _tables,
    "own tables": _own_tables,
    "tables of people": _side("people"),
    "tables of messages": _side("messages"),
    "columns": _columns,
    "foreign keys": _foreign_keys,
    "column types": _column_types,
    "column defaults": _column_defaults,
    "not null": _not_null,
    "constraints": _constraints,
    "indexes": _indexes,
    "trigger definitions": _trigger_definitions,
    "extensions": _extensions,
    "triggers": _by_table("triggers"),
    "sequences": _by_name("sequences"),
    "functions": _functions,
    "unsampled columns": _unsampled,
    "sampled columns": _sampled,
    "comments": _comments,
}
"""Each list by the name under which a query asks for it."""


def refreshed(text: str, catalogue: Catalogue, declared: Observation) -> str:
    """The text of a query with every list in it as the catalogue and the DDL have it now."""

    def block(found: re.Match[str]) -> str:
        indent = found["indent"]
        head, end = found[0].split("\n", 1)[0], f"{indent}-- end"
        rows = sorted(LISTS[found["name"]](catalogue, declared))
        body = [f"{indent}{_row(row)}" for row in rows]
        return "\n".join([head, ",\n".join(body), end])

    return _BLOCK.sub(block, text)


def _row(values: tuple[str, ...]) -> str:
    """`('a', 'b')`; one value alone without its parentheses would not be a row of VALUES."""
    return "(" + ", ".join("'" + value.replace("'", "''") + "'" for value in values) + ")"


def _ours(declared: Observation, kind: SchemaKind) -> list[Any]:
    """What the DDL makes of one kind, in its schema and without what an extension brought."""
    return [
        each
        for each in declared.of(kind)
        if each.schema == declared.schema and getattr(each, "extension", None) is None
    ]
