"""Reads a layout: which table stands where, which keys cannot hold there, and what is lost with each."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal, cast

from nosender.toml_reader import File, Place, Section

Kind = Literal["distributed", "reference", "local"]
KINDS: tuple[Kind, ...] = ("distributed", "reference", "local")


@dataclass(frozen=True, slots=True)
class PlacedTable:
    """One table of ours."""

    name: str
    kind: Kind
    """Distributed over the nodes, copied to each, or where it is."""
    column: str | None
    """The column whose value says where a row goes; None where nothing is distributed."""
    adds_column: bool
    """The layout adds that column, for the core has none."""
    beside: str
    """Rows of one value stand on one node with those of this table; its own name where it is the first."""
    place: Place


@dataclass(frozen=True, slots=True)
class ReplacedKey:
    """A constraint or unique index of the core that cannot hold."""

    table: str
    name: str
    instead: tuple[str, ...]
    """The columns of the key that stands in its place; none where nothing does."""
    lost: str
    """What no longer holds, in one sentence."""
    place: Place


@dataclass(frozen=True, slots=True)
class LostTrigger:
    """Triggers of the core that cannot stand on a shard."""

    function: str
    """What they call."""
    lost: str
    """What no longer holds, in one sentence."""


@dataclass(frozen=True, slots=True)
class AddedColumn:
    """A column that the layout adds to a table of the core."""

    table: str
    name: str
    data_class: str
    """Of the catalogue's vocabulary."""
    purpose: str
    place: Place


@dataclass(frozen=True, slots=True)
class ReplacedForeignKey:
    """A foreign key of the core that holds more columns in the layout; its purpose stays."""

    table: str
    columns: tuple[str, ...]
    parent: str
    parent_columns: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class QuietSetting:
    """A setting that must have one of a few values on every node."""

    name: str
    safe: tuple[str, ...]
    """As PostgreSQL writes them; the first is the one to set."""
    leaks: str
    """What another value does."""


@dataclass(frozen=True, slots=True)
class Layout:
    """A layout file."""

    tables: tuple[PlacedTable, ...]
    keys: tuple[ReplacedKey, ...]
    guards: tuple[str, ...] = ()
    """Functions of triggers that stand on every shard."""
    triggers: tuple[LostTrigger, ...] = ()
    settings: tuple[QuietSetting, ...] = ()
    columns: tuple[AddedColumn, ...] = ()
    foreign_keys: tuple[ReplacedForeignKey, ...] = ()
    functions: tuple[tuple[str, str], ...] = ()
    """By function that only the layout has, what it is for."""
    made_from: tuple[tuple[str, str], ...] = ()
    """By script that stands for a file of the DDL, the SHA-256 of the text that it was made of."""

    @property
    def moved(self) -> tuple[str, ...]:
        """The tables whose rows leave the place where they are."""
        return tuple(each.name for each in self.tables if each.kind != "local")

    @property
    def losses(self) -> tuple[str, ...]:
        """What no longer holds in it, a sentence each."""
        said = (*(each.lost for each in self.keys), *(each.lost for each in self.triggers))
        return tuple(each for each in said if not each.startswith("Nothing"))

    def table(self, name: str) -> PlacedTable | None:
        """The table of that name."""
        return next((each for each in self.tables if each.name == name), None)


def read(name: str = "citus") -> Layout:
    """The layout of that name, one of ours."""
    root = Path(__file__).parent
    return read_file(root / name / "layout.toml", root)


def read_file(path: Path, root: Path) -> Layout:
    """The layout of a file; UsageError with its line where it is not right."""
    file = File(path, root)
    whole = file.section()
    whole.skip("tables", "keys", "triggers", "settings", "columns", "foreign_keys", "functions", "made_from")
    guards = whole.texts("guards")
    whole.done()
    tables = tuple(_table(file.section("tables", name), name) for name in file.section("tables").values)
    known = {each.name: each for each in tables}
    for each in tables:
        first = known.get(each.beside)
        if first is None or (first.kind, first.column, first.beside) != (each.kind, each.column, each.beside):
            raise file.refuse(
                ("tables", each.name, "with"), f"{each.beside} is not distributed by {each.column}."
            )
    keys = tuple(_key(each) for each in file.items("keys"))
    triggers = tuple(_trigger(each) for each in file.items("triggers"))
    settings = tuple(
        _setting(file.section("settings", name), name) for name in file.section("settings").names()
    )
    columns = tuple(_column(each) for each in file.items("columns"))
    foreign = tuple(_foreign_key(each) for each in file.items("foreign_keys"))
    own = file.section("functions")
    functions = tuple((name, own.text(name)) for name in own.values)
    made = file.section("made_from")
    made_from = tuple((name, made.text(name)) for name in made.values)
    return Layout(tables, keys, guards, triggers, settings, columns, foreign, functions, made_from)


def _table(section: Section, name: str) -> PlacedTable:
    kind = cast(Kind, section.choice("kind", KINDS))
    table = PlacedTable(
        name=name,
        kind=kind,
        column=section.text("column") if kind == "distributed" else None,
        adds_column=section.flag("adds_column", default=False),
        beside=section.optional_text("with") or name,
        place=section.place,
    )
    section.done()
    return table


def _key(section: Section) -> ReplacedKey:
    key = ReplacedKey(
        table=section.text("table"),
        name=section.text("name"),
        instead=section.texts("instead"),
        lost=section.text("lost"),
        place=section.place,
    )
    section.done()
    return key


def _trigger(section: Section) -> LostTrigger:
    trigger = LostTrigger(section.text("function"), section.text("lost"))
    section.done()
    return trigger


def _column(section: Section) -> AddedColumn:
    column = AddedColumn(
        section.text("table"),
        section.text("name"),
        section.text("class"),
        section.text("purpose"),
        section.place,
    )
    section.done()
    return column


def _foreign_key(section: Section) -> ReplacedForeignKey:
    key = ReplacedForeignKey(
        section.text("table"),
        section.texts("columns"),
        section.text("parent"),
        section.texts("parent_columns"),
    )
    section.done()
    return key


def _setting(section: Section, name: str) -> QuietSetting:
    setting = QuietSetting(name, section.texts("safe", required=True), section.text("leaks"))
    section.done()
    return setting
