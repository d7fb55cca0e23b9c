"""Reads one TOML file strictly: every key is asked for by name and type, and what is left over is refused.

`tomllib` gives values without positions, so the line of a key is looked up in the text, which is gone through
once for that.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

from nosender.errors import UsageError


@dataclass(frozen=True, slots=True)
class Place:
    """Where in a file something stands, for messages that send a person there."""

    file: str
    """Path of the file, relative to the folder that was read."""
    line: int
    """Line in that file, from 1."""

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"


Steps = tuple[str | int, ...]
"""The way to a value: table names and keys, and the index of an item of an array of tables."""

Kind = TypeVar("Kind")

_UNFINISHED = re.compile(r"\bTODO\b", re.IGNORECASE)
_HEADER = re.compile(r"\s*(\[\[?)(?P<name>[^\]]+)\]\]?\s*(#.*)?$")
_KEY = re.compile(r"""\s*(?P<name>[A-Za-z0-9_-]+|"[^"]*"|'[^']*')\s*=""")
_DURATION = re.compile(r"(\d+) (second|minute|hour|day)s?")


class File:
    """The parsed file and its text, with the errors that name a line of it."""

    def __init__(self, path: Path, root: Path) -> None:
        """Parse `path`; UsageError where it cannot be read, is not TOML, or says TODO anywhere."""
        self.name = path.relative_to(root).as_posix()
        try:
            # some editors put a mark before the first letter
            self.lines = path.read_text(encoding="utf-8-sig").splitlines()
            self.values: dict[str, Any] = tomllib.loads("\n".join(self.lines))
        except OSError as error:
            raise UsageError(f"{path} cannot be read: {error.strerror}.") from None
        except UnicodeDecodeError:
            raise UsageError(f"{self.name}:1: not text in UTF-8.") from None
        except RecursionError:
            raise UsageError(
                f"{self.name}:1: not valid TOML that anybody wrote: it is nested too deeply."
            ) from None
        except tomllib.TOMLDecodeError as error:
            found = re.search(r"at line (\d+)", str(error))
            line = found[1] if found else len(self.lines)
            raise UsageError(f"{self.name}:{line}: not valid TOML: {error}.") from None
        for number, text in enumerate(self.lines, start=1):
            if _UNFINISHED.search(text):
                raise UsageError(f"{self.name}:{number}: says TODO; write what is meant before it is used.")

    def place(self, path: Steps) -> Place:
        """The line of the value at `path`, or of the nearest table around it."""
        while path and path not in self._lines_of:
            path = path[:-1]
        return Place(self.name, self._lines_of.get(path, 1))

    def refuse(self, path: Steps, sentence: str) -> UsageError:
        """The error to raise about the value at `path`."""
        return UsageError(f"{self.place(path)}: {sentence}")

    def section(self, *path: str | int) -> Section:
        """The table at `path`; the whole file when `path` is empty. A table that is absent reads as empty."""
        value: Any = self.values
        for step in path:
            value = value[step] if isinstance(step, int) else value.get(step, {})
            if not isinstance(value, dict | list):
                raise self.refuse(path, f"{path[-1]} must be a table.")
        if not isinstance(value, dict):
            raise self.refuse(path, f"{path[-1]} must be a table, not an array.")
        return Section(self, path, value)

    def items(self, key: str) -> list[Section]:
        """The tables of the array `[[key]]`, in order; none when it is absent."""
        value = self.values.get(key, [])
        if not isinstance(value, list):
            raise self.refuse((key,), f"{key} must be an array of tables, written [[{key}]].")
        return [self.section(key, index) for index in range(len(value))]

    @cached_property
    def _lines_of(self) -> dict[Steps, int]:
        return dict(self._positions())

    def _positions(self) -> Iterator[tuple[Steps, int]]:
        """Every header and key with its line. Lines inside a multi-line string are passed over."""
        at: Steps = ()
        counts: dict[str, int] = {}
        closing = ""
        for number, text in enumerate(self.lines, start=1):
            if closing:
                closing = "" if closing in text else closing
                continue
            if header := _HEADER.match(text):
                names = _split(header["name"])
                if header[1] == "[[":
                    index = counts[header["name"]] = counts.get(header["name"], -1) + 1
                    at = (*names, index)
                else:
                    at = names
                yield at, number
            elif key := _KEY.match(text):
                yield (*at, key["name"].strip("\"'")), number
                for quotes in ('"""', "'''"):
                    if text.count(quotes) % 2:
                        closing = quotes


