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


def place_in_change(workplace: Workplace, name: str, about: str = "") -> Spot | None:
    """The line that the change added about an object, or where it took one away; None where there is neither.

    Of several lines the one that holds the most particular parts of its name; then the one that holds most
    words of `about`, which says what is wrong with it.
    """
    words, hints = _words(name), {word.lower() for word in re.findall(r"\w{4,}", about)}
    best: tuple[float, Spot | None] = (0.0, None)
    for path in _changed_sql(workplace):
        lines = read_lines(workplace, path)
        touched = workplace.touched(path)
        added = ((number, lines[number - 1], 0.0) for number in touched.lines)
        removed = ((min(number, len(lines) or 1), text, 0.1) for number, text in touched.removed)
        for number, text, less in (*added, *removed):
            score = _score(text, words, hints) - less
            if score > best[0]:
                best = score, (path, number)
    return best[1]


def _score(text: str, words: tuple[str, ...], hints: set[str]) -> float:
    """How much a line has to do with an object; 0 for nothing."""
    found = {word.lower() for word in re.findall(r"\w+", text)}
    named = sum(2.0 ** (len(words) - place) for place, word in enumerate(words) if word.lower() in found)
    told = len(hints & found)
    return named + min(told, 8) / 8 if named or told > 1 else 0.0


def place_of(workplace: Workplace, name: str, about: str = "") -> Spot:
    """The line of the change that is about an object, else the line of the DDL that names it."""
    found = place_in_change(workplace, name, about)
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


_KINDS = {"column", "constraint", "function", "on", "procedure", "sequence", "table", "tables", "to"}


def _words(name: str) -> tuple[str, ...]:
    """The parts of an object's name, the most particular first, without its schema, its kind and arguments.

    `keep on public.users` is about keep, `public.users.keep` as well.
    """
    words: list[str] = []
    for phrase in re.split(r"\s+|:", name.partition("(")[0]):
        parts = [part.strip('"') for part in phrase.split(".")]
        words += [part for part in reversed(parts) if part and part != SCHEMA and part not in _KINDS]
    owners = [word.removesuffix("_id_seq") for word in words if word.endswith("_id_seq")]
    return tuple(dict.fromkeys(words + owners))


def is_text(file: Path) -> bool:
    """Whether a file is what SQL can be: UTF-8, without a zero byte."""
    try:
        return "\0" not in file.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return False


def _text(file: Path) -> str:
    return file.read_text(encoding="utf-8", errors="replace")
