"""Alembic's own ways: which database it is pointed at, what it leaves in the journal, where it writes."""

from __future__ import annotations

import argparse
import io
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
import sqlalchemy
from alembic import command
from alembic.config import Config
from alembic.util import CommandError
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict

from nosender.errors import NosenderError
from nosender.migrations import runner
from nosender.migrations.revisions import Chain
from nosender.server.embedded import EmbeddedServer
from nosender.server.target import Target

from ..conftest import clone

ROOT = Path(__file__).parents[2]
HEAD = Chain.load().head


@pytest.fixture
def other(server: EmbeddedServer) -> Iterator[str]:
    """A second database, which must stay as it is."""
    with clone(server) as conninfo:
        yield conninfo


@pytest.fixture(autouse=True)
def no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("NOSENDER_URL", "DATABASE_URL"):
        monkeypatch.delenv(name, raising=False)


def url_of(conninfo: str) -> str:
    given = conninfo_to_dict(conninfo)
    return f"postgresql+psycopg:///{given['dbname']}?host={given['host']}&port={given['port']}&user={given['user']}"


def engine(conninfo: str, **options: object) -> sqlalchemy.Engine:
    return sqlalchemy.create_engine(
        "postgresql+psycopg://",
        creator=lambda: psycopg.connect(conninfo),
        **options,  # type: ignore[arg-type]
    )


def config(*words: str, url: str | None = None, connection: object = None) -> Config:
    """What a program or an ini file says; `words` as after -x."""
    made = Config(output_buffer=io.StringIO(), cmd_opts=argparse.Namespace(x=list(words) or None))
    made.set_main_option("script_location", "nosender:migrations")
    if url is not None:
        made.set_main_option("sqlalchemy.url", url.replace("%", "%%"))
    if connection is not None:
        made.attributes["connection"] = connection
    return made


def at(conninfo: str) -> str | None:
    return runner.current(Target(conninfo)).revision


def journal(conninfo: str) -> list[tuple[str, str]]:
    with psycopg.connect(conninfo) as connection:
        return connection.execute("select revision, direction from migration_journal order by id").fetchall()


@pytest.mark.parametrize("way", ["-x url", "sqlalchemy.url", "an engine", "a connection", "all of them"])
def test_each_of_alembics_ways_leads_to_its_database(database: str, way: str) -> None:
    url, made = url_of(database), engine(database)
    with made.connect() as connection:
        given = {
            "-x url": config(f"url={url}"),
            "sqlalchemy.url": config(url=url),
            "an engine": config(connection=made),
            "a connection": config(connection=connection),
            "all of them": config(f"url={url}", url=url, connection=connection),
        }[way]
        command.upgrade(given, "0002")
        if connection.in_transaction():
            connection.commit()
    assert at(database) == "0002"
    assert journal(database) == [("0001", "up"), ("0002", "up")]


def test_two_that_disagree_are_refused(database: str, other: str, monkeypatch: pytest.MonkeyPatch) -> None:
    here, there = url_of(database), url_of(other)
    made = engine(database)
    with made.connect() as connection:
        for given in (
            config(f"url={there}", url=here),
            config(f"url={there}", connection=made),
            config(url=there, connection=made),
            config(url=there, connection=connection),
        ):
            with pytest.raises(CommandError, match="nothing was done; leave one of them out"):
                command.upgrade(given, "0001")
        assert not connection.in_transaction()
    monkeypatch.setenv("DATABASE_URL", there)
    with pytest.raises(CommandError, match=r"sqlalchemy.url names .*, and DATABASE_URL "):
        command.upgrade(config(url=here), "0001")
    assert at(database) is at(other) is None
    command.upgrade(config(connection=made), "0001")  # a program's connection is meant
    command.upgrade(config(f"url={here}", url=here), "0002")
    assert (at(database), at(other)) == ("0002", None)


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ("sqlite", "is not psycopg's"),
        ("autocommit", "commits every statement by itself"),
        ("nothing", "neither a connection nor an engine"),
        ("replica", "session_replication_role is replica"),
    ],
)
def test_a_connection_that_cannot_be_worked_on(database: str, given: str, told: str) -> None:
    connections = {
        "sqlite": lambda: sqlalchemy.create_engine("sqlite://"),
        "autocommit": lambda: engine(database).execution_options(isolation_level="AUTOCOMMIT"),
        "nothing": object,
        "replica": lambda: sqlalchemy.create_engine(
            "postgresql+psycopg://",
            creator=lambda: psycopg.connect(database, options="-c session_replication_role=replica"),
        ),
    }
    with pytest.raises(CommandError, match=told):
        command.upgrade(config(connection=connections[given]()), "head")
    assert at(database) is None


