"""Constraints and indexes: made at once, but for definitions that names do not say; those are asked for.

PostgreSQL opens the table of every definition that it deparses, which costs more than all else that is
read. A key is written down here. Of the indexes that are alike but for their names, one is asked for.
"""

from collections.abc import Hashable
from typing import Any

from nosender.schema.observe.compose import key_definition, numbers, shape
from nosender.schema.observe.known import Known, Place
from nosender.schema.observe.names import predicate_of, qualified, quoted
from nosender.schema.observe.records import Answer, twin
from nosender.schema.observe.types import Constraint, Index

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
