"""The example project, copied where a test may write, and a database with both chains in it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from nosender.migrations import runner
from nosender.project import Project, find
from nosender.server.embedded import EmbeddedServer
from nosender.server.target import Target

from ..conftest import ROOT, clone

EXAMPLE = ROOT / "examples" / "courier"
TEMPLATE = "nosender_courier_template"


def copied(into: Path) -> Path:
    """The example's files in a folder of the test's own."""
    return shutil.copytree(EXAMPLE, into / "courier", ignore=shutil.ignore_patterns("__pycache__"))


@cache
def template(server: EmbeddedServer) -> str:
    with psycopg.connect(server.conninfo(), autocommit=True) as admin:
        admin.execute(sql.SQL("create database {} template template0").format(sql.Identifier(TEMPLATE)))
    options = runner.Options(project=find(EXAMPLE))
    runner.upgrade(Target(server.conninfo(TEMPLATE)), options=options)
    return TEMPLATE


@pytest.fixture
def courier(tmp_path: Path) -> Path:
    """A copy of the example project."""
    return copied(tmp_path)


@pytest.fixture
def project(courier: Path) -> Project:
    """The copy as it is read."""
    return find(courier)


@pytest.fixture
def both(server: EmbeddedServer) -> Iterator[Target]:
    """A database that holds our tables and the project's."""
    with clone(server, template(server)) as conninfo:
        yield Target(conninfo)
