"""Servers and databases for the tests: one cluster a major and a run, one cloned database a test."""

from __future__ import annotations

import atexit
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import psycopg
import pytest
from hypothesis import settings
from psycopg import sql

from nosender.server.binaries import Binaries, all_binaries, find_binaries
from nosender.server.embedded import EmbeddedServer
from nosender.server.target import Target

from .pool import Pool, pooling
from .warm import warm_python

# A Python that we start keeps what it has compiled for the next one.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
# Whoever works on databases has these set; a test that is about them sets its own.
for _name in [name for name in os.environ if name.startswith("PG")]:
    del os.environ[_name]

# A run is like the one before it; HYPOTHESIS_PROFILE=default looks for what no run has drawn yet.
settings.register_profile("same", derandomize=True)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "same"))

ROOT = Path(__file__).parent.parent
TEMPLATE = "nosender_template"
WARM = sys.platform == "linux"
"""Whether commands are forked from a Python that has imported them; elsewhere each starts from nothing."""

RunNosender = Callable[..., "subprocess.CompletedProcess[str]"]


EVERY_MAJOR = (
    "migrations/test_rehearsal",
    "planted/test_strangers",
    "privacy_audit/test_checks",
    "privacy_audit/test_edges",
    "server",
    "schema/test_observe",
)
"""Where majors in the middle differ from the others; elsewhere the oldest and the newest speak for them."""


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """What asks for no server comes first, for it is quick to say what is wrong.

    NOSENDER_MAJORS=all runs everything on every major; without it the last line counts what was left out.
    """
    majors = [found.major for found in all_binaries()]
    left_out = (
        []
        if os.environ.get("NOSENDER_MAJORS") == "all"
        else [
            item
            for item in items
            if min(majors) < _major(item) < max(majors)
            and not str(item.path.relative_to(ROOT / "tests")).startswith(EVERY_MAJOR)
        ]
    )
    config.hook.pytest_deselected(items=left_out)
    items[:] = [item for item in items if item not in left_out]
    items.sort(key=lambda item: not {"server", "any_server"}.isdisjoint(getattr(item, "fixturenames", ())))


def _major(item: pytest.Item) -> int:
    """The major that a test asks for; 0 where it takes any."""
    found = getattr(item, "callspec", None)
    binaries = found.params.get("any_server") if found is not None else None
    return binaries.major if binaries is not None else 0


@cache
def _running(binaries: Binaries) -> EmbeddedServer:
    """The cluster of one PostgreSQL, started at first use and stopped when the process ends."""
    settings = {
        "max_connections": "100",
        "max_prepared_transactions": "4",
        # On, as the audit wants it, and never awake: between two looks it would change the statistics, and
        # keep a vacuum of ours from old rows.
        "autovacuum_naptime": "20d",
    }
    return EmbeddedServer(binaries, settings=settings)


@cache
def migrated_template(server: EmbeddedServer) -> str:
    """A database loaded from the DDL, to be cloned: 20 ms a clone instead of a load for each test."""
    from nosender.schema import ddl

    with psycopg.connect(server.conninfo(), autocommit=True) as admin:
        admin.execute(sql.SQL("create database {} template template0").format(sql.Identifier(TEMPLATE)))
    with psycopg.connect(server.conninfo(TEMPLATE)) as connection:
        ddl.load(connection, "public")
    return TEMPLATE


_count = iter(range(1, 1_000_000))


@contextmanager
def clone(server: EmbeddedServer, template: str = "template0") -> Iterator[str]:
    """A database of one test: made from a template, dropped at the end whoever is still connected."""
    name = f"test_{os.getpid()}_{next(_count)}"
    # FILE_COPY is the faster way where nothing is flushed to disk.
    made = sql.SQL("create database {} template {} strategy file_copy")
    _administer(server, made.format(sql.Identifier(name), sql.Identifier(template)))
    try:
        yield server.conninfo(name)
    finally:
        _administer(server, sql.SQL("drop database if exists {} with (force)").format(sql.Identifier(name)))


