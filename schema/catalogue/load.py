"""From the folder of TOML files to one Catalogue, refusing everything that is not exactly right."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Literal, cast

from nosender.errors import UsageError
from nosender.schema.catalogue import people
from nosender.schema.catalogue.model import (
    Catalogue,
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
from nosender.toml_reader import File, Section

_NOT_TABLES = ("vocabulary.toml", "policy.toml")


def load(path: Path | None = None) -> Catalogue:
    """Read the catalogue in the folder `path`, by default the one that belongs to this program.

    UsageError names the file and line of the first thing that is wrong: an unknown key, a blank or missing
    purpose, a wrong type, a TODO, a name that nothing declares.
    """
    root = path if path is not None else Path(__file__).parent
    if not (root / "vocabulary.toml").is_file():
        raise UsageError(f"{root} is not a catalogue: it holds no vocabulary.toml.")
    classes, resolutions = _vocabulary(File(root / "vocabulary.toml", root))
    files = [File(each, root) for each in sorted(root.glob("*.toml")) if each.name not in _NOT_TABLES]
    tables = tuple(_table(file, classes, resolutions) for file in files)
    policy = File(root / "policy.toml", root)
    whole = policy.section()
    whole.skip("sweep", "foreign_keys", "extensions", "roles")
    whole.done()
    sweep = policy.section("sweep")
    interval, grace = sweep.duration("interval"), sweep.duration("grace")
    if interval is None or grace is None:
        raise sweep.refuse("", "[sweep] must promise an interval and a grace.")
    sweep.done()
    functions = (_functions(File(each, root)) for each in sorted((root / "functions").glob("*.toml")))
    dropped = tuple(_dropped(File(each, root)) for each in sorted((root / "dropped").glob("*.toml")))
    catalogue = Catalogue(
        tables=tables,
        functions=_unique([function for group in functions for function in group]),
        foreign_keys=tuple(_foreign_key(item, tables) for item in policy.items("foreign_keys")),
        extensions=_named(policy, "extensions"),
        roles=_named(policy, "roles"),
        dropped=dropped,
        classes=tuple(classes.values()),
        resolutions=tuple(resolutions.values()),
        interval=interval,
        grace=grace,
    )
    _refuse_returned(catalogue)
    people.refuse(catalogue)
    return catalogue


def _vocabulary(file: File) -> tuple[dict[str, DataClass], dict[str, Resolution]]:
    whole = file.section()
    whole.skip("classes", "resolutions")
    whole.done()
    classes, resolutions = {}, {}
    for name in file.section("classes").names():
        entry = file.section("classes", name)
        classes[name] = DataClass(
            name=name,
            means=entry.text("means"),
            personal=entry.flag("personal"),
            sampled=entry.flag("sampled", default=True),
            time=entry.flag("time", default=False),
            never_with=entry.texts("never_with"),
        )
        entry.done()
    for name in file.section("resolutions").names():
        entry = file.section("resolutions", name)
        resolutions[name] = Resolution(name, entry.text("means"), entry.number("seconds"))
        entry.done()
    return classes, resolutions


def _table(file: File, classes: dict[str, DataClass], resolutions: dict[str, Resolution]) -> Table:
    whole = file.section()
    name = whole.text("table")
    if file.name != f"{name}.toml":
        raise whole.refuse("table", f"table {name!r} belongs in a file named {name}.toml.")
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
    retention = _retention(file.section("retention"), name, names)
    columns = tuple(
        _column(file.section("columns", column), classes, resolutions, retention) for column in names
    )
    _refuse_second_person(file, columns)
    return Table(name, purpose, columns, retention, made_by, whole.place, vocabulary)


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


def _column(
    entry: Section, classes: dict[str, DataClass], resolutions: dict[str, Resolution], retention: Retention
) -> Column:
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


def _retention(entry: Section, table: str, columns: list[str]) -> Retention:
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


def _functions(file: File) -> Iterable[Function]:
    for name in file.section().names():
        entry = file.section(name)
        yield Function(name, entry.text("purpose"), entry.place)
        entry.done()


def _foreign_key(entry: Section, tables: tuple[Table, ...]) -> ForeignKey:
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


def _named(file: File, kind: str) -> tuple[Named, ...]:
    found = []
    for name in file.section(kind).names():
        entry = file.section(kind, name)
        found.append(Named(name, entry.text("purpose"), entry.place))
        entry.done()
    return tuple(found)


def _dropped(file: File) -> Dropped:
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


def _refuse_returned(catalogue: Catalogue) -> None:
    """A name that was retired stays retired: old bytes under it may still be about."""
    for gone in catalogue.dropped:
        table = catalogue.table(gone.table)
        if table is not None and (gone.column is None or table.column(gone.column) is not None):
            name = gone.table if gone.column is None else f"{gone.table}.{gone.column}"
            raise UsageError(f"{gone.place}: {name} was dropped and is declared again; choose another name.")


def _unique(things: list[Function]) -> tuple[Function, ...]:
    """By name; a name that two files declare is refused."""
    by_name: dict[str, Function] = {}
    for thing in things:
        if thing.name in by_name:
            raise UsageError(
                f"{thing.place}: function {thing.name!r} is declared at {by_name[thing.name].place} already."
            )
        by_name[thing.name] = thing
    return tuple(by_name[name] for name in sorted(by_name))
