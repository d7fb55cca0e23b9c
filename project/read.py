"""Reads nosender.toml strictly, or [tool.nosender] of a pyproject.toml; the nearest one upwards."""

from __future__ import annotations

import os
import tomllib
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from nosender.errors import UsageError
from nosender.project.keys import Own, own
from nosender.project.platform import Platform, platform
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
    own: Own = field(default_factory=Own)
    """Tables, chain and waivers of the team's own."""
    platform: Platform | None = None
    """On whose server the database stands; None where the file says nothing of it."""
    file: Path | None = None
    """Where it says so; None where no file was found."""


def find(folder: Path | None = None) -> Project:
    """The project of `folder`, which must hold one; of None, the nearest from the working folder upwards.

    Where there is none, the project is empty. UsageError names the file and line of what is not right, or two
    projects of which either could be meant.
    """
    if folder is not None:
        found = _in(folder)
        if found is None:
            raise UsageError(f"{folder} holds no {FILE}, and no {PYPROJECT} with [tool.nosender].")
        return found
    here = Path.cwd()
    places = [place for each in (here, *here.parents) for place in _places(each)]
    if len(places) > 1:
        raise UsageError(
            f"two projects stand on the way up, {places[0]} and {places[1]}: join them, or name the "
            "folder of one with --project"
        )
    return _in(places[0].parent) or Project() if places else Project()


def _places(folder: Path) -> list[Path]:
    own_file, shared = folder / FILE, folder / PYPROJECT
    if os.path.lexists(own_file) and not own_file.is_file():
        raise UsageError(
            f"{own_file} is no file, or a link that leads to none: nobody knows what it would say."
        )
    found = [own_file] if own_file.is_file() else []
    return [*found, shared] if shared.is_file() and _has_tool(shared) else found


def _in(folder: Path) -> Project | None:
    places = _places(folder)
    if len(places) > 1:
        raise UsageError(f"{folder} says it twice, in {FILE} and in {PYPROJECT}: keep one of them.")
    if not places:
        return None
    at = ("tool", "nosender") if places[0].name == PYPROJECT else ()
    return _read(File(places[0], folder), places[0], *at)


def _has_tool(path: Path) -> bool:
    """Whether a pyproject.toml speaks of us; any other is somebody else's, right or wrong."""
    try:
        tools = tomllib.loads(path.read_text(encoding="utf-8")).get("tool")
    except (OSError, ValueError, RecursionError):
        return False
    return isinstance(tools, dict) and "nosender" in tools


def _read(file: File, path: Path, *at: str) -> Project:
    whole = file.section(*at)
    name = whole.optional_text("name")
    mine = own(whole, path.parent)
    whole.skip("schemas", "retention", "platform")
    whole.done()
    schemas = file.section(*at, "schemas")
    excused = tuple(_excused(file.section(*at, "schemas", each)) for each in sorted(schemas.names()))
    knobs = declared(file.section(*at, "retention")) if "retention" in whole.values else None
    where = platform(file.section(*at, "platform")) if "platform" in whole.values else None
    return Project(name, excused, knobs, mine, where, path)


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
