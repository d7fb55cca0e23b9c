"""A project's tables in a schema of its own: declared, frozen, compared, swept and counted as ours are."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import psycopg
import pytest

from nosender.errors import UsageError
from nosender.gate.checkout import find_checkout
from nosender.gate.project_runner import ProjectPlace, run
from nosender.gate.runner import Options
from nosender.migrations import runner
from nosender.migrations.freeze import freeze
from nosender.migrations.plan import make_plan
from nosender.privacy_audit import runner as audit
from nosender.privacy_audit.snapshot.probes.declared import project_rows
from nosender.project import Project, find
from nosender.project.declared import catalogue_of
from nosender.retention.erase import erase
from nosender.retention.policy import live_plan
from nosender.retention.project_policy import missing
from nosender.retention.status import read_status
from nosender.retention.sweep import FAST, sweep
from nosender.schema.catalogue import check
from nosender.schema.observe import observe
from nosender.schema.project_columns import statement
from nosender.server.embedded import EmbeddedServer
from nosender.server.target import Target

from ..conftest import clone
from ..privacy_audit.auditor import as_auditor
from .conftest import copied
from .test_auditor import answers
from .test_gate import git
from .test_retention import filled

SHOP = "courier_shop"


def moved(folder: Path) -> Project:
    """The example, with its table in a schema of its own from the first revision on."""
    versions = folder / "migrations" / "versions"
    first = versions / "c001_push_tokens.py"
    text = re.sub(r"\bpush_tokens\b(?!_|\")", f"{SHOP}.push_tokens", first.read_text())
    text = text.replace("create table", f"create schema {SHOP}; create table", 1)
    text = text.replace("create index courier_shop.", "create index ")
    text = text.replace("drop table push_tokens", f"drop table {SHOP}.push_tokens; drop schema {SHOP}")
    text = re.sub(r"references (\w+)", r"references public.\1", text)
    first.write_text(text)
    declared = folder / "privacy" / "push_tokens.toml"
    here = declared.read_text().replace('table = "push_tokens"', f'table = "{SHOP}.push_tokens"')
    declared.unlink()
    (folder / "privacy" / f"{SHOP}.push_tokens.toml").write_text(here)
    policy = folder / "privacy" / "policy.toml"
    policy.write_text(policy.read_text().replace('table = "push_tokens"', f'table = "{SHOP}.push_tokens"'))
    (versions / "c002_retention.sql").write_text(
        (versions / "c002_retention.sql").read_text().replace("'push_tokens'", f"'{SHOP}.push_tokens'")
    )
    project = find(folder)
    columns = statement(project_rows(catalogue_of(project)), "public")
    (versions / "c002_columns.sql").write_text(columns)
    return project


@cache
def _made(server: EmbeddedServer) -> tuple[str, str]:
    """What is frozen of the example so, and a database with both chains in it."""
    with TemporaryDirectory() as folder:
        project = moved(copied(Path(folder)))
        frozen = _write(project, freeze(server.conninfo(), project).to_json())
        with psycopg.connect(server.conninfo(), autocommit=True) as admin:
            admin.execute("create database nosender_shop_template template template0")
        target = Target(server.conninfo("nosender_shop_template"))
        runner.upgrade(target, options=runner.Options(project=project))
    return frozen, "nosender_shop_template"


def _write(project: Project, frozen: str) -> str:
    assert project.own.catalogue is not None
    (project.own.catalogue / "frozen.json").write_text(frozen)
    return frozen


@pytest.fixture
def shop(tmp_path: Path, server: EmbeddedServer) -> Project:
    """The example so, frozen."""
    project = moved(copied(tmp_path))
    _write(project, _made(server)[0])
    return project


@pytest.fixture
def both(server: EmbeddedServer) -> Iterator[Target]:
    """A database with both chains in it."""
    with clone(server, _made(server)[1]) as conninfo:
        yield Target(conninfo)


def test_it_is_declared_frozen_swept_counted_and_forgotten(both: Target, shop: Project) -> None:
    options = audit.Options(project=shop)
    with psycopg.connect(both.conninfo) as connection:
        assert check(catalogue_of(shop), observe(connection, "public"), "public") == ()
        assert missing(catalogue_of(shop), observe(connection, "public")) is None
    assert runner.check(both, runner.Options(project=shop))[1] == ()
    filled(both, 12, "courier_shop.push_tokens")
    told = audit.run(both, options)
    assert told.decided.schemas_unaccounted == ()
    late, *others = told.gating()
    assert others == []
    assert (late.object, late.facts["whose"]) == (f"{SHOP}.push_tokens.expires_at", "courier")
    assert [each.check.slug for each in told.unseen()] == ["sweep-not-recent"]
    as_login = audit.run(Target(as_auditor(both.conninfo)), options)
    assert [each.fingerprint for each in as_login.gating()] == [late.fingerprint]
    assert [each.check.slug for each in as_login.unseen()] == ["sweep-not-recent"]
    assert answers(as_auditor(both.conninfo), shop) == answers(both.conninfo, shop)
    assert {each.table: each.due for each in read_status(both).overdue}[f"{SHOP}.push_tokens"] == 12
    with psycopg.connect(both.conninfo, options="-c TimeZone=UTC") as connection:
        connection.execute("select forget_phone_number('+4915110000002')")
    receipt = sweep(both, pace=FAST, project=shop)
    assert (receipt.status, receipt.deleted) == ("done", 11)
    with psycopg.connect(both.conninfo) as connection:
        assert connection.execute("select count(*) from courier_shop.push_tokens").fetchone() == (0,)
        row = connection.execute("select encode(retention_policy_hash(), 'hex')").fetchone()
        assert row == (live_plan(connection, "public", shop).hash,)
    erased = {each.table for each in erase(both, rewrite=True, catalogue=catalogue_of(shop))}
    assert f"{SHOP}.push_tokens" in erased
    assert audit.run(both, options).verdict.value == "pass"


def test_what_is_not_declared_there_is_found(both: Target, shop: Project, server: EmbeddedServer) -> None:
    filled(both, 20, "courier_shop.push_tokens")
    with psycopg.connect(both.conninfo, options="-c TimeZone=UTC") as connection:
        connection.execute("create table courier_shop.contacts (a integer references users, b integer)")
        connection.execute("alter table courier_shop.push_tokens add column friend text")
        connection.execute("drop index courier_shop.push_tokens_expires_at")
        connection.execute('create table public."courier_shop.push_tokens" (sender text)')
        connection.execute(
            "update courier_shop.push_tokens as t set friend = u.phone_number from users as u"
            " inner join webauthn_credentials as d on d.user_id <> u.id"
            " where d.id = t.webauthn_credential_id"
        )
    found = {(each.check, each.object) for each in audit.run(both, audit.Options(project=shop)).findings}
    assert {
        ("undeclared-table", f"{SHOP}.contacts"),
        ("undeclared-table", 'public."courier_shop.push_tokens"'),
        ("undeclared-column", f"{SHOP}.push_tokens.friend"),
        ("missing-index", f"{SHOP}.push_tokens_expires_at"),
        ("matching-value", f"{SHOP}.push_tokens.friend"),
    } <= found
    differing = {each.object for each in runner.check(both, runner.Options(project=shop))[1]}
    assert {f"{SHOP}.push_tokens.friend", f"{SHOP}.push_tokens_expires_at"} <= differing
    folder = shop.own.alembic.parent if shop.own.alembic is not None else Path()
    (folder / "migrations" / "versions" / "c003.py").write_text(
        'from alembic import op\nrevision = "c003"\ndown_revision = "c002"\n'
        "def upgrade():\n    op.execute('create index on courier_shop.push_tokens (friend)')\n"
    )
    made = make_plan(both, scratch=server.conninfo(), project=shop).project
    assert made is not None
    (planned,) = made.revisions[0].statements
    assert planned.seen.locks[0].relation == f"{SHOP}.push_tokens"


def test_what_keeps_a_row_there_is_named(both: Target, shop: Project) -> None:
    """A trigger there may have the name of a guard, which alone of ours lets a sweep pass."""
    filled(both, 2, "courier_shop.push_tokens")
    with psycopg.connect(both.conninfo) as connection:
        connection.execute(
            "create function keep() returns trigger language plpgsql as 'begin return null; end';"
            "create trigger push_tokens_guard before delete on courier_shop.push_tokens"
            " for each row execute function keep()"
        )
    receipt = sweep(both, pace=FAST, project=shop)
    assert receipt.status == "partial"
    told = "2 expired rows of courier_shop.push_tokens are still there: kept by trigger push_tokens_guard"
    assert told in receipt.warnings


def test_the_gate_speaks_of_it(shop: Project, server: EmbeddedServer) -> None:
    """What a revision adds there undeclared is found, at the file of its table, and nothing else."""
    assert shop.file is not None
    folder = shop.file.parent
    git(folder, "init", "-q")
    git(folder, "add", "-A")
    git(folder, "commit", "-qm", "the shop")
    git(folder, "branch", "base")
    (folder / "migrations" / "versions" / "c003.py").write_text(
        'from alembic import op\nrevision = "c003"\ndown_revision = "c002"\n'
        "def upgrade():\n"
        "    op.execute('create table courier_shop.contacts (a integer references users, b integer)')\n"
        "    op.execute('alter table courier_shop.push_tokens add column friend text')\n"
        "def downgrade():\n"
        "    op.execute('drop table courier_shop.contacts')\n"
        "    op.execute('alter table courier_shop.push_tokens drop column friend')\n"
    )
    with ProjectPlace(find_checkout(folder, "base"), folder, server.conninfo()) as place:
        (folder / "privacy" / "frozen.json").write_text(place.frozen.to_json())
        told = run(place, Options(skip=("checks-hold",)), lambda *_: None)
    found: dict[str, set[str]] = {}
    for each in told.gating():
        found.setdefault(each.check, set()).add(each.object)
    contacts, friend = f"{SHOP}.contacts", f"{SHOP}.push_tokens.friend"
    assert found == {
        "catalogue-complete": {contacts, friend},
        "undeclared-table": {contacts},
        "undeclared-column": {f"{contacts}.a", f"{contacts}.b", friend},
        "foreign-key-not-allowed": {f"{contacts}.contacts_a_fkey"},
    }
    assert told.annex.places[friend].path == f"privacy/{SHOP}.push_tokens.toml"


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("public.t", "is the schema of ours"),
        ("pg_x.t", "names a schema and a table"),
        ("A.t", "names a schema and a table"),
        ("a.b.t", "names a schema and a table"),
    ],
)
def test_a_name_that_is_none_is_refused(courier: Path, name: str, says: str) -> None:
    text = (courier / "privacy" / "push_tokens.toml").read_text()
    (courier / "privacy" / f"{name}.toml").write_text(text.replace('"push_tokens"', f'"{name}"'))
    with pytest.raises(UsageError, match=says):
        catalogue_of(find(courier))


def test_a_schema_is_declared_or_excused(courier: Path) -> None:
    project = moved(courier)
    (courier / "nosender.toml").write_text(
        (courier / "nosender.toml").read_text()
        + f'[schemas.{SHOP}]\npurpose = "x"\nowner = "Dana"\nexpires = 2999-01-01\n'
    )
    assert catalogue_of(project).schemas == (SHOP,)
    with pytest.raises(UsageError, match="is excused and declared"):
        catalogue_of(find(courier))
