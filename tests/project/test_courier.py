"""The example project: both chains in one database, compared, upgraded and refused as one."""

from __future__ import annotations

import contextlib
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest
import sqlalchemy
from alembic import command
from alembic.util import CommandError

from nosender.errors import NosenderError, UsageError
from nosender.migrations import plan_text, project_chain, runner
from nosender.migrations.freeze import freeze
from nosender.migrations.plan import ProjectPlan, make_plan
from nosender.migrations.project_chain import ProjectChain
from nosender.privacy_audit import runner as audit
from nosender.project import Project, find
from nosender.project.declared import catalogue_of, frozen_of
from nosender.project.frozen import Frozen, digest_of_revisions
from nosender.retention.sweep import FAST, sweep
from nosender.schema.catalogue import check
from nosender.schema.observe import observe
from nosender.server.embedded import EmbeddedServer
from nosender.server.target import Target

from ..conftest import RunNosender
from .conftest import EXAMPLE

REVISION = '''"""More."""

from alembic import op

revision = "{revision}"
down_revision = {after}
{more}


def upgrade():
    op.execute("""{sql}""")


def downgrade():
    pass
'''


def write(project: Project, revision: str, after: str | None, sql: str = "select 1", more: str = "") -> None:
    """One more revision of the project's."""
    assert project.file is not None
    path = project.file.parent / "migrations" / "versions" / f"{revision}_more.py"
    path.write_text(REVISION.format(revision=revision, after=repr(after), sql=sql, more=more))


@contextlib.contextmanager
def config_on(target: Target, project: Project):  # type: ignore[no-untyped-def]
    """Alembic's configuration of the project, with an engine on the database."""
    engine = sqlalchemy.create_engine(
        "postgresql+psycopg://", creator=lambda: psycopg.connect(target.conninfo)
    )
    config = project_chain.config_of(project)
    config.attributes["connection"] = engine
    yield config
    engine.dispose()


def test_the_example_is_what_its_revisions_make(server: EmbeddedServer) -> None:
    frozen = freeze(server.conninfo(), find(EXAMPLE))
    assert frozen.to_json() == (EXAMPLE / "privacy" / "frozen.json").read_text()


def test_both_are_compared_and_told_apart(both: Target, project: Project) -> None:
    options = runner.Options(project=project)
    assert runner.check(both, options)[1] == ()
    with psycopg.connect(both.conninfo) as connection:
        assert check(catalogue_of(project), observe(connection, "public"), "public") == ()
        rows = connection.execute("select revision from migration_journal order by id").fetchall()
        assert rows[-1] == ("courier:c002",)
        connection.execute("alter table push_tokens alter expires_at drop not null")
    (found,) = runner.check(both, options)[1]
    assert (found.object, found.severity) == ("public.push_tokens.expires_at", "strict")


def test_the_audit_speaks_of_both(both: Target, project: Project) -> None:
    sweep(both, pace=FAST, project=project)
    passed = audit.run(both, audit.Options(project=project))
    assert passed.verdict.value == "pass", [(each.check.slug, each.reason) for each in passed.unseen()]
    assert passed.target.project is not None
    assert passed.target.project["name"] == "courier"
    assert passed.target.project["tables"] == ["courier_version", "push_tokens"]
    assert passed.target.shipped is False
    with psycopg.connect(both.conninfo) as connection:
        connection.execute("create table contacts (a integer references users, b integer references users)")
        connection.execute("alter table push_tokens add seen_by text")
    failed = audit.run(both, audit.Options(project=project))
    found = {each.object: each.facts.get("whose") for each in failed.gating()}
    assert found["public.contacts"] is None
    assert found["public.push_tokens.seen_by"] == "courier"
    # without the project its table is nobody's
    alone = audit.run(both, audit.Options(checks=("undeclared-table",)))
    assert "public.push_tokens" in {each.object for each in alone.findings}


def test_a_revision_that_needs_a_later_one_of_ours_is_refused(database: str, project: Project) -> None:
    target = Target(database)
    runner.upgrade(target, "0005")
    with pytest.raises(NosenderError, match=r"needs revision \d+ of nosender, and the database is at 0005"):
        project_chain.upgrade(target, project)
    with psycopg.connect(database) as connection:
        assert connection.execute("select to_regclass('push_tokens')").fetchone() == (None,)
    write(project, "c003", "c002", more='requires_nosender = "4711"')
    with pytest.raises(UsageError, match="asks for revision 4711 of nosender"):
        ProjectChain.load(project)


