"""Fixtures for a project's own tests: a database with our head and theirs in it, cloned for each test.

    # conftest.py
    pytest_plugins = ["nosender.pytest"]

A transaction that is rolled back after each test cannot take a clone's place: the functions of the message
flow have to be the first write of their transaction, and commit.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    import psycopg

__all__ = ["assert_private", "nosender_database", "nosender_server", "nosender_template"]

SERVER = "NOSENDER_TEST_URL"
"""Names a server to make the databases on; else an embedded one is started."""
NO_SWEEP = "sweep-not-recent"
"""The one check that cannot look at the database of a test: nothing sweeps it."""


@pytest.fixture(scope="session")
def nosender_server() -> Iterator[str]:
    """The conninfo of a server whose role may create databases."""
    from nosender.server.embedded import EmbeddedServer
    from nosender.server.target import resolve

    if named := os.environ.get(SERVER):
        yield resolve(named, "public").conninfo
        return
    with EmbeddedServer() as server:
        yield server.conninfo()


@pytest.fixture(scope="session")
def nosender_template(nosender_server: str, pytestconfig: pytest.Config) -> Iterator[str]:
    """The name of a database with both chains in it: ours, and that of the project at pytest's root."""
    from psycopg.conninfo import conninfo_to_dict

    from nosender.migrations import project_chain, runner
    from nosender.project import find
    from nosender.server.scratch import scratch_database
    from nosender.server.target import Target

    project = find(pytestconfig.rootpath)
    with scratch_database(nosender_server) as made:
        target = Target(made, project.own.schema or "public")
        runner.upgrade(target)
        if project.own.alembic is not None:
            project_chain.upgrade(target, project)
        yield str(conninfo_to_dict(made)["dbname"])


@pytest.fixture
def nosender_database(nosender_server: str, nosender_template: str) -> Iterator[str]:
    """The conninfo of a database of this test's own, dropped at its end."""
    from nosender.server.scratch import scratch_database

    with ExitStack() as stack:
        yield stack.enter_context(scratch_database(nosender_server, template=nosender_template))


def assert_private(connection: psycopg.Connection[Any], fail_on: str = "medium") -> None:
    """Audit the database that the connection leads to, with the project around the working folder.

    AssertionError names what was found and what could not be looked at; what is not committed is not seen.
    """
    from psycopg.conninfo import make_conninfo

    from nosender.privacy_audit import runner
    from nosender.privacy_audit.finding import Severity
    from nosender.project import find
    from nosender.server.target import Target

    info, project = connection.info, find()
    place = {**info.get_parameters(), **({"password": info.password} if info.password else {})}
    target = Target(make_conninfo("", **place), project.own.schema or "public")
    options = runner.Options(fail_on=Severity(fail_on), waivers=project.own.waivers, project=project)
    audit = runner.run(target, options)
    told = [f"{each.check}: {each.kind} {each.object}: {each.detail}" for each in audit.gating()]
    told += [f"{each.check.slug}: {each.reason}" for each in audit.unseen() if each.check.slug != NO_SWEEP]
    told += [
        f"schema {each.name} is neither ours nor excused in nosender.toml"
        for each in audit.decided.schemas_unaccounted
    ]
    told += [f"{name} of this distributed database was not looked at" for name in audit.decided.nodes_unseen]
    assert not told, "the database is not private:\n" + "\n".join(told)  # noqa: S101 (what it is for)
