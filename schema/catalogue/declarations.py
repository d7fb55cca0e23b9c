"""What one TOML file of a catalogue declares, refusing everything that is not exactly right."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import PurePosixPath
from typing import Literal, cast

from nosender.schema.catalogue.model import (
    Column,
    DataClass,
    Dropped,
    ForeignKey,
    Function,
    Named,
    Resolution,
    Retention,
    Table,
)
from nosender.schema.catalogue.places import elsewhere, sound
from nosender.schema.project_policy import XMIN
from nosender.toml_reader import File, Section

Classes = Mapping[str, DataClass]
Resolutions = Mapping[str, Resolution]


def classes_of(file: File, whose: str | None = None) -> dict[str, DataClass]:
    """The classes of a vocabulary, by name."""
    classes = {}
    for name in file.section("classes").names():
        entry = file.section("classes", name)
        classes[name] = DataClass(
            name=name,
            means=entry.text("means"),
            personal=entry.flag("personal"),
            sampled=entry.flag("sampled", default=True),
            time=entry.flag("time", default=False),
            never_with=entry.texts("never_with"),
            whose=whose,
        )
        entry.done()
    return classes


def resolutions_of(file: File) -> dict[str, Resolution]:
    """The resolutions of a vocabulary, by name."""
    resolutions = {}
    for name in file.section("resolutions").names():
        entry = file.section("resolutions", name)
        resolutions[name] = Resolution(name, entry.text("means"), entry.number("seconds"))
        entry.done()
    return resolutions


def table_of(file: File, classes: Classes, resolutions: Resolutions, whose: str | None = None) -> Table:
    """The table that a file declares."""
    whole = file.section()
    name = whole.text("table")
    if PurePosixPath(file.name).name != f"{name}.toml":
        raise whole.refuse("table", f"table {name!r} belongs in a file named {name}.toml.")
    if elsewhere(name) and (whose is None or not sound(name)):
        raise whole.refuse(
            "table", f"{name!r} names a schema and a table of a project's, of small letters, digits and _."
        )
    purpose = whole.text("purpose")
    made_by = cast(
        Literal["nosender", "alembic"], whole.choice("made_by", ("nosender", "alembic"), "nosender")
    )
    vocabulary = whole.flag("vocabulary", default=False)
    whole.skip("retention", "columns")
    whole.done()
    names = file.section("columns").names()
    if not names:
        raise whole.refuse("table", f"table {name!r} declares no column; write a [columns.NAME] for each.")
    retention = _retention(file.section("retention"), name, names, whose)
    columns = tuple(
        _column(file.section("columns", column), classes, resolutions, retention) for column in names
    )
    _require_times(file.section("retention"), retention, columns)
    _refuse_second_person(file, columns)
    return Table(name, purpose, columns, retention, made_by, whole.place, vocabulary, whose)


def _refuse_second_person(file: File, columns: tuple[Column, ...]) -> None:
    """No row that is for one person may single out another, however well that is declared."""
    classes = {column.data_class.name for column in columns}
    for column in columns:
        for other in column.data_class.never_with:
            if other in classes:
                entry = file.section("columns", column.name)
                raise entry.refuse(
                    "class",
                    f"column {column.name!r} ({column.data_class.name}) stands beside a {other}: a row that "
                    "is for one person must not single out another, so this cannot be declared.",
                )


def _column(entry: Section, classes: Classes, resolutions: Resolutions, retention: Retention) -> Column:
    name = str(entry.path[-1])
    data_class = classes[entry.choice("class", tuple(classes))]
    resolution = entry.optional_text("resolution")
    if data_class.time and resolution is None:
        raise entry.refuse("resolution", f"column {name!r} holds a time, so it must name its resolution.")
    if not data_class.time and resolution is not None:
        raise entry.refuse("resolution", f"column {name!r} holds no time, so it has no resolution.")
    if resolution is not None and resolution not in resolutions:
        raise entry.refuse("resolution", f"resolution {resolution!r} is not in vocabulary.toml.")
    column = Column(
        name=name,
        purpose=entry.text("purpose"),
        data_class=data_class,
        resolution=resolutions[resolution] if resolution is not None else None,
        retention=entry.optional_text("retention") or f"with the row: {retention.in_words()}",
        place=entry.place,
    )
    entry.done()
    return column


def _require_times(entry: Section, retention: Retention, columns: tuple[Column, ...]) -> None:
    """UsageError where rows would settle by a column, or a column would rise, that is no time of the past."""
    times = [each.name for each in columns if each.data_class.name == "time"]
    if retention.settled_by not in (None, XMIN, *times):
        raise entry.refuse(
            "settled_by",
            f"settled_by is {retention.settled_by!r}: it is a column of the class time, or xmin.",
        )
    for name in retention.raised:
        if name not in times:
            raise entry.refuse("raised", f"raised names {name!r}, which is no column of the class time.")
    if retention.raised and retention.settled_by is None:
        raise entry.refuse("raised", "times rise as their rows settle: name what that goes by, settled_by.")


def _retention(entry: Section, table: str, columns: list[str], whose: str | None) -> Retention:
    rule = entry.choice("rule", ("expires", "follows", "kept"))

    def column(key: str) -> str | None:
        name = entry.optional_text(key)
        if name is not None and name not in columns:
            raise entry.refuse(key, f"{key} names column {name!r}, which table {table!r} does not declare.")
        return name

    action = entry.choice("action", ("delete", "deactivate")) if "action" in entry.values else None
    retention = Retention(
        rule=cast(Literal["expires", "follows", "kept"], rule),
        column=column("column"),
        action=cast(Literal["delete", "deactivate"] | None, action),
        flag=column("flag"),
        at_once=column("at_once"),
        parents=entry.texts("parents"),
        max_age=entry.duration("max_age"),
        max_age_column=column("max_age_column"),
        kept_because=entry.optional_text("kept_because"),
        settled_by=entry.optional_text("settled_by") if whose is not None else None,
        raised=entry.texts("raised") if whose is not None else (),
    )
    entry.skip("action")
    entry.done()
    if (rule == "expires") != (retention.column is not None) or (rule == "expires") != (action is not None):
        raise entry.refuse("rule", 'a column and an action are named exactly where the rule is "expires".')
    if (action == "deactivate") != (retention.flag is not None):
        raise entry.refuse("action", 'a flag is named exactly where the action is "deactivate".')
    if rule == "follows" and not retention.parents:
        raise entry.refuse("rule", 'the rule "follows" needs parents: the tables that it follows.')
    if (retention.max_age is None) != (retention.max_age_column is None):
        raise entry.refuse("max_age", "max_age and max_age_column stand together or not at all.")
    without_limit = rule == "kept" or action == "deactivate"
    if without_limit and retention.max_age is None and retention.kept_because is None:
        raise entry.refuse("rule", f"rows of {table!r} may stay without limit; kept_because must say why.")
    return retention


def functions_of(file: File, whose: str | None = None) -> Iterable[Function]:
    """The functions that a file declares."""
    for name in file.section().names():
        entry = file.section(name)
        if elsewhere(name) and (whose is None or not sound(name)):
            raise entry.refuse("purpose", f"{name!r} names no schema and function of a project's.")
        yield Function(name, entry.text("purpose"), entry.place, whose)
        entry.done()


def foreign_key(entry: Section, tables: tuple[Table, ...]) -> ForeignKey:
    """One allowed foreign key between declared tables."""
    known = {table.name: table for table in tables}

    def side(table_key: str, columns_key: str) -> tuple[str, tuple[str, ...]]:
        name, columns = entry.text(table_key), entry.texts(columns_key, required=True)
        if name not in known:
            raise entry.refuse(table_key, f"no file of the catalogue declares table {name!r}.")
        for column in columns:
            if known[name].column(column) is None:
                raise entry.refuse(columns_key, f"table {name!r} declares no column {column!r}.")
        return name, columns

    table, columns = side("table", "columns")
    parent, parent_columns = side("parent", "parent_columns")
    key = ForeignKey(table, columns, parent, parent_columns, entry.text("purpose"), entry.place)
    entry.done()
    return key


def named(file: File, kind: str) -> tuple[Named, ...]:
    """The declared extensions or roles of a policy."""
    found = []
    for name in file.section(kind).names():
        entry = file.section(kind, name)
        found.append(Named(name, entry.text("purpose"), entry.place))
        entry.done()
    return tuple(found)


def dropped_of(file: File) -> Dropped:
    """What was there once."""
    entry = file.section()
    gone = Dropped(
        table=entry.text("table"),
        column=entry.optional_text("column"),
        why=entry.text("why"),
        revision=entry.text("revision"),
        place=entry.place,
    )
    entry.done()
    return gone
