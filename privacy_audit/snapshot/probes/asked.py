"""What every statement of the probes is made from, and the tables that none may read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from nosender.privacy_audit.snapshot.probes.reading import Around, Table
    from nosender.schema.catalogue import Catalogue


class Refused(Exception):  # noqa: N818  # no failure: the reason why a probe does not look
    """A table that no statement reads; the reason is the text."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What a statement is made from."""

    catalogue: Catalogue
    schema: str
    """The schema of our tables."""
    around: Around

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

    def _read(self, table: Table) -> Table:
        if table.refused is not None:
            raise Refused(table.refused)
        return table
