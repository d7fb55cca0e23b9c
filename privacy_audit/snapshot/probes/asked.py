"""What every statement of the probes is made from, and the tables that none may read."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType
from typing import TYPE_CHECKING

from psycopg.sql import SQL, Composable, Composed, Literal

from nosender.privacy_audit.snapshot.probes.owners import Owner, owner_of
from nosender.privacy_audit.snapshot.probes.parts import as_text, column, place_of, rows
from nosender.schema.knobs import FUNCTION, Knobs, read

if TYPE_CHECKING:
    from nosender.privacy_audit.snapshot.probes.reading import Around, Column, Table
    from nosender.schema.catalogue import Catalogue


NOTHING: Mapping[str, str] = MappingProxyType({})


class Refused(Exception):  # noqa: N818  # no failure: the reason why a probe does not look
    """A table that no statement reads; the reason is the text."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What a statement is made from."""

    catalogue: Catalogue
    schema: str
    """The schema of our tables."""
    around: Around
    bodies: Mapping[str, str]
    """The text of each counting function as it is declared, by its name: the templates stand in it."""

    def template(self, function: str, tag: str) -> str:
        """What stands in a counting function between two `$tag$`."""
        return self.bodies[function].split(f"${tag}$")[1]

    def filled(
        self, function: str, tag: str, instead: Mapping[str, str] = NOTHING, /, **parts: object
    ) -> Composed:
        """The template with its parts in place of their {names}, as audit_text of the DDL fills it: names and
        fragments as they are, strings and numbers as constants. `instead`: other words for words of it.
        """
        template = self.template(function, tag)
        for old, new in instead.items():
            template = template.replace(old, new)
        return Composed(
            [
                # as declared, whatever stands in the database
                SQL(piece)
                if plain
                else (part if isinstance(part := parts[piece], Composable) else Literal(part))
                for plain, piece in _pieces(template)
            ]
        )

    def body(self, function: str) -> Composed:
        """The whole text of a counting function that has no parts, as declared."""
        return Composed([SQL(self.bodies[function])])

    @property
    def knobs(self) -> Knobs:
        """What the operator decided."""
        return read(self.bodies[FUNCTION]) or Knobs()

    def of_column(self, table: Table, found: Column) -> dict[str, object]:
        """The parts that most templates are filled with, as audit_columns of the DDL has them."""
        return {
            "table": table.name,
            "name": found.name,
            "value": column(found.name),
            "spelled": as_text(found),
            "rows": rows(table),
            "whole": table.whole(),
            "outside": 1000 if table.whole() else 8,
            "place": column(place_of(table)),
            "owner": column(owner[0] if (owner := self.owner(table)) else "audit_place"),
        }

    def owner(self, table: Table) -> tuple[str, Owner] | None:
        """The column that says whose a row is, and what it names."""
        return owner_of(self.catalogue, table.declared)

    def columns(self) -> list[tuple[Table, Column]]:
        """Every live column of the declared tables."""
        return [(table, found) for table in self.declared() for found in table.columns]

    def declared(self) -> list[Table]:
        """The tables that the catalogue declares; Refused where one is not to be read."""
        return [self._read(table) for table in self.around.ours.values()]

    def tables(self, *names: str) -> list[Table]:
        """The tables of these names, each with the columns and types that the DDL gives them; Refused where
        one is not to be read.
        """
        found = []
        for name in names:
            if name not in self.around.ours:
                raise Refused(f"table {name} does not exist")
            table = self._read(self.around.ours[name])
            for each in table.declared.columns if table.declared is not None else ():
                live = table.column(each.name)
                if live is None or not live.as_declared:
                    raise Refused(f"column {each.name} of table {name} is not as declared")
            found.append(table)
        return found

    def bookkeeping(self, name: str) -> Table:
        """A table that another program makes, of which the DDL promises nothing; Refused where it is not to
        be read.
        """
        return self._read(self.around.ours[name])

    def _read(self, table: Table) -> Table:
        if table.refused is not None:
            raise Refused(table.refused)
        return table


@cache
def _pieces(template: str) -> tuple[tuple[bool, str], ...]:
    """The template in parts: what stands in it, and the name of a part, in turns."""
    pieces = re.split(r"\{([a-z_]+)\}", template)
    return tuple((place % 2 == 0, piece) for place, piece in enumerate(pieces))
