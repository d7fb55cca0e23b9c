"""No command of ours runs what somebody planted, whoever's rights it has: here a superuser's."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict

from nosender.cli import root
from nosender.migrations import runner
from nosender.server.embedded import EmbeddedServer
from nosender.server.target import Target
from nosender.traffic.fill import fill

from ..conftest import ROOT, RunNosender, clone, run_module
from ..test_names import commands
from .conftest import PLANTS, hijacks, plant

COMMANDS = (
    "db current", "db history", "db check", "db plan", "db sql", "db upgrade", "db accept 0001",
    "db downgrade 0005 --allow-data-loss",
    "db scale-out plan", "db scale-out rehearse", "db scale-out status --every-node",
    "db scale-out apply", "db scale-out back",
    "audit run", "audit preflight", "audit explore",
    "retention plan", "retention status", "retention sweep", "retention sweep --workers 2 --canary",
    "retention watch --sweeps 1", "retention verify", "retention held",
    "retention erase", "retention erase --rewrite --yes",
    "catalogue check", "project init", "traffic fill --users 3 --messages 5",
    "traffic fill --users 3 --messages 5 --through flow",
)  # fmt: skip
ELSEWHERE = {
    # on a server or in a database of their own
    "demo", "audit attack", "audit selftest", "gate", "project freeze",
    # on files
    "audit list", "audit explain", "audit queries", "audit render", "audit diff", "audit sign",
    "audit verify", "audit history", "evidence key", "catalogue show", "catalogue docs",
    "catalogue comments", "project check", "platform setup",
}  # fmt: skip
ALEMBIC = ("current", "check", "upgrade head", "downgrade -1", "stamp 0005", "history --indicate-current")
STANDINGS = ("head", "0005")


@contextmanager
def _planted(server: EmbeddedServer, revision: str) -> Iterator[str]:
    with clone(server) as conninfo:
        target = Target(conninfo)
        runner.upgrade(target, revision)
        fill(target, 4, 20, 1)
        with psycopg.connect(conninfo, autocommit=True) as owner:  # a ledger with rows, so that they are read
            owner.execute("call public.retention_sweep(canary => true)")
        plant(conninfo, *PLANTS)
        yield conninfo


@pytest.fixture(scope="module", params=STANDINGS)
def template(request: pytest.FixtureRequest, any_server: EmbeddedServer) -> Iterator[str]:
    """The name of a database with everything planted, to be cloned."""
    with _planted(any_server, request.param) as conninfo:
        yield str(conninfo_to_dict(conninfo)["dbname"])


@pytest.mark.parametrize("command", COMMANDS)
def test_no_command_runs_what_is_planted(
    any_server: EmbeddedServer, template: str, command: str, run_nosender: RunNosender
) -> None:
    with clone(any_server, template) as conninfo:
        with psycopg.connect(conninfo, autocommit=True) as admin:  # a clone has the objects, not the setting
            name = sql.Identifier(str(conninfo_to_dict(conninfo)["dbname"]))
            path = sql.SQL("alter database {} set search_path = planted, pg_catalog, public").format(name)
            admin.execute(path)
        with hijacks(any_server) as found:
            told = {"input": "+15550100001\n"} if command == "retention held" else {}
            done = run_nosender("--url", conninfo, *command.split(), **told)
        assert found == []
        assert "Traceback" not in done.stderr


def test_every_command_is_looked_at_or_asks_no_database() -> None:
    known = {" ".join(words) for words in commands(root())}
    swept = {each for each in known if any(f"{words} ".startswith(f"{each} ") for words in COMMANDS)}
    assert known == swept | ELSEWHERE


@pytest.mark.parametrize("words", ALEMBIC)
def test_alembic_runs_no_plant_either(any_server: EmbeddedServer, template: str, words: str) -> None:
    with clone(any_server, template) as conninfo:
        with psycopg.connect(conninfo, autocommit=True) as admin:
            name = sql.Identifier(str(conninfo_to_dict(conninfo)["dbname"]))
            path = sql.SQL("alter database {} set search_path = planted, pg_catalog, public").format(name)
            admin.execute(path)
        with hijacks(any_server) as found:
            done = run_module(
                "alembic", *words.split(), cwd=ROOT, env={**os.environ, "DATABASE_URL": conninfo}
            )
        assert found == []
        assert "Traceback" not in done.stderr