def test_a_plan_rehearses_theirs_after_ours_and_an_upgrade_keeps_to_it(
    both: Target, project: Project, server: EmbeddedServer, tmp_path: Path
) -> None:
    write(project, "c003", "c002", "create index push_tokens_device on push_tokens (webauthn_credential_id)")
    made = make_plan(both, scratch=server.conninfo(), project=project)
    assert made.project is not None
    assert (made.revisions, made.project.name, made.project.start) == ((), "courier", "c002")
    ((planned,),) = [each.statements for each in made.project.revisions]
    assert [(lock.mode, lock.relation) for lock in planned.seen.locks] == [("SHARE", "public.push_tokens")]
    assert "reads public.push_tokens from end to end under its lock" in planned.hazards
    told = plan_text.as_text(made)
    assert "then courier, from c002\n\nc003  " in told
    kept = tmp_path / "plan.json"
    kept.write_text(plan_text.as_json(made))
    by_plan = runner.Options(project=project, plan=kept)
    write(project, "c003", "c002", "select 2")
    file = EXAMPLE / "privacy" / "frozen.json"  # which holds still: nothing is made
    fresh = replace(Frozen.read(file), revisions=digest_of_revisions(project))
    (project.own.catalogue or tmp_path).joinpath("frozen.json").write_text(fresh.to_json())
    with pytest.raises(NosenderError, match="other revisions of the project than follow"):
        runner.upgrade(both, options=by_plan)
    kept.write_text(plan_text.as_json(make_plan(both, scratch=server.conninfo(), project=project)))
    assert runner.upgrade(both, options=by_plan).project == "c003"
    assert make_plan(both, project=project).project == ProjectPlan("courier", "c003", ())


def test_a_plan_tells_what_theirs_need_of_ours(
    database: str, project: Project, server: EmbeddedServer
) -> None:
    target = Target(database)
    runner.upgrade(target, "0006")
    made = make_plan(target, "0009", scratch=server.conninfo(), project=project)
    assert any("needs revision" in each for each in made.refused)


def test_a_version_table_is_one_column(both: Target, project: Project) -> None:
    with psycopg.connect(both.conninfo) as connection:
        connection.execute("alter table courier_version add column who text")
    with pytest.raises(UsageError, match="has other columns than version_num"):
        project_chain.upgrade(both, project)


def test_an_env_that_ends_the_program_ends_nothing_of_ours(both: Target, project: Project) -> None:
    assert project.file is not None
    (project.file.parent / "migrations" / "env.py").write_text("raise SystemExit(0)")
    with pytest.raises(
        NosenderError, match="failed with SystemExit; of the revision at work nothing was kept"
    ):
        project_chain.upgrade(both, project)


def test_somebody_elses_revision_in_the_version_table_is_one_sentence(both: Target, project: Project) -> None:
    """Two projects with one version table."""
    with psycopg.connect(both.conninfo) as connection:
        connection.execute("update courier_version set version_num = 'other'")
    with pytest.raises(NosenderError, match="locate revision identified by 'other'"):
        project_chain.upgrade(both, project)


def test_nothing_of_ours_stands_yet(database: str, project: Project) -> None:
    with pytest.raises(NosenderError, match="run nosender db upgrade before"):
        project_chain.upgrade(Target(database), project)


def test_autogenerate_leaves_ours_alone(both: Target, project: Project) -> None:
    """With a key to users in their models, it neither drops ours nor makes a second one."""
    assert project.file is not None
    env = project.file.parent / "migrations" / "env.py"
    env.write_text(
        "import sqlalchemy as sa\n"
        "from nosender.alembic import run\n"
        "metadata = sa.MetaData()\n"
        "sa.Table('push_tokens', metadata,\n"
        "    sa.Column('id', sa.BigInteger, primary_key=True),\n"
        "    sa.Column('webauthn_credential_id', sa.Integer,\n"
        "              sa.ForeignKey('webauthn_credentials.id', ondelete='CASCADE'), nullable=False,\n"
        "              unique=True),\n"
        "    sa.Column('sealed_token', sa.LargeBinary, nullable=False),\n"
        "    sa.Column('expires_at', sa.DateTime, nullable=False),\n"
        "    sa.Index('push_tokens_expires_at', 'expires_at', 'id'))\n"
        "# more\n"
        "run(target_metadata=metadata)\n"
    )
    with config_on(both, project) as config:
        command.check(config)
        env.write_text(
            env.read_text().replace("# more", "sa.Table('one_more', metadata, sa.Column('id', sa.Integer))")
        )
        with pytest.raises(CommandError, match="'add_table', Table\\('one_more'"):
            command.check(config)
        env.write_text(env.read_text().replace("'one_more'", "'users'"))
        with pytest.raises(UsageError, match="table users of its own, which is one of ours"):
            command.check(config)


