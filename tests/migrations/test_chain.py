"""The revisions lead to the canonical DDL and back, by every door, on every major."""

from __future__ import annotations

import hashlib
import os
import re
import subprocess
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from nosender.gate.generated import of_server
from nosender.migrations import runner, sql_script
from nosender.migrations.lint import require_sound
from nosender.migrations.revisions import VERSIONS, Chain
from nosender.schema import ddl
from nosender.schema.observe import Observation, differences, observe, reference, within
from nosender.schema.observe.quoting import quoted
from nosender.server.embedded import EmbeddedServer
from nosender.server.scratch import scratch_database
from nosender.server.target import Target

from ..conftest import run_module
from .extra import add

ROOT = Path(__file__).parents[2]
RELEASED = Path(__file__).with_name("released.sha256")
REPLAY = runner.Options(replay=True)
UNSEEN = runner.Options(replay=True, verify=False)
"""Where the test looks for itself, at more than what a revision promises."""


def seen(conninfo: str, schema: str = "public") -> Observation:
    with psycopg.connect(conninfo) as connection:
        return observe(connection, schema)


def unlike(conninfo: str, schema: str = "public") -> list[str]:
    """The lines in which the schema is not that of the canonical DDL."""
    return [d.line for d in differences(reference(schema), seen(conninfo, schema), schema)]


def alembic(conninfo: str, *arguments: str, schema: str = "public") -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "DATABASE_URL": conninfo}
    return run_module("alembic", "-x", f"schema={schema}", *arguments, cwd=ROOT, env=environment)


def psql(server: EmbeddedServer, conninfo: str, text: str) -> None:
    command = [str(server.binaries.bindir / "psql"), "-X", "-q", "-v", "ON_ERROR_STOP=1", conninfo]
    subprocess.run(command, input=text, text=True, check=True, capture_output=True, timeout=120)


@pytest.mark.parametrize("schema", ["public", 'We "ird'])
def test_replay_and_the_ddl_at_once_lead_to_the_same(any_database: str, schema: str) -> None:
    target = Target(any_database, schema)
    assert not runner.upgrade(target, options=REPLAY).loaded
    assert unlike(any_database, schema) == []
    replayed = seen(any_database, schema)
    runner.downgrade(target, "base")
    assert runner.upgrade(target).loaded
    assert within(seen(any_database, schema), schema) == within(replayed, schema)
    assert runner.check(target) == (Chain.load().head, ())


def test_every_revision_up_down_up_leaves_the_same(any_database: str) -> None:
    target = Target(any_database)
    before = within(seen(any_database), "public")
    for revision in Chain.load().revisions:
        runner.upgrade(target, revision.revision, UNSEEN)
        once = within(seen(any_database), "public")
        runner.downgrade(target, "-1", UNSEEN)
        back = within(seen(any_database), "public")
        left = [d.line for d in differences(before, back, "public")]
        # the roles and the extension belong to more than this schema
        assert [line for line in left if not line.startswith(("role ", "extension "))] == []
        runner.upgrade(target, "+1", UNSEEN)
        again = within(seen(any_database), "public")
        assert differences(once, again, "public") == ()
        before = again


def test_a_downgrade_never_drops_roles(database: str) -> None:
    target = Target(database)
    runner.upgrade(target)
    runner.downgrade(target, "base")
    with psycopg.connect(database) as connection:
        count = connection.execute(
            "select count(*) from pg_roles where rolname like 'nosender\\_%'"
        ).fetchone()
    assert count is not None
    assert count[0] >= 3


def test_what_is_made_from_the_ddl_and_the_chain_is_fresh(server: EmbeddedServer) -> None:
    """If this fails: make generate, and read what it changes before you commit it."""
    for name, text in of_server(server.conninfo()).items():
        assert (ROOT / name).read_text() == text, name


def test_a_released_revision_never_changes() -> None:
    """What somebody has run may not become something else: write another revision."""
    for line in RELEASED.read_text().splitlines():
        digest, name = line.split("  ")
        assert hashlib.sha256((VERSIONS / name).read_bytes()).hexdigest() == digest, name


