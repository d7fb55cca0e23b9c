"""Writes definitions down from names, as PostgreSQL would; what names do not say is asked of it.

PostgreSQL opens the table of every definition that it deparses, which costs more than all else that is
read. A key is written down here. Of the indexes that are alike but for their names, one is asked for.
"""

import re
from collections.abc import Callable
from functools import cache
from typing import NamedTuple

from nosender.schema.observe.names import predicate_of, qualified, quoted
from nosender.schema.observe.records import Row

Place = tuple[str, str]
# By OID of a relation: its rows of columns.sql in order. Numbers have no gaps, as dropped ones are here
# too (their name is null): column 1 stands first.
Columns = dict[int, list[Row]]
# Definitions of indexes by OID.
Ask = Callable[[list[int]], dict[int, str]]

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
    referenced: Place | None,
    to_columns: tuple[str, ...],
    actions: tuple[str, str],  # on update, on delete
    deferral: tuple[bool, bool],  # deferrable, initially deferred
) -> str:
    """A plain primary key (p), unique (u) or foreign key (f) constraint."""
    text = {"p": "PRIMARY KEY ", "u": "UNIQUE ", "f": "FOREIGN KEY "}[kind] + listed(columns)
    if referenced is not None:
        text += f" REFERENCES {qualified(*referenced)}{listed(to_columns)}"
        on_update, on_delete = (_ACTIONS.get(action) for action in actions)
        text += f" ON UPDATE{on_update}" if on_update else ""
        text += f" ON DELETE{on_delete}" if on_delete else ""
    text += " DEFERRABLE" if deferral[0] else ""
    return text + (" INITIALLY DEFERRED" if deferral[1] else "")


class Shape(NamedTuple):
    """What decides an index's definition, but for the names of index and table."""

    oid: int  # of the index, where it is like no other; else 0
    method: str
    unique: bool
    columns: tuple[tuple[str, str, str | None], ...]  # name, type, a collation other than the type's
    classes: str
    collations: str
    options: str
    key_columns: int
    predicate: str | None  # as it was parsed, columns as numbers
    variables: tuple[str, ...]  # their names


def shape(row: Row, columns: list[Row]) -> Shape:
    """What an index of indexes.sql is like; `columns` are those of its table."""
    (
        oid, _table, _name, schema, method, keys, classes, collations, options, key_columns, predicate,
        unique, _valid, _ready, _live, _clustered, _identity, special, *_rest,
    ) = row  # fmt: skip
    used, parsed = _parsed(predicate)
    positions = numbers(keys)
    # an expression, a system column or the whole row; a table of PostgreSQL's own; a temporary one
    if special or not columns or schema.startswith("pg_") or min(positions + used) < 1:
        return Shape(oid, method, unique, (), "", "", "", 0, None, ())
    named = tuple([_column(columns[number - 1]) for number in positions])
    names = tuple([columns[number - 1][2] for number in used])
    return Shape(0, method, unique, named, classes, collations, options, key_columns, parsed, names)


@cache
def _parsed(predicate: str | None) -> tuple[tuple[int, ...], str | None]:
    """The numbers of the columns in it, and the predicate without where in its statement it stood."""
    if predicate is None:
        return (), None
    return tuple(map(int, _VARIABLE.findall(predicate))), _LOCATION.sub("", predicate)


def _column(row: Row) -> tuple[str, str, str | None]:
    rare = row[7]
    return row[2], row[3], rare["collation"] if rare else None


def alike(shapes: list[Shape]) -> dict[Shape, int]:
    """Where the first index of each shape stands."""
    first: dict[Shape, int] = {}
    for at, like in enumerate(shapes):
        first.setdefault(like, at)
    return first


def index_definitions(
    rows: list[Row], shapes: list[Shape], places: list[Place], asked: dict[int, str], ask: Ask
) -> list[tuple[str, str | None]]:
    """Definition and predicate of each index; `places` are schema and name of their tables.

    `asked` holds the definition of the first index of every shape.
    """
    heads = [
        f"CREATE {'UNIQUE ' if row[11] else ''}INDEX {quoted(row[2])} ON {qualified(*place)} USING {row[4]} ("
        for row, place in zip(rows, places, strict=True)
    ]
    # the end of a definition, and its predicate, which all indexes of a shape share
    shared: dict[Shape, tuple[str, str | None]] = {}
    for like, at in alike(shapes).items():
        definition = asked[rows[at][0]]
        if like.oid == 0 and definition.startswith(heads[at]):
            shared[like] = (definition[len(heads[at]) :], _predicate(rows[at], definition))
    odd = [row[0] for row, like in zip(rows, shapes, strict=True) if like not in shared]
    unasked = [oid for oid in odd if oid not in asked]
    if unasked:  # written in a way that is not foreseen
        asked = asked | ask(unasked)
    found = []
    for row, like, head in zip(rows, shapes, heads, strict=True):
        same = shared.get(like)
        if same is None:
            definition = asked[row[0]]
            found.append((definition, _predicate(row, definition)))
        else:
            found.append((head + same[0], same[1]))
    return found


def _predicate(row: Row, definition: str) -> str | None:
    return predicate_of(definition) if row[10] else None