def test_theirs_may_not_change_ours(server: EmbeddedServer, project: Project) -> None:
    write(project, "c003", "c002", "alter table messages add sender text")
    with pytest.raises(NosenderError, match=r"change what is ours: column public\.messages\.sender"):
        freeze(server.conninfo(), project)


def test_a_stale_freeze_is_refused(project: Project) -> None:
    assert frozen_of(project, "public") is not None
    write(project, "c003", "c002")
    with pytest.raises(UsageError, match="is stale"):
        frozen_of(project, "public")


def test_a_frozen_file_of_a_newer_version_is_refused(project: Project) -> None:
    path = EXAMPLE / "privacy" / "frozen.json"
    assert project.own.catalogue is not None
    (project.own.catalogue / "frozen.json").write_text(
        path.read_text().replace("nosender.project/1", "nosender.project/2")
    )
    with pytest.raises(UsageError, match="has the format"):
        frozen_of(project, "public")
    for odd in ("", "[]", "[" * 100_000, '{"format": "nosender.project/1", "observation": null}'):
        (project.own.catalogue / "frozen.json").write_text(odd)
        with pytest.raises(UsageError, match="is no frozen file of ours"):
            frozen_of(project, "public")
    (project.own.catalogue / "frozen.json").unlink()
    with pytest.raises(UsageError, match="run `nosender project freeze`"):
        frozen_of(project, "public")


@pytest.mark.parametrize(
    ("file", "text", "says"),
    [
        ("alembic.ini", "nothing", "names no script_location"),
        ("alembic.ini", "[alembic]\nscript_location = nowhere\n", "holds no folder versions"),
        ("migrations/versions/c003.py", "def (", r"c003\.py:1: not Python"),
        ("migrations/versions/c003.py", "raise KeyError", "cannot be read: KeyError"),
        ("migrations/versions/c003.py", "raise SystemExit(0)", "cannot be read: SystemExit"),
        ("migrations/versions/c003.py", "revision = 'c003'\ndown_revision = 'c009'", "c003"),
    ],
)
def test_a_chain_that_cannot_be_read_is_one_sentence(
    project: Project, file: str, text: str, says: str
) -> None:
    assert project.file is not None
    (project.file.parent / file).write_text(text)
    with pytest.raises(UsageError, match=says):
        ProjectChain.load(project)


def test_two_heads_are_refused(project: Project) -> None:
    write(project, "c003", "c002")
    write(project, "c004", "c002")
    with pytest.raises(UsageError, match=r"2 heads \(c003, c004\)"):
        ProjectChain.load(project)


def test_plain_alembic_brings_theirs_and_db_check_says_whose(
    run_nosender: RunNosender, database: str, courier: Path
) -> None:
    words = ("--url", database)
    runner.upgrade(Target(database))
    plain = subprocess.run(
        [sys.executable, "-m", "alembic", "-x", f"url={database}", "upgrade", "head"],
        cwd=courier,
        capture_output=True,
        text=True,
        check=False,
    )
    assert plain.returncode == 0, plain.stderr
    with psycopg.connect(database) as connection:
        connection.execute("drop index push_tokens_expires_at")
    checked = run_nosender(*words, "db", "check", cwd=courier)
    assert checked.returncode == 1
    assert "public.push_tokens_expires_at" in checked.stdout
    assert checked.stdout.splitlines()[0].endswith(" (of courier)")


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("courier_version", "alembic_version", "is where our own chain keeps its place"),
        ('version_table = "courier_version"\n', "", "needs a version_table"),
        ('alembic = "alembic.ini"\n', "", "name its alembic.ini too"),
        ('catalogue = "privacy"', 'catalogue = "nowhere"', "there is no such folder"),
        ('catalogue = "privacy"', 'catalogue = "../elsewhere"', "must lie in the folder of this file"),
        ('name = "courier"', "", "needs a name"),
        ('name = "courier"', 'format = 2\nname = "courier"', "a format of another version"),
        ('name = "courier"', 'name = "cou\\nrier"', "name is one line of at most 31 letters"),
        ('name = "courier"', f'name = "{"x" * 32}"', "name is one line of at most 31 letters"),
        ('name = "courier"', 'name = "courier"\nschema = "pg_x"', "the schema pg_x is PostgreSQL's own"),
        ("courier_version", "shop.version", "its name has no dot"),
        ('name = "courier"', f"name = {'[' * 100_000}", "nested too deeply"),
    ],
)
def test_settings_that_do_not_agree_are_refused(courier: Path, old: str, new: str, says: str) -> None:
    path = courier / "nosender.toml"
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new))
    with pytest.raises(UsageError, match=says) as refused:
        find(courier)
    assert str(refused.value).startswith("nosender.toml:")
