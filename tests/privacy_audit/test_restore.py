"""A restored database is the same database: each way of dump and restore, up the majors."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from importlib.resources import files
from pathlib import Path

import psycopg
import pytest

from nosender.migrations import check_text, runner
from nosender.privacy_audit.runner import run
from nosender.server.binaries import all_binaries
from nosender.server.embedded import EmbeddedServer
from nosender.server.target import Target

from ..conftest import _running, clone

# The one thing that no dump carries, for which `db check` prints the statement.
LOST = "statistics-target"


def findings(conninfo: str) -> set[tuple[str, str, str]]:
    audit = run(Target(conninfo))
    return {(each.check, each.object, each.severity.name) for each in audit.findings}


def copied(
    source: tuple[str, EmbeddedServer], goal: tuple[str, EmbeddedServer], folder: Path, *words: str
) -> None:
    """Dumped by the server's own program: another one may write what only that server knows."""
    dump = folder / "dump"
    custom = "--format=custom" in words
    reader = "pg_restore" if custom else "psql"
    tools = [str(source[1].binaries.program("pg_dump")), str(goal[1].binaries.program(reader))]
    subprocess.run([tools[0], "-d", source[0], "-f", str(dump), *words], check=True, timeout=120)
    read = ["--exit-on-error", str(dump)] if custom else ["-q", "-v", "ON_ERROR_STOP=1", "-f", str(dump)]
    subprocess.run([tools[1], "-d", goal[0], *read], check=True, timeout=120, stdout=subprocess.DEVNULL)


def reviewers_rows(conninfo: str) -> list[tuple[str]]:
    """What a reviewer's own query says of constraints."""
    texts = [
        found
        for slug in ("undeclared-constraint", "missing-constraint")
        for found in QUERIES.glob(f"*/{slug}")
    ]
    assert len(texts) == 2
    with psycopg.connect(conninfo) as reader:
        return [row for each in texts for row in reader.execute((each / "query.sql").read_bytes()).fetchall()]


QUERIES = Path(str(files("nosender.privacy_audit") / "checks"))


@pytest.fixture
def up_the_majors() -> Iterator[list[tuple[str, EmbeddedServer]]]:
    """An empty database on each major that is installed, the oldest first."""
    with ExitStack() as stack:
        servers = [_running(each) for each in sorted(all_binaries(), key=lambda found: found.major)]
        yield [(stack.enter_context(clone(server)), server) for server in servers]


@pytest.mark.parametrize(
    "words", [(), ("--format=custom",), ("--no-owner",), ("--no-privileges",)], ids=" ".join
)
def test_a_restored_database_is_the_same(
    up_the_majors: list[tuple[str, EmbeddedServer]], tmp_path: Path, words: tuple[str, ...]
) -> None:
    (first, oldest), *later = up_the_majors
    for conninfo, _ in later:  # roles are in no dump: whoever restores makes them first
        with psycopg.connect(conninfo) as admin:
            for role in ("nosender_app", "nosender_sweeper", "nosender_auditor", "nosender_clerk"):
                created = f"create role {role}; exception when duplicate_object then null;"
                admin.execute(f"do $$ begin {created} end $$".encode())
    runner.upgrade(Target(first))
    with psycopg.connect(first, options="-c TimeZone=UTC") as owner:
        owner.execute("insert into users (phone_number) values ('+15550100001')")
    before, rows, source = findings(first), reviewers_rows(first), (first, oldest)
    for goal, server in later or [(first, oldest)]:
        copied(source, (goal, server), tmp_path, *words)
        _, found = runner.check(Target(goal))
        after = findings(goal)
        if "--no-privileges" in words:
            assert check_text.restored_without_rights(found)
            assert "function-privilege" in {check for check, _, _ in after}
        else:
            assert not check_text.restored_without_rights(found)
            assert {check for check, _, _ in after ^ before} <= {LOST}
            # of an index that serves a constraint; the pg_dump of 15.20 has it in its dump
            assert {d.field for d in found} <= {"statistics targets"}
        script = "\n".join(check_text.as_script(found, "head"))
        psql = [str(server.binaries.program("psql")), "-q", "-v", "ON_ERROR_STOP=1", "-d", goal]
        subprocess.run(psql, input=script, text=True, check=True, timeout=60, stdout=subprocess.DEVNULL)
        assert runner.check(Target(goal))[1] == ()
        assert findings(goal) == before
        assert reviewers_rows(goal) == rows
        source = goal, server
