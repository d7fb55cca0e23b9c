"""Reads nosender.toml strictly, or [tool.nosender] of a pyproject.toml; the nearest one upwards."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from nosender.errors import UsageError
from nosender.project.retention import Declared, declared
from nosender.server.names import require_name
from nosender.toml_reader import File, Place, Section

FILE = "nosender.toml"
PYPROJECT = "pyproject.toml"


@dataclass(frozen=True, slots=True)
class Excused:
    """A schema that somebody answers for: it is not looked into, and named beside every verdict."""

    name: str
    purpose: str
    owner: str
    expires: date
    """The last day on which the excuse counts, in UTC."""
    place: Place


@dataclass(frozen=True, slots=True)
class Project:
    """What a team says about its database."""

    name: str | None = None
    schemas: tuple[Excused, ...] = ()
    """By name."""
    retention: Declared | None = None
    """The knobs; None where the file says nothing of them."""


def find(folder: Path | None = None) -> Project:
    """The project of `folder`, which must hold one; of None, the nearest from the working folder upwards.

    Where there is none, the project is empty. UsageError names the file and line of what is not right.
    """
    if folder is not None:
        found = _in(folder)
        if found is None:
            raise UsageError(f"{folder} holds no {FILE}, and no {PYPROJECT} with [tool.nosender].")
        return found
    here = Path.cwd()
    for each in (here, *here.parents):
        if (found := _in(each)) is not None:
            return found
    return Project()


def _in(folder: Path) -> Project | None:
    own, shared = folder / FILE, folder / PYPROJECT
    if own.is_file():
        return _read(File(own, folder))
    if shared.is_file() and _has_tool(shared):
        return _read(File(shared, folder), "tool", "nosender")
    return None


def _has_tool(path: Path) -> bool:
    """Whether a pyproject.toml speaks of us; any other is somebody else's, right or wrong."""
    try:
        tools = tomllib.loads(path.read_text(encoding="utf-8")).get("tool")
    except (OSError, ValueError):
        return False
    return isinstance(tools, dict) and "nosender" in tools


def _read(file: File, *at: str) -> Project:
    whole = file.section(*at)
    name = whole.optional_text("name")
    whole.skip("schemas", "retention")
    whole.done()
    schemas = file.section(*at, "schemas")
    excused = tuple(_excused(file.section(*at, "schemas", each)) for each in sorted(schemas.names()))
    knobs = declared(file.section(*at, "retention")) if "retention" in whole.values else None
    return Project(name, excused, knobs)


def _name(entry: Section) -> str:
    """A name that a schema can have: another excuses nothing."""
    try:
        return require_name(str(entry.path[-1]), "schema")
    except UsageError as error:
        raise UsageError(f"{entry.place}: {error}") from None


def _excused(entry: Section) -> Excused:
    excused = Excused(
        name=_name(entry),
        purpose=entry.text("purpose"),
        owner=entry.text("owner"),
        expires=entry.day("expires"),
        place=entry.place,
    )
    entry.done()
    return excused