@pytest.mark.parametrize("begun", [False, True])
def test_a_lent_connection_is_given_back_as_it_was(database: str, begun: bool) -> None:
    """In each transaction our settings, whatever the session's are; afterwards the session's again."""
    theirs = {"search_path": "theirs, public", "standard_conforming_strings": "off", "timezone": "Asia/Tokyo"}

    def settings(connection: sqlalchemy.Connection) -> dict[str, str]:
        names = ", ".join(f"current_setting('{name}')" for name in theirs)
        row = connection.exec_driver_sql(f"select {names}").one()
        return dict(zip(theirs, row, strict=True))

    with engine(database).connect() as connection:
        for name, value in theirs.items():
            connection.exec_driver_sql(f"set {name} to {value if ',' in value else repr(value)}")
        connection.commit()
        if begun:
            connection.exec_driver_sql("create table mine ()")
        command.upgrade(config(connection=connection), "head")
        if begun:
            assert at(database) is None  # it stands when the caller says so
            assert settings(connection) == theirs
            connection.exec_driver_sql("drop table mine")
            connection.commit()
        assert settings(connection) == theirs
    assert runner.check(Target(database)) == (HEAD, ())
    assert [row[1] for row in journal(database)] == ["up"] * len(Chain.load().revisions)


def test_a_downgrade_does_not_disarm_the_check_for_edited_revisions(database: str, versions: Path) -> None:
    url = f"url={url_of(database)}"
    command.upgrade(config(url), "0003")
    command.downgrade(config(url), "-1")
    assert journal(database) == [("0001", "up"), ("0002", "up"), ("0003", "up"), ("0003", "down")]
    edited = next(versions.glob("0002_*.up.sql"))
    edited.write_text(edited.read_text() + "\nselect 1;\n")
    with pytest.raises(NosenderError, match="revision 0002 was changed after it was applied"):
        runner.upgrade(Target(database), options=runner.Options(versions=versions))


def test_a_stamp_is_told_as_what_it_declares(database: str) -> None:
    url = f"url={url_of(database)}"
    command.upgrade(config(url), "0003")
    command.stamp(config(url), "0005")
    assert journal(database)[3:] == [("0004", "accept"), ("0005", "accept")]
    command.stamp(config(url), "0001")
    assert journal(database)[5:] == [(name, "down") for name in ("0002", "0003", "0004", "0005")]
    command.stamp(config(url), "0003", purge=True)
    assert journal(database)[9:] == [("0002", "accept"), ("0003", "accept")]
    command.stamp(config(url), "0003")
    assert len(journal(database)) == 11


