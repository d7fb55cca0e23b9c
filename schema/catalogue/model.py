"""What the catalogue says, as frozen values; nothing here reads a file or a database."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

from nosender.schema.catalogue.places import elsewhere, place_of
from nosender.schema.project_policy import XMIN
from nosender.toml_reader import Place


@dataclass(frozen=True, slots=True)
class DataClass:
    """One kind of value that a column may hold."""

    name: str
    means: str
    """One sentence for a reader who was not there."""
    personal: bool
    """The value belongs to, or singles out, a person."""
    sampled: bool
    """ANALYZE may keep samples; false means SET STATISTICS 0."""
    time: bool
    """The column holds a moment and names a resolution."""
    never_with: tuple[str, ...] = ()
    """Classes that no other column of the table may have: a row for one person must not name a second."""
    whose: str | None = None
    """The project that added it; None for ours."""


@dataclass(frozen=True, slots=True)
class Resolution:
    """How finely a stored time may be told."""

    name: str
    means: str
    seconds: int
    """Every value is a whole number of these since midnight; 0 is as the clock gave it."""


@dataclass(frozen=True, slots=True)
class Column:
    """One declared column."""

    name: str
    purpose: str
    data_class: DataClass
    resolution: Resolution | None
    """Of a time; None for everything else."""
    retention: str
    """How long the value is kept, in words."""
    place: Place


@dataclass(frozen=True, slots=True)
class Retention:
    """When the rows of a table go; the sweep's plan is made from this."""

    rule: Literal["expires", "follows", "kept"]
    """By a column of the row itself; with a row of another table; or only by hand."""
    column: str | None
    """The column whose moment, once past, makes a row expired. NULL never expires."""
    action: Literal["delete", "deactivate"] | None
    """What the sweep does to an expired row."""
    flag: str | None
    """The boolean column that deactivating sets to false."""
    at_once: str | None
    """A boolean column: a row where it is true goes with the next sweep, expired or not."""
    parents: tuple[str, ...]
    """Tables whose deleted rows take these rows with them."""
    max_age: timedelta | None
    """Rows older than this are deleted, but none whose expiry still lies ahead; None is no such limit."""
    max_age_column: str | None
    """The column from which the age is counted."""
    kept_because: str | None
    """Why rows may stay without limit; None where none can."""
    settled_by: str | None = None
    """Of a project's table: the column by whose time its rows settle, or xmin; None where nothing does it."""
    raised: tuple[str, ...] = ()
    """The times that rise to the six hours and to the day as they settle."""

    @property
    def order_in_words(self) -> str:
        """Of a project's table: what becomes of the order in which its rows came."""
        if self.settled_by is None:
            return "they keep it"
        by = "who wrote them" if self.settled_by == XMIN else self.settled_by
        raised = f", and {' and '.join(self.raised)} rises to the day" if self.raised else ""
        return f"the sweep writes them anew in random order, by {by}{raised}"

    def in_words(self) -> str:
        """One sentence, as it stands in the data dictionary."""
        parts = []
        if self.action == "delete":
            parts.append(f"deleted by the sweep once {self.column} has passed")
        if self.action == "deactivate":
            parts.append(f"marked inactive ({self.flag}) by the sweep once {self.column} has passed")
        if self.at_once:
            parts.append(f"deleted by the next sweep where {self.at_once}")
        if self.max_age:
            parts.append(f"deleted {duration_in_words(self.max_age)} after {self.max_age_column}")
        if self.parents:
            parts.append(f"deleted with the row of {' or '.join(self.parents)} that it belongs to")
        if self.rule == "kept" and not parts:
            parts.append("kept until it is deleted on purpose")
        return "; ".join(parts)


@dataclass(frozen=True, slots=True)
class Table:
    """One declared table."""

    name: str
    purpose: str
    columns: tuple[Column, ...]
    """In the order of the file."""
    retention: Retention
    made_by: Literal["nosender", "alembic"]
    """Whose DDL creates it; a table of Alembic's may be absent."""
    place: Place
    vocabulary: bool = False
    """Few rows, the same for everybody: people may share one of it."""
    whose: str | None = None
    """The project that it belongs to; None for ours."""

    def column(self, name: str) -> Column | None:
        """The column of that name, or None where none is declared."""
        return next((column for column in self.columns if column.name == name), None)


@dataclass(frozen=True, slots=True)
class Function:
    """One declared function or procedure."""

    name: str
    """Without arguments; every overload serves the same purpose."""
    purpose: str
    place: Place
    whose: str | None = None
    """The project that it belongs to; None for ours."""


@dataclass(frozen=True, slots=True)
class ForeignKey:
    """One allowed foreign key; anything else that refers from table to table is a finding."""

    table: str
    columns: tuple[str, ...]
    parent: str
    parent_columns: tuple[str, ...]
    purpose: str
    place: Place


@dataclass(frozen=True, slots=True)
class Named:
    """A declared extension or role: its name and what it is for."""

    name: str
    purpose: str
    place: Place


@dataclass(frozen=True, slots=True)
class Dropped:
    """A table, or a column of one, that was there once: its name stays taken and may not return."""

    table: str
    column: str | None
    """None when the whole table is gone."""
    why: str
    revision: str
    """The revision that dropped it."""
    place: Place


@dataclass(frozen=True, slots=True)
class Catalogue:
    """Everything that is declared; the only allow-list there is."""

    tables: tuple[Table, ...]
    """By name."""
    functions: tuple[Function, ...]
    """By name."""
    foreign_keys: tuple[ForeignKey, ...]
    """In the order of the file."""
    extensions: tuple[Named, ...]
    roles: tuple[Named, ...]
    dropped: tuple[Dropped, ...]
    classes: tuple[DataClass, ...]
    resolutions: tuple[Resolution, ...]
    interval: timedelta
    """A sweep runs at least this often."""
    grace: timedelta
    """No row stands longer than this after its expiry."""
    alike: int
    """Of a thousand ciphertexts so many repeat another, before that decides a verdict."""

    @property
    def schemas(self) -> tuple[str, ...]:
        """The schemas of a project's own, beside that of ours."""
        named = [each.name for each in self.tables] + [each.name for each in self.functions]
        return tuple(sorted({place_of(name, "")[0] for name in named if elsewhere(name)}))

    def table(self, name: str) -> Table | None:
        """The table of that name, or None where none is declared."""
        return next((table for table in self.tables if table.name == name), None)


def duration_in_words(length: timedelta) -> str:
    """A timedelta as the catalogue writes it, in the largest unit that divides it."""
    seconds = int(length.total_seconds())
    for unit, size in (("day", 86400), ("hour", 3600), ("minute", 60), ("second", 1)):
        if seconds % size == 0:
            count = seconds // size
            return f"{count} {unit}" if count == 1 else f"{count} {unit}s"
    raise AssertionError("every whole number of seconds is divisible by one second")
