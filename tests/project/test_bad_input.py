"""What is wrong with a project is one sentence and exit code 2, and nothing is changed by then."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest

from nosender.migrations.plan_file import fingerprint_of
from nosender.server.embedded import EmbeddedServer
from nosender.server.target import Target

from ..conftest import RunNosender
from .kindly import KEPT, KEY, table

Edit = Callable[[Path], None]
FOLLOWS = '[retention]\nrule = "follows"\nparents = ["users"]\n'
REVISION = 'revision = "{}"\ndown_revision = "c002"\ndef upgrade(): pass\ndef downgrade(): pass\n'


def written(name: str, text: str) -> Edit:
    """A file more, or more of one."""

    def edit(folder: Path) -> None:
        path = folder / name
        path.write_text((path.read_text() if path.is_file() else "") + text)

    return edit


def said(old: str, new: str) -> Edit:
    """Another word in nosender.toml."""

    def edit(folder: Path) -> None:
        path = folder / "nosender.toml"
        path.write_text(path.read_text().replace(old, new, 1))

    return edit


def both_of(*edits: Edit) -> Edit:
    """One after another."""

    def edit(folder: Path) -> None:
        for each in edits:
            each(folder)

    return edit


def key(name: str, column: str, parent: str = "users") -> Edit:
    """A declared key."""
    return written("privacy/policy.toml", KEY.format(table=name, column=column, parent=parent, to="id"))


def declared(name: str, **columns: str) -> Edit:
    """A declared table whose rows go with somebody."""
    return written(f"privacy/{name}.toml", table(name, **columns).replace(KEPT, FOLLOWS))


BAD: dict[str, tuple[Edit, str]] = {
    "a table that is declared twice": (declared("courier_version", version_num="bookkeeping"), "already"),
    "one of ours": (declared("users", id="serial"), "table 'users' is one of ours"),
    "a pair": (
        both_of(declared("t", a="link", b="link"), key("t", "a"), key("t", "b")),
        "singles out two people",
    ),
    "a group": (
        both_of(
            declared("circles", id="serial"),
            declared("members", person="link", circle="link"),
            key("members", "person"),
            key("members", "circle", "circles"),
        ),
        "puts people into 'circles'",
    ),
    "blocked numbers": (
        both_of(declared("blocked", owner="link", number="account-phone"), key("blocked", "owner")),
        "singles out two people",
    ),
    "a stale freeze": (written("migrations/versions/c003.py", REVISION.format("c003")), "is stale"),
    "two heads": (
        both_of(
            written("migrations/versions/c003.py", REVISION.format("c003")),
            written("migrations/versions/c004.py", REVISION.format("c004")),
        ),
        "its chain has 2 heads (c003, c004)",
    ),
    "our version table": (said("courier_version", "alembic_version"), "our own chain keeps its place"),
    "a newer format": (said("name =", "format = 2\nname ="), "a format of another version"),
    "a second project on the way up": (
        lambda folder: (folder.parent / "nosender.toml").touch(),
        "two projects stand on the way up",
    ),
}


def files(folder: Path) -> dict[Path, bytes]:
    """What stands in the project."""
    found = (each for each in folder.rglob("*") if each.is_file() and each.suffix != ".pyc")
    return {each: each.read_bytes() for each in found}


def standing(target: Target) -> tuple[str, object]:
    """How the schema looks, and how long the journal is."""
    with psycopg.connect(target.conninfo) as connection:
        lines = connection.execute("select count(*) from migration_journal").fetchone()
        return fingerprint_of(connection, "public"), lines


@pytest.mark.parametrize("what", BAD)
def test_it_is_a_sentence(both: Target, courier: Path, run_nosender: RunNosender, what: str) -> None:
    edit, says = BAD[what]
    edit(courier)
    before = files(courier), standing(both)
    found = "way up" in says
    project = () if found else ("--project", str(courier))
    url = ("--url", both.conninfo)
    asked: list[tuple[str, ...]] = [("project", "check")]
    asked.append((*url, "db", "check") if found else (*url, "db", "upgrade"))
    for words in asked:
        done = run_nosender(*words, *project, cwd=courier)
        assert (done.returncode, done.stdout) == (2, ""), words
        assert done.stderr.startswith("nosender: ")
        assert done.stderr.count("\n") == 1
        assert says in done.stderr
    assert (files(courier), standing(both)) == before


def test_a_version_table_of_two_columns_moves_nothing(
    both: Target, courier: Path, run_nosender: RunNosender
) -> None:
    with psycopg.connect(both.conninfo) as connection:
        connection.execute("alter table courier_version add column who text")
    before = standing(both)
    done = run_nosender("--url", both.conninfo, "db", "upgrade", "--project", str(courier), cwd=courier)
    assert (done.returncode, done.stdout) == (2, "")
    assert "has other columns than version_num" in done.stderr
    assert standing(both) == before


def test_a_freeze_that_refuses_writes_nothing(
    server: EmbeddedServer, courier: Path, run_nosender: RunNosender
) -> None:
    revision = courier / "migrations" / "versions" / "c001_push_tokens.py"
    revision.write_text(revision.read_text().replace("push_tokens (expires_at, id)", "push_tokens (id)"))
    before = files(courier)
    done = run_nosender("project", "freeze", "--server", server.conninfo(), cwd=courier)
    assert done.returncode == 2
    assert "needs an index that begins with it" in done.stderr
    assert files(courier) == before