@pytest.mark.parametrize("schema", ["public", 'We "ird'])
def test_the_scripts_keep_the_journal_as_the_commands_do(
    database: str, other: str, server: EmbeddedServer, schema: str
) -> None:
    """upgrade, downgrade and stamp, each once online and once with --sql."""
    psql = [str(server.binaries.program("psql")), "-X", "-q", "-v", "ON_ERROR_STOP=1"]
    told = []
    for conninfo, offline in ((database, False), (other, True)):
        with psycopg.connect(conninfo) as connection:
            connection.execute(sql.SQL("create schema if not exists {}").format(sql.Identifier(schema)))
        for act, start, goal in (
            (command.upgrade, "base", "head"),
            (command.downgrade, HEAD, "0003"),
            (command.stamp, "0003", "0005"),
            (command.stamp, "0005", "0002"),
        ):
            made = config(f"url={url_of(conninfo)}", f"schema={schema}")
            if not offline:
                act(made, goal)
                continue
            act(made, goal if start == "base" else f"{start}:{goal}", sql=True)
            script = made.output_buffer.getvalue()
            subprocess.run([*psql, conninfo], input=script, text=True, check=True, capture_output=True)
        with psycopg.connect(conninfo) as connection:
            query = sql.SQL("select revision, direction, step, algorithm, checksum from {} order by id")
            table = sql.Identifier(schema, "migration_journal")
            told.append(connection.execute(query.format(table)).fetchall())
            assert runner.current(Target(conninfo, schema)).revision == "0002"
    assert told[0] == told[1]
    assert len(told[0]) == 2 * len(Chain.load().revisions) - 3 + 2 + 3


def test_alembic_check_compares_as_ours_does(database: str) -> None:
    made = config(f"url={url_of(database)}")
    command.upgrade(made, "head")
    command.check(made)
    with psycopg.connect(database) as connection:
        connection.execute("alter table messages disable trigger user")
    with pytest.raises(CommandError, match=f"is not what revision {HEAD} promises: .*nosender db check"):
        command.check(made)


def test_what_pytest_alembic_asks_of_a_chain(database: str) -> None:
    """By an engine, as its fixtures give one: each revision up, down and up again, no difference left."""
    made = config(connection=engine(database))
    names = [each.revision for each in Chain.load().revisions]
    for name in names:
        command.upgrade(made, name)
    for name in [*reversed(names[:-1]), "base"]:
        command.downgrade(made, name)
    for name in names:
        command.upgrade(made, name)
    command.check(made)
    assert command.revision(made, autogenerate=True, process_revision_directives=_nothing) == []
    # the journal went with 0001, and says again what was done since
    assert journal(database) == [(name, "up") for name in names]


def _nothing(_context: object, _at: object, directives: list[Any]) -> None:
    """Have no file made, where none is needed."""
    assert directives[0].upgrade_ops.is_empty()
    directives.clear()


def installed(folder: Path) -> Path:
    """The package as an installation lays it out."""
    package = folder / "site-packages" / "nosender"
    shutil.copytree(ROOT / "src" / "nosender", package, ignore=shutil.ignore_patterns("__pycache__", "tests"))
    return package


@pytest.mark.parametrize(
    "words", [("revision", "-m", "mine"), ("merge", "-m", "mine", "0001", "0002", "--splice")]
)
def test_nothing_is_written_into_an_installed_package(tmp_path: Path, words: tuple[str, ...]) -> None:
    package, mine = installed(tmp_path), tmp_path / "mine"
    mine.mkdir()
    before = sorted(path.name for path in (package / "migrations" / "versions").glob("*.*"))
    (tmp_path / "alembic.ini").write_text("[alembic]\nscript_location = nosender:migrations\n")

    def run(*more: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "alembic", *words, *more], cwd=tmp_path, text=True, check=False,
            capture_output=True, env={**os.environ, "PYTHONPATH": str(package.parent)},
        )  # fmt: skip

    done = run()
    assert done.returncode != 0
    assert "would be written into the installed package" in done.stdout  # where Alembic says such things
    assert "Traceback" not in done.stderr
    assert sorted(path.name for path in (package / "migrations" / "versions").glob("*.*")) == before
    if words[0] == "merge":
        return
    (tmp_path / "alembic.ini").write_text(
        "[alembic]\nscript_location = nosender:migrations\npath_separator = os\n"
        f"version_locations = %(here)s/mine{os.pathsep}{package}/migrations/versions\n"
    )
    done = run("--version-path", str(mine))
    assert done.returncode == 0, done.stderr
    assert len(list(mine.glob("*_mine.py"))) == 1
    assert not next(iter(mine.glob("*_mine.py"))).read_text().startswith("\n")
    assert sorted(path.name for path in (package / "migrations" / "versions").glob("*.*")) == before