def test_psql_and_alembic_and_ours_agree_with_pg_dump(any_server: EmbeddedServer) -> None:
    """`pg_dump --schema-only` is the same for the DDL by psql and for the migrations, column order aside."""
    pg_dump = any_server.binaries.bindir / "pg_dump"

    def dump(conninfo: str) -> list[str]:
        command = [str(pg_dump), "--schema-only", "--exclude-table=alembic_version", conninfo]
        text = subprocess.run(command, check=True, capture_output=True, text=True, timeout=120).stdout
        text = re.sub(r"(?m)^(--.*|\\(un)?restrict .*)$", "", text)
        return sorted(line.strip().rstrip(",") for line in text.splitlines() if line.strip())

    with (
        scratch_database(any_server.conninfo()) as loaded,
        scratch_database(any_server.conninfo()) as migrated,
        scratch_database(any_server.conninfo()) as scripted,
    ):
        everything = "\n".join(file.sql for file in ddl.files())
        psql(any_server, loaded, everything)
        runner.upgrade(Target(migrated), options=REPLAY)
        psql(any_server, scripted, sql_script.render("public", "base", "head"))
        assert unlike(loaded) == unlike(migrated) == unlike(scripted) == []
        assert dump(loaded) == dump(migrated) == dump(scripted)
        assert runner.check(Target(scripted)) == (Chain.load().head, ())


@pytest.mark.parametrize("schema", ["public", 'We "ird'])
def test_a_script_from_part_way_leads_where_the_chain_leads(
    any_server: EmbeddedServer, versions: Path, schema: str
) -> None:
    step = '\n-- step: an index\ncreate index concurrently if not exists "more\'" on messages (created_at);\n'
    add(versions, "0900", step, transactional=False)
    add(versions, "0901", "alter table messages add column more text;\n")
    options = runner.Options(versions=versions)
    with (
        scratch_database(any_server.conninfo()) as by_chain,
        scratch_database(any_server.conninfo()) as by_hand,
    ):
        runner.upgrade(Target(by_chain, schema), options=options)
        runner.upgrade(Target(by_hand, schema), "0003", options)
        text = sql_script.render(schema, "0003", "head", versions=versions)
        psql(any_server, by_hand, text)
        assert within(seen(by_hand, schema), schema) == within(seen(by_chain, schema), schema)
        assert runner.upgrade(Target(by_hand, schema), options=options).applied == ()
        with psycopg.connect(by_hand) as connection:  # as an attempt that failed leaves it
            connection.execute(
                "update pg_index set indisvalid = false where indexrelid::regclass::text ~ 'more'"
            )
        part = text[text.index("-- 0900") : text.index("-- 0901")]
        with pytest.raises(subprocess.CalledProcessError) as caught:
            psql(any_server, by_hand, f"set search_path to {quoted(schema)};\n{part}")
        assert "is invalid: run drop index concurrently" in caught.value.stderr


def test_plain_alembic_in_a_checkout(database: str) -> None:
    with psycopg.connect(database) as connection:
        connection.execute(sql.SQL("create schema {}").format(sql.Identifier("msg")))
    done = alembic(database, "upgrade", "head", schema="msg")
    assert done.returncode == 0, done.stderr
    assert unlike(database, "msg") == []
    # it wrote the journal too, so ours goes on where it ended
    target = Target(database, "msg")
    assert runner.check(target) == (Chain.load().head, ())
    assert runner.upgrade(target).applied == ()
    done = alembic(database, "downgrade", "base", schema="msg")
    assert done.returncode == 0, done.stderr
    assert runner.current(target).revision is None


def test_alembic_offline(database: str, server: EmbeddedServer) -> None:
    done = alembic(database, "upgrade", "head", "--sql")
    assert done.returncode == 0, done.stderr
    psql(server, database, done.stdout)
    assert unlike(database) == []


def test_alembic_names_what_is_wrong_in_one_sentence(database: str) -> None:
    done = alembic(database, "upgrade", "head", schema="nowhere")
    assert done.returncode == 1
    assert done.stderr.strip().splitlines()[-1].startswith("nosender: the schema nowhere does not exist")


def test_our_revisions_are_sound() -> None:
    """An upgrade looks only at folders that are not ours."""
    require_sound(Chain.load())
