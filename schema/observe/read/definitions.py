"""Constraints and indexes: made at once, but for definitions that names do not say; those are asked for.

PostgreSQL opens the table of every definition that it deparses, which costs more than all else that is
read. A key is written down here. Of the indexes that are alike but for their names, one is asked for.
"""

import re
from collections.abc import Hashable
from functools import cache
from typing import Any, NamedTuple, cast

from nosender.schema.observe.model import Constraint, Index
from nosender.schema.observe.quoting import predicate_of, qualified, quoted
from nosender.schema.observe.read.fast_records import Answer, Row, twin

Place = tuple[str, str]
"""Schema and name."""


class Known(NamedTuple):
    """Relations and sequences by OID."""

    places: dict[int, Place]
    """Schema and name."""
    kinds: dict[int, str]
    """What they are."""
    names: "QualifiedNames"
    """Schema and name as SQL would write them."""
    live: dict[int, list[Any]]
    """The columns of a relation in order. Dropped ones are here too (None): column 1 stands first."""

    def column(self, table: int, number: int) -> str:
        """A column as SQL would write it, with its table."""
        return f"{self.names[table]}.{quoted(self.live[table][number - 1].name)}"


class QualifiedNames(dict[int, str]):
    """QualifiedNames as SQL would write them, by OID, each written when it is first wanted."""

    def __init__(self, places: dict[int, Place]) -> None:
        self.places = places

    def __missing__(self, oid: int) -> str:
        self[oid] = name = qualified(*self.places[oid])
        return name


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
    """QualifiedNames in brackets, quoted where they must be."""
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


_KINDS = {
    "p": "primary key", "u": "unique", "c": "check", "f": "foreign key", "x": "exclusion", "n": "not null",
}  # fmt: skip


class Constraints:
    """What constraints.sql answers."""

    def __init__(self, answer: Answer, known: Known) -> None:
        self.made: list[Any] = []
        """Twins of Constraint; those whose definition is asked for are without, until `define`."""
        self.serving: dict[int, tuple[str, int]] = {}
        """By the OID of an index, the name and table of the constraint that it serves."""
        self._undefined: dict[int, Any] = {}
        make, places, add = twin(Constraint), known.places, self.made.append
        for row in answer.rows:
            (
                oid, name, table, kind, keys, to_table, to_keys, index, validated, deferrable, deferred,
                on_update, on_delete, inherited, plain, place, to_place,
            ) = row  # fmt: skip
            columns = _named(known, table, keys)
            if kind == "n" and _says_no_more(known, table, name, columns, validated):
                continue
            to_columns = _named(known, to_table, to_keys) if to_table else ()
            referenced = (places.get(to_table) or tuple(to_place)) if to_table else None
            definition = None
            if plain and table in places and (kind != "f" or _is_said_by_name(to_table, places)):
                definition = key_definition(
                    kind, columns, known.names[to_table] if to_table else None, to_columns,
                    on_update, on_delete, deferrable=deferrable, deferred=deferred,
                )  # fmt: skip
            add(
                make(
                    *(places.get(table) or place), name, _KINDS[kind], table == 0, definition, columns,
                    *(referenced or _NOWHERE), to_columns, validated, True, deferrable, deferred, inherited,
                )
            )  # fmt: skip
            if definition is None:
                self._undefined[oid] = self.made[-1]
            if kind in "pux":
                self.serving[index] = (name, table)

    @property
    def asks(self) -> list[int]:
        """The OIDs of those whose definitions have to be asked for."""
        return list(self._undefined)

    def define(self, definitions: dict[int, str]) -> None:
        """Take what was asked for, by OID."""
        for oid, constraint in self._undefined.items():
            constraint.definition = definitions[oid]
            # the catalog says so in a column that only 18 has
            constraint.enforced = not definitions[oid].endswith(" NOT ENFORCED")


_NOWHERE = (None, None)


def _named(known: Known, table: int, keys: str | None) -> tuple[str, ...]:
    columns = known.live.get(table)
    if keys is None or columns is None:
        return ()
    return tuple([columns[key - 1].name for key in numbers(keys) if key > 0])  # below: a system column


def _says_no_more(known: Known, table: int, name: str, columns: tuple[str, ...], validated: bool) -> bool:
    """Whether a NOT NULL has the name that PostgreSQL gives: then the column says it."""
    return validated and table in known.places and name == f"{known.places[table][1]}_{columns[0]}_not_null"


def _is_said_by_name(table: int, places: dict[int, Place]) -> bool:
    """Whether PostgreSQL says the schema: it leaves it out where it is its own or a temporary one."""
    return table in places and not places[table][0].startswith("pg_")


def not_null(place: Place, name: str, column: str) -> Constraint:
    """A NOT NULL under a name of its own."""
    return Constraint(
        *place, name, "not null", of_domain=False, definition=f"NOT NULL {quoted(column)}", columns=(column,),
        referenced_schema=None, referenced_table=None, referenced_columns=(), validated=True, enforced=True,
        deferrable=False, initially_deferred=False, inherited=False,
    )  # fmt: skip


class Indexes:
    """What indexes.sql answers."""

    def __init__(self, answer: Answer, known: Known, serving: dict[int, tuple[str, int]]) -> None:
        self.made: list[Any] = []
        """Twins of Index; until `define` without definition, and with the predicate as it was parsed."""
        self.places: dict[int, Place] = {}
        """Schema and name by OID."""
        self._undefined: list[tuple[int, int, str, Any]] = []
        """OID, that of the first index alike but for the names, how the definition begins, the index."""
        first: dict[Hashable, int] = {}
        make, nowhere = twin(Index), (None, 0)
        for row in answer.rows:
            (
                oid, table, name, schema, method, keys, _, _, _, key_columns, predicate, unique, valid, ready,
                alive, clustered, identity, _, options, tablespace, extension, expressions, targets, place,
            ) = row  # fmt: skip
            columns = known.live.get(table)
            constraint, constrained = serving.get(oid, nowhere)
            index = make(
                schema, name, known.places[table][1] if columns else place, None, method,
                tuple([columns[key - 1].name if columns and key > 0 else None for key in numbers(keys)]),
                key_columns, expressions, predicate, constraint if constrained == table else None,
                unique, valid, ready, alive, clustered, identity, tuple(sorted(options)) if options else (),
                tuple(targets) if targets else (), tablespace, extension,
            )  # fmt: skip
            self.made.append(index)
            self.places[oid] = (schema, name)
            on = known.names[table] if columns else qualified(schema, place)
            head = f"CREATE {'UNIQUE ' if unique else ''}INDEX {quoted(name)} ON {on} USING {method} ("
            self._undefined.append((oid, first.setdefault(shape(row, columns), oid), head, index))

    @property
    def asks(self) -> list[int]:
        """The OIDs of those whose definitions have to be asked for: the first of each shape."""
        return [oid for oid, first, _, _ in self._undefined if oid == first]

    def define(self, definitions: dict[int, str]) -> list[int]:
        """Take what was asked for, by OID; return what has to be asked for as well, and then defined again.

        Those are alike with an index whose definition does not begin as foreseen.
        """
        ends: dict[int, tuple[str, str | None] | None] = {}
        odd = []
        for oid, first, head, index in self._undefined:
            if oid == first:
                text = definitions[oid]
                index.definition = text
                index.predicate = predicate_of(text) if index.predicate else None
                ends[oid] = (text[len(head) :], index.predicate) if text.startswith(head) else None
            elif (end := ends[first]) is not None:
                index.definition, index.predicate = head + end[0], end[1]
            else:
                odd.append((oid, oid, head, index))
        self._undefined = odd
        return self.asks