class Section:
    """One table of a file. Each value is asked for once; `done` refuses what nobody asked for."""

    def __init__(self, file: File, path: Steps, values: dict[str, Any]) -> None:
        self.file = file
        self.path = path
        self.values = values
        self.place = file.place(path)
        self._asked: set[str] = set()

    def refuse(self, key: str, sentence: str) -> UsageError:
        """The error to raise about one key of this table."""
        return self.file.refuse((*self.path, key), sentence)

    def text(self, key: str) -> str:
        """A sentence or name that must be there and not be blank."""
        value = self.optional_text(key)
        if value is None:
            raise self.refuse(key, f"{self._what()} has no {key}; write one.")
        return value

    def optional_text(self, key: str) -> str | None:
        """A sentence or name, or None where the key is absent."""
        value = self._value(key, str, "a text")
        if value is not None and not value.strip():
            raise self.refuse(key, f"{key} is blank; write it, or take the line out.")
        return value

    def choice(self, key: str, allowed: tuple[str, ...], default: str | None = None) -> str:
        """One of a few words."""
        value = self.optional_text(key)
        value = value if value is not None else default
        if value is None:
            raise self.refuse(key, f"{self._what()} has no {key}; it is one of {', '.join(allowed)}.")
        if value not in allowed:
            raise self.refuse(key, f"{key} is {value!r}; it must be one of {', '.join(allowed)}.")
        return value

    def flag(self, key: str, *, default: bool | None = None) -> bool:
        """True or false."""
        value = self._value(key, bool, "true or false")
        if value is None:
            value = default
        if value is None:
            raise self.refuse(key, f"{self._what()} has no {key}; write true or false.")
        return value

    def number(self, key: str) -> int:
        """A whole number, zero or more."""
        value = self._value(key, int, "a whole number")
        if value is None or isinstance(value, bool) or value < 0:
            raise self.refuse(key, f"{key} must be a whole number, zero or more.")
        return value

    def texts(self, key: str, *, required: bool = False) -> tuple[str, ...]:
        """A list of names; empty where the key is absent and not required."""
        value = self._value(key, list, "a list of texts")
        if value is None and required:
            raise self.refuse(key, f"{self._what()} has no {key}; write a list of names.")
        if value is not None and (not value or not all(isinstance(item, str) and item for item in value)):
            raise self.refuse(key, f"{key} must be a list of texts, and not an empty one.")
        return tuple(value or ())

    def duration(self, key: str) -> timedelta | None:
        """A length of time such as "15 minutes", or None where the key is absent."""
        value = self.optional_text(key)
        if value is None:
            return None
        found = _DURATION.fullmatch(value)
        if not found or not int(found[1]):
            raise self.refuse(key, f'{key} must be a length of time such as "15 minutes" or "30 days".')
        try:
            return timedelta(**{found[2] + "s": int(found[1])})
        except OverflowError:
            raise self.refuse(key, f"{key} is longer than anybody can wait.") from None

    def day(self, key: str) -> date:
        """A date such as 2026-11-24, written without quotes and without a time of day."""
        value = self._value(key, date, "a date such as 2026-11-24, without quotes")
        if value is None or isinstance(value, datetime):
            raise self.refuse(key, f"{self._what()} needs {key}: a date such as 2026-11-24, without quotes.")
        return value

    def names(self) -> list[str]:
        """The keys of a table whose keys are names of things, in order; each must be a table of its own."""
        self._asked.update(self.values)
        return list(self.values)

    def skip(self, *keys: str) -> None:
        """Leave these keys to another reader of the same table."""
        self._asked.update(keys)

    def done(self) -> None:
        """Refuse every key that nobody asked for."""
        for key in self.values:
            if key not in self._asked:
                known = ", ".join(sorted(self._asked))
                raise self.refuse(key, f"{self._what()} has an unknown key {key!r}; known are {known}.")

    def _value(self, key: str, kind: type[Kind], in_words: str) -> Kind | None:
        self._asked.add(key)
        value = self.values.get(key)
        if value is not None and not isinstance(value, kind):
            raise self.refuse(key, f"{key} must be {in_words}.")
        return value

    def _what(self) -> str:
        return "[" + ".".join(str(step) for step in self.path) + "]" if self.path else "the file"


def _split(header: str) -> tuple[str, ...]:
    """The names of a dotted header, quoted ones included."""
    return tuple(part.strip("\"'") for part in re.findall(r"""[A-Za-z0-9_-]+|"[^"]*"|'[^']*'""", header))