def _administer(server: EmbeddedServer, statement: sql.Composed) -> None:
    """By one session a server, for a session of its own would be a fifth of what a clone costs."""
    try:
        _administrator(server).execute(statement)
    except psycopg.OperationalError:
        if not _administrator(server).closed:
            raise
        _administrator.cache_clear()  # a test has ended it
        _administrator(server).execute(statement)


@cache
def _administrator(server: EmbeddedServer) -> psycopg.Connection:
    opened = psycopg.connect(server.conninfo(), autocommit=True)
    atexit.register(opened.close)  # before the server stops, which was registered earlier
    return opened


@pytest.fixture(scope="session")
def binaries() -> Binaries:
    """The PostgreSQL that most tests run on."""
    return find_binaries()


@pytest.fixture(scope="session")
def server(binaries: Binaries) -> EmbeddedServer:
    """A running server of the default major."""
    return _running(binaries)


@pytest.fixture(scope="session", params=all_binaries(), ids=lambda found: f"pg{found.major}")
def any_server(request: pytest.FixtureRequest) -> EmbeddedServer:
    """A running server; the test runs once for every major that is installed."""
    found: Binaries = request.param
    return _running(found)


@pytest.fixture
def database(server: EmbeddedServer) -> Iterator[str]:
    """The conninfo of an empty database of this test's own."""
    with clone(server) as conninfo:
        yield conninfo


@pytest.fixture
def migrated(server: EmbeddedServer) -> Iterator[str]:
    """The conninfo of a database that holds the canonical schema."""
    with clone(server, migrated_template(server)) as conninfo:
        yield conninfo


@pytest.fixture
def pool(database: str) -> Iterator[Pool]:
    """Starts a PgBouncer in front of `database`."""
    with pooling(database) as start:
        yield start


@pytest.fixture
def any_database(any_server: EmbeddedServer) -> Iterator[str]:
    """Like `database`, on every major."""
    with clone(any_server) as conninfo:
        yield conninfo


@pytest.fixture
def any_migrated(any_server: EmbeddedServer) -> Iterator[str]:
    """Like `migrated`, on every major."""
    with clone(any_server, migrated_template(any_server)) as conninfo:
        yield conninfo


@pytest.fixture
def target(migrated: str) -> Target:
    """The migrated database as the commands see it."""
    return Target(migrated)


@pytest.fixture
def connection(migrated: str) -> Iterator[psycopg.Connection]:
    """A superuser's session, in UTC, on the migrated database."""
    with psycopg.connect(migrated, options="-c TimeZone=UTC") as opened:
        yield opened


@pytest.fixture
def run_nosender(tmp_path: Path) -> RunNosender:
    """Run the command line as a user does: another process, another folder, no database named by chance."""

    def run(
        *words: str, env: dict[str, str] | None = None, cwd: Path = tmp_path, **options: object
    ) -> subprocess.CompletedProcess[str]:
        hidden = ("PG", "NOSENDER_URL", "DATABASE_URL", "NO_COLOR")
        clean = {name: value for name, value in os.environ.items() if not name.startswith(hidden)}
        return run_module("nosender", *words, cwd=cwd, env={**clean, **(env or {})}, **options)

    return run


def run_module(
    module: str, *words: str, cwd: Path, env: dict[str, str], **options: object
) -> subprocess.CompletedProcess[str]:
    """`python -m MODULE WORDS`, by a warm Python unless something is asked that this one does not have."""
    if not options and WARM and warm_python().suits(env):
        return warm_python().run(module, *words, cwd=cwd, env=env)
    return subprocess.run(  # type: ignore[call-overload,no-any-return]
        [sys.executable, "-m", module, *words],
        **{"capture_output": True, "text": True, "check": False, "cwd": cwd, "env": env} | options,
    )
