"""A project's tables in a schema of its own: declared, frozen, compared, swept and counted as ours are."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from nosender.errors import UsageError
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
from .test_retention import filled

SHOP = "courier_shop"


def moved(folder: Path) -> Project:
    """The example, with its table in a schema of its own from the first revision on."""
    versions = folder / "migrations" / "versions"
    first = versions / "c001_push_tokens.py"
    text = re.sub(r"\bpush_tokens\b(?!_|\")", f"{SHOP}.push_tokens", first.read_text())
    text = text.replace("create table", f"create schema {SHOP}; create table", 1)
    text = text.replace("create index courier_shop.", "create index ")
    text = text.replace(
        f"drop table {SHOP}.push_tokens", f"drop table {SHOP}.push_tokens; drop schema {SHOP}"
    )
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


@pytest.fixture
def shop(tmp_path: Path, server: EmbeddedServer) -> Project:
    """The example so, frozen."""
    project = moved(copied(tmp_path))
    frozen = freeze(server.conninfo(), project)
    assert project.own.catalogue is not None
    (project.own.catalogue / "frozen.json").write_text(frozen.to_json())
    return project


@pytest.fixture
def both(server: EmbeddedServer, shop: Project) -> Iterator[Target]:
    """A database with both chains in it."""
    with clone(server) as conninfo:
        runner.upgrade(Target(conninfo), options=runner.Options(project=shop))
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
    (late,) = told.gating()
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
