"""Whatever somebody holds under an exclusive lock, no command waits for it longer than its lock_timeout."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict

from nosender.errors import NosenderError
from nosender.migrations import runner
from nosender.privacy_audit.finding import Outcome
from nosender.retention.sweep import FAST, sweep
from nosender.server.embedded import EmbeddedServer
from nosender.server.pinned_connection import LIMITS, READING_LIMITS, startup_options
from nosender.server.target import Target
from nosender.traffic.fill import fill

from .conftest import clone
from .test_planted import COMMANDS

READING = ("current", "check", "audit", "status", "plan", "verify", "measures", "db plan")
HELD = (
    "theirs.notes",
    "theirs.more",
    "theirs.seen",
    "public.messages",
    "public.retention_runs",
    "public.alembic_version",
    "public.migration_journal",
    "pg_catalog.pg_description",
    "pg_catalog.pg_trigger",
    "pg_catalog.pg_depend",
    "pg_catalog.pg_constraint",
)


@pytest.fixture(scope="module")
def template(any_server: EmbeddedServer) -> Iterator[str]:
    """The name of a database with everything in its place, and a table and a view of somebody's."""
    with clone(any_server) as conninfo:
        target = Target(conninfo)
        runner.upgrade(target)
        fill(target, 5, 20, seed=1)
        sweep(target, pace=FAST)
        with psycopg.connect(conninfo, autocommit=True) as admin:
            admin.execute(
                """
                create schema theirs;
                create table theirs.notes (note text);
                create table theirs.more (note text);
                insert into theirs.more select '+1555000' || n from generate_series(1000, 1100) as n;
                create view theirs.seen as select note from theirs.notes
                """
            )
        yield str(conninfo_to_dict(conninfo)["dbname"])


@pytest.fixture
def target(any_server: EmbeddedServer, template: str) -> Iterator[Target]:
    """One like it, of this test's own."""
    with clone(any_server, template) as conninfo:
        # as short as a user can make it; what a command sets itself is longer by nothing
        yield Target(f"{conninfo}&options=-c%20lock_timeout%3D60ms")


@pytest.mark.parametrize("held", HELD)
def test_a_lock_stalls_no_command(target: Target, held: str) -> None:
    """Each ends by itself while the lock is held: with an answer, or with one sentence."""
    told: dict[str, str] = {}
    with psycopg.connect(target.conninfo, options="") as holder, ThreadPoolExecutor(1) as pool:
        holder.execute(f"lock table {held} in access exclusive mode".encode())
        try:
            for command in READING:
                future = pool.submit(COMMANDS[command], target)
                try:
                    future.result(timeout=90)
                except (NosenderError, psycopg.errors.LockNotAvailable) as error:
                    told[command] = str(error)  # of the latter the command line makes one sentence
        finally:
            holder.rollback()
    if held == "theirs.notes":  # a view stands on it, and cannot be written down without it
        assert f"locked: {held} (by pid" in told["check"]
        assert not set(told) & {"current", "status", "plan", "verify", "measures"}
    if held == "theirs.more":
        assert told == {}


def test_every_session_of_ours_has_a_limit() -> None:
    assert LIMITS["lock_timeout"] not in ("0", "")
    assert READING_LIMITS["statement_timeout"] not in ("0", "")
    for reading in (True, False):
        assert "-c lock_timeout=5s" in startup_options("", reading=reading)


def test_what_an_audit_could_not_read_is_told(target: Target) -> None:
    with psycopg.connect(target.conninfo, options="") as holder:
        holder.execute("lock table theirs.more in access exclusive mode")
        result = COMMANDS["audit"](target)
        holder.rollback()
    unseen = [each.check.slug for each in result.checks if each.outcome is Outcome.NOT_TESTED]  # type: ignore[attr-defined]
    assert "matching-value" in unseen
