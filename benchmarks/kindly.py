"""The control of the ways to declare a link kindly: 0.1.0 takes them, and its audit passes a contact list.

    python benchmarks/kindly.py            in a checkout with its whole history

The program of 0.1.0 is what git has before revision 0006 came. tests/project/kindly.py makes the files, which
tests/project/test_overlay.py holds this version to refuse.
"""

from __future__ import annotations

import io
import json
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg

from nosender.schema.catalogue import load
from nosender.server.embedded import EmbeddedServer

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

from tests.project import kindly  # noqa: E402 (once it can be found)

CONTACTS = {
    "contacts.toml": kindly.table("contacts", owner="serial", friend="serial").replace(
        "\n\n[retention]", '\nmade_by = "alembic"\n\n[retention]', 1
    )
}
"""A table of versions, it says."""
READ = """
import json, sys
from pathlib import Path
from nosender import __version__
from nosender.errors import UsageError
from nosender.schema.catalogue import load
assert __version__ == "0.1.0", __version__
for folder in sorted(Path(sys.argv[1]).iterdir()):
    try:
        load(folder)
        print(json.dumps([folder.name, None]))
    except UsageError as error:
        print(json.dumps([folder.name, str(error)]))
"""


def main() -> None:
    """Print what 0.1.0 takes of what is refused now."""
    with tempfile.TemporaryDirectory() as base:
        old, declared = Path(base) / "old", Path(base) / "declared"
        _unpack(old)
        for name, files in _ways():
            _declare(declared / name, old, files)
        answer = _old(old, "-c", READ, str(declared))
        told = dict(json.loads(line) for line in answer.stdout.splitlines())
        refused = {name: why for name, why in told.items() if why is not None}
        print(f"0.1.0 reads {len(told) - len(refused)} of {len(told)} ways to declare a link")
        for name, why in refused.items():
            print(f"  refused {name}: {why}")
        print(f"0.1.0 about rows of a declared contact list: {_audited(old, declared / 'contacts')}")


def _ways() -> Iterator[tuple[str, kindly.Files]]:
    for number, (kind, files) in enumerate(
        kindly.values_beside_an_owner(each.name for each in load().classes)
    ):
        yield f"value-{number:03}-{kind}", files
    for number, files in enumerate(kindly.two_keys()):
        yield f"keys-{number:03}", files
    yield "two-tables", kindly.two_tables()
    yield "group", kindly.group()
    yield "contacts", CONTACTS


def _unpack(into: Path) -> None:
    """The files of 0.1.0."""
    git = ("git", "-C", str(ROOT))
    later = subprocess.run(
        [*git, "log", "--diff-filter=A", "--format=%H", "--", "migrations/versions/0006*.py"],
        check=True, capture_output=True, text=True,
    ).stdout.split()  # fmt: skip
    if not later:
        sys.exit("git has no history here: the program of 0.1.0 is not to be had")
    packed = subprocess.run([*git, "archive", f"{later[-1]}^"], check=True, capture_output=True).stdout
    with tarfile.open(fileobj=io.BytesIO(packed)) as archive:
        archive.extractall(into, filter="tar")


def _declare(folder: Path, old: Path, files: kindly.Files) -> None:
    """Its own catalogue with these files more, for it knew no other way."""
    shutil.copytree(
        old / "schema" / "catalogue", folder, ignore=shutil.ignore_patterns("*.py", "__pycache__")
    )
    for name, text in files.items():
        with (folder / name).open("a", encoding="utf-8") as file:
            file.write(text)


def _old(old: Path, *words: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(old / "src")}
    return subprocess.run(
        [sys.executable, *words], env=environment, capture_output=True, text=True, check=False
    )


def _audited(old: Path, catalogue: Path) -> str:
    """Its verdict on ten people who know one another."""
    with EmbeddedServer() as server:
        word = ("-m", "nosender", "--url", server.conninfo())
        _old(old, *word, "db", "upgrade")
        with psycopg.connect(server.conninfo(), options="-c TimeZone=UTC") as connection:
            connection.execute(
                "create table contacts (owner integer, friend integer); revoke all on contacts from public"
            )
            for number in range(10):
                connection.execute(
                    "insert into users (phone_number) values (%s)", (f"+4915112345{number:02}",)
                )
            connection.execute(
                "insert into contacts select a.id, b.id from users as a, users as b where a.id < b.id"
            )
        _old(old, *word, "retention", "sweep")
        told = _old(old, *word, "audit", "run", "--catalogue", str(catalogue), "--format", "json")
        report = json.loads(told.stdout)
        found = [
            f"{each['check']} {each['object']}" for each in report["findings"] if each["severity"] != "low"
        ]
        return f"{report['verdict']}, findings {found or 'none'}"


if __name__ == "__main__":
    main()
