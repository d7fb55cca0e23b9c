"""A project's own tables beside ours: what its folder declares is added, and nothing of ours is replaced."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TypeVar

from nosender.errors import UsageError
from nosender.schema.catalogue.declarations import (
    classes_of,
    dropped_of,
    foreign_key,
    functions_of,
    named,
    table_of,
)
from nosender.schema.catalogue.digest import digest
from nosender.schema.catalogue.model import (
    Catalogue,
    Column,
    DataClass,
    Dropped,
    Function,
    Named,
    Retention,
    Table,
)
from nosender.schema.catalogue.places import place_of
from nosender.toml_reader import File, Place

VOCABULARY, POLICY = "vocabulary.toml", "policy.toml"

_Thing = TypeVar("_Thing", Table, Function, Named)


@dataclass(frozen=True, slots=True)
class Overlay:
    """Where a project declares its own."""

    name: str
    """What the project is called."""
    root: Path
    """Its folder; files are named relative to it."""
    folder: Path
    """Its catalogue, within that."""
    version_table: str | None = None
    """The version table of its chain, which is declared by being named."""
    schema: str = "public"
    """Where ours stand, which no name of theirs says."""
    where: Place = field(default_factory=lambda: Place("nosender.toml", 1))
    """Where the version table is named."""

    def digest(self) -> str:
        """`sha256:` of what it declares: its name, its version table and the files of its folder."""
        whole = hashlib.sha256()
        for text in (self.name, self.version_table or "", digest(self.folder)):
            whole.update(b"%d %s" % (len(text.encode()), text.encode()))
        return f"sha256:{whole.hexdigest()}"


def merged(core: Catalogue, overlay: Overlay) -> Catalogue:
    """The catalogue of both. UsageError for what is ours already, and for what only ours may say."""
    folder, name = overlay.folder, overlay.name

    def file(path: Path) -> File:
        return File(path, overlay.root)

    classes = {each.name: each for each in core.classes}
    if (folder / VOCABULARY).is_file():
        words = file(folder / VOCABULARY)
        _only(words, "classes")
        new = classes_of(words, name)
        for each in new:
            if each in classes:
                place = words.place(("classes", each))
                raise UsageError(f"{place}: class {each!r} is one of ours; choose another name.")
        classes |= new
    resolutions = {each.name: each for each in core.resolutions}
    paths = [each for each in sorted(folder.glob("*.toml")) if each.name not in (VOCABULARY, POLICY)]
    own = [table_of(file(each), classes, resolutions, name) for each in paths]
    for table in own:
        if place_of(table.name, "")[0] == overlay.schema:
            raise UsageError(
                f"{table.place}: {overlay.schema} is the schema of ours: leave it out of the name."
            )
        if table.made_by != "nosender":
            raise UsageError(
                f"{table.place}: made_by is for version tables: name yours as version_table in nosender.toml."
            )
    if overlay.version_table is not None:
        own.append(_version_table(overlay, classes["bookkeeping"]))
    tables = _added("table", core.tables, own)
    merged = replace(
        core,
        tables=tuple(sorted(tables, key=lambda each: each.name)),
        functions=_added("function", core.functions, _functions(overlay)),
        dropped=core.dropped + _dropped(overlay, {each.name for each in core.tables}),
        classes=tuple(classes.values()),
    )
    if (folder / POLICY).is_file():
        merged = _with_policy(merged, file(folder / POLICY), {each.name for each in own})
    return merged


def _with_policy(catalogue: Catalogue, policy: File, own: set[str]) -> Catalogue:
    """The same with the keys, extensions and roles of a project's policy.toml; a key starts at its tables."""
    _only(policy, "foreign_keys", "extensions", "roles")
    keys = []
    for item in policy.items("foreign_keys"):
        key = foreign_key(item, catalogue.tables)
        if key.table not in own:
            raise item.refuse(
                "table", f"table {key.table!r} is not the project's: no key of it is added here."
            )
        keys.append(key)
    return replace(
        catalogue,
        foreign_keys=(*catalogue.foreign_keys, *keys),
        extensions=_added("extension", catalogue.extensions, named(policy, "extensions")),
        roles=_added("role", catalogue.roles, named(policy, "roles")),
    )


def _only(file: File, *known: str) -> None:
    whole = file.section()
    whole.skip(*known)
    whole.done()


def _added(what: str, ours: Iterable[_Thing], theirs: Iterable[_Thing]) -> tuple[_Thing, ...]:
    """Ours and theirs; a name stands once."""
    found = {each.name: each for each in ours}
    taken = set(found)
    for each in theirs:
        if each.name in taken:
            raise UsageError(
                f"{each.place}: {what} {each.name!r} is one of ours, and a project only adds; "
                "choose another name."
            )
        if each.name in found:
            raise UsageError(
                f"{each.place}: {what} {each.name!r} is declared at {found[each.name].place} already."
            )
        found[each.name] = each
    return tuple(found.values())


def _functions(overlay: Overlay) -> list[Function]:
    paths = sorted((overlay.folder / "functions").glob("*.toml"))
    return [function for path in paths for function in functions_of(File(path, overlay.root), overlay.name)]


def _dropped(overlay: Overlay, ours: set[str]) -> tuple[Dropped, ...]:
    paths = sorted((overlay.folder / "dropped").glob("*.toml"))
    found = tuple(dropped_of(File(path, overlay.root)) for path in paths)
    for each in found:
        if each.table in ours:
            raise UsageError(
                f"{each.place}: table {each.table!r} is one of ours: only a release drops of it."
            )
    return found


def _version_table(overlay: Overlay, bookkeeping: DataClass) -> Table:
    """The table in which Alembic keeps the place of the project's chain, as Alembic makes it."""
    assert overlay.version_table is not None  # noqa: S101 (asked before)
    kept = Retention(
        "kept", None, None, None, None, (), None, None, "One row, which says where the chain is."
    )
    column = Column(
        "version_num", "The revision of the project that stands.", bookkeeping, None,
        f"with the row: {kept.in_words()}", overlay.where,
    )  # fmt: skip
    purpose = f"Where the revisions of {overlay.name} have led to."
    return Table(
        overlay.version_table, purpose, (column,), kept, "alembic", overlay.where, whose=overlay.name
    )
