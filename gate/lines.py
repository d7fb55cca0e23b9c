"""Which line a finding stands on: one that the change touched before any other."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from nosender.gate.workplace import DDL, SCHEMA, VERSIONS

if TYPE_CHECKING:
    from nosender.gate.workplace import Workplace

Spot = tuple[PurePosixPath, int]
"""A file, relative to the top of the checkout, and its line, from 1."""


def place_in_change(workplace: Workplace, name: str) -> Spot | None:
    """The line that the change added about an object, else the one where it took some away; None without."""
    for word in _words(name):
        named = re.compile(rf"\b{re.escape(word)}\b")
        for path in _changed_sql(workplace):
            lines = read_lines(workplace, path)
            for number in workplace.touched(path).lines:
                if named.search(lines[number - 1]):
                    return path, number
        for path in _changed_sql(workplace):
            for number, text in workplace.touched(path).removed:
                if named.search(text):
                    return path, min(number, max(1, len(read_lines(workplace, path))))
    return None


def place_of(workplace: Workplace, name: str) -> Spot:
    """The line of the change that is about an object, else the line of the DDL that names it."""
    found = place_in_change(workplace, name)
    if found is not None:
        return found
    path = ddl_file(workplace, name)
    return path, line_with(workplace, path, name)


def line_with(workplace: Workplace, path: PurePosixPath, name: str) -> int:
    """The line of a file that names an object: a touched one before any other; else the first touched one."""
    touched = workplace.touched(path).lines
    lines = read_lines(workplace, path)
    for word in _words(name):
        found = [number for number, line in enumerate(lines, 1) if re.search(rf"\b{re.escape(word)}\b", line)]
        if found:
            return next((number for number in found if number in touched), found[0])
    return first_change(workplace, path)


def line_in_section(workplace: Workplace, path: PurePosixPath, line: int, header: str = "") -> int:
    """The first touched line of a section of a TOML file, else the line of its header.

    The section is the one that `header` names, else the one that begins at `line`.
    """
    lines = read_lines(workplace, path)
    start = next((n for n, text in enumerate(lines, 1) if header and text.startswith(f"[{header}]")), line)
    end = next((n for n, text in enumerate(lines[start:], start + 1) if text.startswith("[")), len(lines) + 1)
    return next((n for n in workplace.touched(path).lines if start <= n < end), start)


def first_change(workplace: Workplace, path: PurePosixPath) -> int:
    """The first line of a file that the change touches; 1 where it touches none."""
    touched = workplace.touched(path)
    return min([*touched.lines[:1], *(number for number, _ in touched.removed[:1])], default=1)


def newest_revision(workplace: Workplace) -> PurePosixPath:
    """A revision that the change brings, to show something at that has no file of its own."""
    modules = workplace.changed_in(VERSIONS, ".py")
    if modules:
        return modules[-1]
    present = sorted((workplace.checkout.root / VERSIONS).glob("[0-9]*.py"))
    return VERSIONS / present[-1].name if present else VERSIONS


def revision_file(workplace: Workplace, revision: str) -> PurePosixPath:
    """The module of a revision."""
    files = sorted((workplace.checkout.root / VERSIONS).glob(f"{revision}*.py"))
    return VERSIONS / files[0].name if files else newest_revision(workplace)


def read_lines(workplace: Workplace, path: PurePosixPath) -> list[str]:
    """The lines of a file as it is now; none where it is gone."""
    file = workplace.checkout.root / path
    return _text(file).splitlines() if file.is_file() else []


def ddl_file(workplace: Workplace, name: str) -> PurePosixPath:
    """The file of the DDL that is about an object: a changed one that names it before any other."""
    every = [DDL / file.name for file in sorted((workplace.checkout.root / DDL).glob("*.sql"))]
    for word in _words(name):
        for path in (*_changed_sql(workplace), *every):
            if re.search(rf"\b{re.escape(word)}\b", _text(workplace.checkout.root / path)):
                return path
    return next(iter(every), DDL)


def _changed_sql(workplace: Workplace) -> Iterator[PurePosixPath]:
    """The changed files of the DDL and of the way up; a downgrade only takes back."""
    yield from workplace.changed_in(DDL, ".sql")
    yield from (path for path in workplace.changed_in(VERSIONS, ".sql") if path.name.endswith(".up.sql"))


def _words(name: str) -> tuple[str, ...]:
    """The parts of a qualified name, the most particular first, without the schema and arguments."""
    parts = [part.strip('"') for part in re.split(r"[.\s]+", name.partition("(")[0]) if part]
    return tuple(reversed([part for part in parts if part not in (SCHEMA, "on")]))


def _text(file: Path) -> str:
    return file.read_text(encoding="utf-8", errors="replace")
