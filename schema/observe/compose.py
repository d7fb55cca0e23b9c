"""Writes the definitions of keys down from names, as PostgreSQL would, and tells which indexes are alike."""

import re
from collections.abc import Hashable
from functools import cache
from typing import Any, cast

from nosender.schema.observe.names import quoted
from nosender.schema.observe.records import Row

_KEYS = {"p": "PRIMARY KEY ", "u": "UNIQUE ", "f": "FOREIGN KEY "}
_ACTIONS = {"r": " RESTRICT", "c": " CASCADE", "n": " SET NULL", "d": " SET DEFAULT"}  # a: no action, unsaid
_LOCATION = re.compile(r" :location -?\d+")
_VARIABLE = re.compile(r":varattno (-?\d+)")


@cache
def numbers(text: str | None) -> tuple[int, ...]:
    """The numbers in an array or a vector: `{1,2}` or `1 2`."""
    return tuple(map(int, text.strip("{}").replace(",", " ").split())) if text else ()


@cache
def listed(names: tuple[str, ...]) -> str:
    """Names in brackets, quoted where they must be."""
    return f"({', '.join(map(quoted, names))})"


def key_definition(
    kind: str,
    columns: tuple[str, ...],
    to_table: str | None,  # qualified and quoted
    to_columns: tuple[str, ...],
    on_update: str,
    on_delete: str,
    *,
    deferrable: bool,
    deferred: bool,
) -> str:
    """A plain primary key (p), unique (u) or foreign key (f) constraint."""
    text = _KEYS[kind] + listed(columns)
    if to_table is not None:
        text += f" REFERENCES {to_table}{listed(to_columns)}"
        if action := _ACTIONS.get(on_update):
            text += f" ON UPDATE{action}"
        if action := _ACTIONS.get(on_delete):
            text += f" ON DELETE{action}"
    if deferrable:
        text += " DEFERRABLE"
    return text + " INITIALLY DEFERRED" if deferred else text


def shape(row: Row, columns: list[Any] | None) -> Hashable:
    """What decides an index's definition but for its own name and its table's, or its OID: like no other.

    Takes a row of indexes.sql and the columns of its table.
    """
    (
        oid, _table, _name, schema, method, keys, classes, collations, options, key_columns, predicate,
        unique, _valid, _ready, _live, _clustered, _identity, special, *_rest,
    ) = row  # fmt: skip
    used, parsed = _parsed(predicate)
    positions = numbers(keys)
    # an expression, a system column or the whole row; a table of PostgreSQL's own; a temporary one
    if special or not columns or schema.startswith("pg_") or min(positions + used) < 1:
        return cast(int, oid)
    named = tuple([(c.name, c.type, c.collation) for c in [columns[number - 1] for number in positions]])
    variables = tuple([columns[number - 1].name for number in used])
    return method, unique, named, classes, collations, options, key_columns, parsed, variables


@cache
def _parsed(predicate: str | None) -> tuple[tuple[int, ...], str | None]:
    """The numbers of the columns in it, and the predicate without where in its statement it stood."""
    if predicate is None:
        return (), None
    return tuple(map(int, _VARIABLE.findall(predicate))), _LOCATION.sub("", predicate)
