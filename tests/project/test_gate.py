"""The gate, the drafts and the plugin in a team's own repository."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest

from nosender.errors import UsageError
from nosender.gate.checkout import find_checkout
from nosender.gate.project_runner import ProjectPlace, run, steps
from nosender.gate.runner import Options
from nosender.privacy_audit.snapshot.probes.declared import project_rows
from nosender.project import find
from nosender.project.declared import catalogue_of
from nosender.schema.project_columns import statement
from nosender.server.embedded import EmbeddedServer

from ..conftest import RunNosender

GOOD_NEWS = '''"""A name for a device, which its owner alone can read."""

from alembic import op

revision = "c003"
down_revision = "c002"
requires_nosender = "0009"


def upgrade():
    op.execute("alter table push_tokens add column sealed_name bytea")
    op.execute("alter table push_tokens alter column sealed_name set statistics 0")
    op.execute("""COLUMNS""")


def downgrade():
    op.execute("alter table push_tokens drop column sealed_name")
    op.execute("""BEFORE""")
'''
CONTACTS = """
    op.execute(
        "create table contacts (owner integer references users, friend integer references users)"
    )
    op.execute("alter table push_tokens alter column sealed_token set not null, add check (true)")
"""


def good_news(folder: Path) -> str:
    """The revision, which tells the counting functions of its column."""
    before = (folder / "migrations" / "versions" / "c002_columns.sql").read_text()
    after = statement(project_rows(catalogue_of(find(folder))), "public")
    return GOOD_NEWS.replace("COLUMNS", after).replace("BEFORE", before)


def git(folder: Path, *words: str) -> None:
    author = ("-c", "user.name=Dana", "-c", "user.email=dana@example.org")
    subprocess.run(["git", "-C", folder, *author, *words], check=True, capture_output=True)


@pytest.fixture
def repository(courier: Path) -> Path:
    """The example as a repository, with a branch `base` to measure a change from."""
    git(courier, "init", "-q")
    git(courier, "add", "-A")
    git(courier, "commit", "-qm", "the courier")
    git(courier, "branch", "base")
    return courier


def found(repository: Path, server: EmbeddedServer, *skip: str) -> dict[str, set[str]]:
    """The objects of what decides, by step or check."""
    with ProjectPlace(find_checkout(repository, "base"), repository, server.conninfo()) as place:
        audit = run(place, Options(skip=skip), lambda *_: None)
    told: dict[str, set[str]] = {}
    for each in audit.gating():
        told.setdefault(each.check, set()).add(each.object)
    assert {each.check.slug for each in audit.unseen()} == set(skip)
    return told


def test_what_touches_nothing_of_the_project_costs_nothing(repository: Path) -> None:
    (repository / "README.md").write_text("x")
    with ProjectPlace(find_checkout(repository, "base"), repository) as place:
        assert not place.touches()
        (repository / "privacy" / "push_tokens.toml").write_text("x")
    with ProjectPlace(find_checkout(repository, "base"), repository) as place:
        assert place.touches()


def test_contacts_turn_the_gate_red_and_a_sealed_name_does_not(
    repository: Path, server: EmbeddedServer
) -> None:
    revision = repository / "migrations" / "versions" / "c003_more.py"
    declared = repository / "privacy" / "push_tokens.toml"
    declared.write_text(
        declared.read_text()
        + '\n[columns.sealed_name]\npurpose = "What its owner calls it, sealed."\nclass = "ciphertext"\n'
    )
    revision.write_text(good_news(repository))
    with ProjectPlace(find_checkout(repository, "base"), repository, server.conninfo()) as place:
        (repository / "privacy" / "frozen.json").write_text(place.frozen.to_json())
    assert found(repository, server, "audit", "checks-hold") == {}
    untold = GOOD_NEWS.replace("COLUMNS", "select 1").replace("BEFORE", "select 1")
    revision.write_text(untold.replace("\n\ndef downgrade", f"{CONTACTS}\n\ndef downgrade"))
    told = found(repository, server, "up-down-up", "checks-hold")
    assert told["frozen-fresh"] == {"frozen.json", "audit_project_declared"}
    assert told["catalogue-complete"] == {"public.contacts"}
    assert told["undeclared-table"] == {"public.contacts"}
    assert any(each.startswith("c003 statement") for each in told["locks-brief"])
    # and where the first revision is edited
    first = repository / "migrations" / "versions" / "c001_push_tokens.py"
    first.write_text(first.read_text().replace("4096", "8192"))
    revision.unlink()
    with ProjectPlace(find_checkout(repository, "base"), repository) as place:
        unchanged = next(each for each in steps(place) if each.slug == "revisions-unchanged")
        assert [each.object for each in unchanged.problems(place)] == [first.name]  # type: ignore[arg-type]


def test_the_command_runs_there_and_says_what_it_is_about(
    run_nosender: RunNosender, repository: Path
) -> None:
    listed = run_nosender("gate", "--list", cwd=repository)
    assert [line.split()[0] for line in listed.stdout.splitlines()][:2] == [
        "project-sound",
        "revisions-unchanged",
    ]
    quiet = run_nosender("gate", "--base", "base", cwd=repository)
    assert (quiet.returncode, "nothing of the project" in quiet.stderr) == (0, True), quiet.stderr
    path = repository / "privacy" / "push_tokens.toml"
    path.write_text(path.read_text().replace("Where a device", "TODO"))
    red = run_nosender("gate", "--base", "base", "--fast", cwd=repository)
    assert red.returncode == 1, red.stderr
    assert "says TODO" in red.stdout


def test_init_drafts_what_nothing_declares(run_nosender: RunNosender, tmp_path: Path, migrated: str) -> None:
    folder = tmp_path / "shop"
    folder.mkdir()
    with psycopg.connect(migrated) as connection:
        connection.execute(
            'create table "push tokens" (id integer); create table "a/b" (id integer); create schema billing;'
            "create table billing.invoices (id integer primary key);"
            'alter table "push tokens" add column invoice integer references billing.invoices;'
            "create table push (device integer references webauthn_credentials, token text, made timestamp,"
            " user_phone text)"
        )
    done = run_nosender("--url", migrated, "project", "init", cwd=folder)
    assert done.returncode == 0, done.stderr
    assert re.findall(r"written: (.+)", done.stderr) == [
        "nosender.toml", "privacy/push.toml", "privacy/push tokens.toml", "privacy/policy.toml",
        ".github/workflows/privacy.yml",
    ]  # fmt: skip
    assert re.findall(r"not drafted: (.*?):", done.stderr) == [
        "table 'a/b'",
        "1 table in schema billing (invoices)",
    ]
    assert 'parent = "billing.invoices"' in (folder / "privacy" / "policy.toml").read_text()
    text = (folder / "privacy" / "push.toml").read_text()
    assert 'class = "TODO"  # perhaps link' in text
    assert "taken for person" in text
    with pytest.raises(UsageError, match="says TODO"):
        catalogue_of(find(folder))
    again = run_nosender("--url", migrated, "project", "init", cwd=folder)
    assert (again.returncode, "is there already" in again.stderr) == (2, True)


def test_check_needs_no_database(run_nosender: RunNosender, courier: Path) -> None:
    done = run_nosender("project", "check", cwd=courier)
    assert done.stdout == "courier: 2 tables beside ours, all declared, its chain at c002\n", done.stderr


def test_the_example_passes_its_own_tests(courier: Path, server: EmbeddedServer) -> None:
    environment = {**os.environ, "NOSENDER_TEST_URL": server.conninfo()}
    words = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:xdist"]
    done = subprocess.run(words, cwd=courier, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
    assert "3 passed" in done.stdout
