"""A revision written in Python: its operations are its own, and what goes wrong in it is one sentence."""

from __future__ import annotations

import threading
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest

from nosender.errors import NosenderError
from nosender.migrations import runner, sql_script
from nosender.migrations.apply import Patience
from nosender.migrations.revisions import RevisionError
from nosender.server.embedded import EmbeddedServer
from nosender.server.scratch import scratch_database
from nosender.server.target import Target

from .test_interruptions import exists, wait_until

MODULE = '''"""Written in Python."""

import sqlalchemy as sa
{imports}

revision: str = "0001"
down_revision: str | None = None


def upgrade() -> None:
{body}


def downgrade() -> None:
    pass
'''


def write(folder: Path, *body: str, imports: str = "from alembic import op") -> runner.Options:
    folder.mkdir(exist_ok=True)
    text = MODULE.format(imports=imports, body="\n".join(f"    {line}" for line in body))
    (folder / "0001_python.py").write_text(text)
    return runner.Options(versions=folder, patience=Patience(lock=0.2, attempts=2, pause=0.01))


def test_two_threads_migrate_two_databases_at_once(server: EmbeddedServer, tmp_path: Path) -> None:
    """Alembic's `op` is one for the process; a revision that is half done must not get another's."""
    body = ('op.execute("select pg_advisory_lock_shared(42)")', 'op.execute("create table slow ()")')
    slow = replace(write(tmp_path / "slow", *body), patience=Patience(lock=60))
    quick = write(tmp_path / "quick", 'op.execute("create table quick ()")')
    errors: list[BaseException] = []
    with scratch_database(server.conninfo()) as one, scratch_database(server.conninfo()) as other:

        def migrate() -> None:
            try:
                runner.upgrade(Target(one), options=slow)
            except BaseException as error:
                errors.append(error)

        thread = threading.Thread(target=migrate)
        with psycopg.connect(one, autocommit=True) as keeper:
            keeper.execute("select pg_advisory_lock(42)")
            thread.start()
            waiting = "select 1 from pg_locks where locktype = 'advisory' and not granted and objid = 42"
            wait_until(lambda: keeper.execute(waiting).fetchone() is not None)
            runner.upgrade(Target(other), options=quick)
        thread.join()
        assert errors == []
        assert [exists(one, "slow"), exists(one, "quick")] == [True, False]
        assert [exists(other, "slow"), exists(other, "quick")] == [False, True]


@pytest.mark.parametrize("imports", ["import alembic.op", "import alembic", "from alembic.op import execute"])
def test_operations_that_threads_would_share_are_refused(database: str, tmp_path: Path, imports: str) -> None:
    options = write(tmp_path / "versions", "pass", imports=imports)
    with pytest.raises(RevisionError, match="write `from alembic import op`"):
        runner.upgrade(Target(database), options=options)


def test_operations_of_alembic_wait_for_locks_like_sql(database: str, tmp_path: Path) -> None:
    options = write(tmp_path / "versions", 'op.add_column("letters", sa.Column("more", sa.Text))')
    with psycopg.connect(database) as reader:
        reader.execute("create table letters ()")
        reader.commit()
        reader.execute("lock table letters in access share mode")
        with pytest.raises(
            NosenderError, match=r"revision 0001: the lock was not won in 2 attempts, blocked by"
        ):
            runner.upgrade(Target(database), options=options)
    assert runner.upgrade(Target(database), options=options).applied == ("0001",)
    text = sql_script.render("public", "base", "head", versions=options.versions)
    assert "ALTER TABLE letters ADD COLUMN more TEXT;" in text


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        ('op.drop_table("nowhere")', 'revision 0001: table "nowhere" does not exist; nothing of it was kept'),
        (
            'raise KeyError("+15550001111")',
            "revision 0001 fails with KeyError in 0001_python.py, line 12; nothing of it was kept",
        ),
        (
            'op.execute(sa.text("select :phone").bindparams(number="+15550001111"))',
            "revision 0001 fails with ArgumentError in 0001_python.py, line 12; nothing of it was kept",
        ),
    ],
)
def test_what_fails_in_python_is_one_sentence(
    database: str, tmp_path: Path, body: str, sentence: str
) -> None:
    options = write(tmp_path / "versions", 'op.execute("create table half ()")', body)
    with pytest.raises(RevisionError) as caught:
        runner.upgrade(Target(database), options=options)
    assert str(caught.value) == sentence
    assert caught.value.revision == "0001"
    assert not exists(database, "half")
    write(tmp_path / "versions", 'op.execute("create table half ()")')
    assert runner.upgrade(Target(database), options=options).applied == ("0001",)
