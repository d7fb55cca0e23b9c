"""From the folder of TOML files, and a project's beside it, to one Catalogue."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path

from nosender.errors import UsageError
from nosender.schema.catalogue import forgetting, people
from nosender.schema.catalogue.declarations import (
    classes_of,
    dropped_of,
    foreign_key,
    functions_of,
    named,
    resolutions_of,
    table_of,
)
from nosender.schema.catalogue.model import Catalogue, Function
from nosender.schema.catalogue.overlay import Overlay, merged
from nosender.toml_reader import File

_NOT_TABLES = ("vocabulary.toml", "policy.toml")


def load(path: Path | None = None, overlay: Overlay | None = None) -> Catalogue:
    """Read the catalogue in the folder `path`, by default the one that belongs to this program.

    `overlay` adds a project's own. UsageError names the file and line of the first thing that is wrong: an
    unknown key, a blank or missing purpose, a wrong type, a TODO, a name that nothing declares.
    """
    catalogue = _core(path) if path is not None else _own()
    if overlay is not None:
        catalogue = merged(catalogue, overlay)
    _refuse_returned(catalogue)
    people.refuse(catalogue)
    forgetting.refuse(catalogue)
    return replace(catalogue, functions=_unique(list(catalogue.functions)))


@cache
def _own() -> Catalogue:
    """The one of this program, which a process reads once."""
    return _core(Path(__file__).parent)


def _core(root: Path) -> Catalogue:
    if not (root / "vocabulary.toml").is_file():
        raise UsageError(f"{root} is not a catalogue: it holds no vocabulary.toml.")
    vocabulary = File(root / "vocabulary.toml", root)
    words = vocabulary.section()
    words.skip("classes", "resolutions")
    words.done()
    classes, resolutions = classes_of(vocabulary), resolutions_of(vocabulary)
    files = [File(each, root) for each in sorted(root.glob("*.toml")) if each.name not in _NOT_TABLES]
    tables = tuple(table_of(file, classes, resolutions) for file in files)
    policy = File(root / "policy.toml", root)
    whole = policy.section()
    whole.skip("sweep", "ciphertext", "foreign_keys", "extensions", "roles")
    whole.done()
    sweep = policy.section("sweep")
    interval, grace = sweep.duration("interval"), sweep.duration("grace")
    if interval is None or grace is None:
        raise sweep.refuse("", "[sweep] must promise an interval and a grace.")
    sweep.done()
    ciphertext = policy.section("ciphertext")
    # A catalogue of an earlier version, which the gate reads too, does not say.
    alike = ciphertext.number("alike") if "alike" in ciphertext.values else 10
    if not 1 <= alike <= 1000:
        raise ciphertext.refuse("alike", "alike is a number of a thousand values, from 1 on.")
    ciphertext.done()
    functions = (functions_of(File(each, root)) for each in sorted((root / "functions").glob("*.toml")))
    return Catalogue(
        tables=tables,
        functions=_unique([function for group in functions for function in group]),
        foreign_keys=tuple(foreign_key(item, tables) for item in policy.items("foreign_keys")),
        extensions=named(policy, "extensions"),
        roles=named(policy, "roles"),
        dropped=tuple(dropped_of(File(each, root)) for each in sorted((root / "dropped").glob("*.toml"))),
        classes=tuple(classes.values()),
        resolutions=tuple(resolutions.values()),
        interval=interval,
        grace=grace,
        alike=alike,
    )


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
