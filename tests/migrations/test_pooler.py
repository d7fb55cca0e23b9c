"""A real PgBouncer between the migrator and the server, in each of its three modes."""

from __future__ import annotations

from pathlib import Path

import psycopg
import pytest

from nosender.errors import NosenderError
from nosender.migrations import runner
from nosender.migrations.apply import Patience
from nosender.migrations.lock import SPACE
from nosender.privacy_audit.runner import run as audit
from nosender.privacy_audit.snapshot.probes.second_session import SecondSession
from nosender.retention.status import read_status
from nosender.server.pooler import require_sessions
from nosender.server.target import Target

from ..pool import Pool, needs_pgbouncer
from .extra import add
from .test_interruptions import exists

pytestmark = needs_pgbouncer


@pytest.mark.parametrize("settings", [{}, {"server_round_robin": 1}, {"default_pool_size": 1}], ids=str)
def test_transaction_mode_is_refused_before_the_lock_is_taken(
    database: str, pool: Pool, settings: dict[str, object]
) -> None:
    through = pool("transaction", **settings)
    for _ in range(3):
        with pytest.raises(NosenderError, match="a pooler that lends a session for one transaction only"):
            runner.upgrade(Target(through))
    assert not exists(database, "users")
    with psycopg.connect(database) as connection:
        held = "select count(*) from pg_locks where locktype = 'advisory' and classid = %s"
        assert connection.execute(held, (SPACE,)).fetchone() == (0,)
    assert runner.upgrade(Target(database), options=runner.Options(lock_wait=0)).applied


@pytest.mark.parametrize("robin", [0, 1])
def test_a_busy_pool_in_transaction_mode_is_refused(pool: Pool, robin: int) -> None:
    """Sessions of others are lent and come back in between, so that one's own may seem to stay."""
    target = Target(pool("transaction", server_round_robin=robin))
    others = [psycopg.connect(target.conninfo, autocommit=True) for _ in range(6)]
    for other in others:
        other.execute("begin")
    for other in others[::2]:
        other.execute("commit")
    with (
        target.connect("one", autocommit=True) as guard,
        target.connect("two") as work,
        pytest.raises(NosenderError, match="a pooler"),
    ):
        require_sessions(guard, work)
    for other in others:
        other.close()


@pytest.mark.parametrize("mode", ["session", "transaction"])
def test_an_audit_waits_for_no_second_session_of_a_pool(pool: Pool, mode: str) -> None:
    """Where the pool has one, PgBouncer would let the second wait for two minutes."""
    target = Target(pool(mode, default_pool_size=1))
    with target.connect("nosender test", reading=True) as connection, connection.transaction():
        assert SecondSession(target, connection, 50)._snapshot is None


def test_statement_mode_is_refused(database: str, pool: Pool) -> None:
    with pytest.raises(NosenderError, match="a pooler that lends a session for one transaction only"):
        runner.upgrade(Target(pool("statement")))
    assert not exists(database, "users")


@pytest.mark.parametrize("settings", [{}, {"ignore_startup_parameters": "options"}], ids=str)
def test_session_mode_works(database: str, pool: Pool, versions: Path, settings: dict[str, object]) -> None:
    target = Target(pool("session", **settings))
    said: list[str] = []
    patience = Patience(lock=0.2, attempts=2, pause=0.01)
    options = runner.Options(versions=versions, patience=patience, say=said.append)
    with target.connect("nosender test") as connection:
        assert connection.execute("show timezone").fetchone() == ("UTC",)
    assert runner.upgrade(target).loaded
    assert runner.check(target)[1] == ()
    step = "\n-- step: an index\ncreate index concurrently if not exists more on messages (id);\n"
    add(versions, "0900", step, transactional=False)
    add(versions, "0901", "alter table messages add column more text;\n")
    with psycopg.connect(database, application_name="a report") as reader:
        reader.execute("lock table messages in access share mode")
        with pytest.raises(NosenderError, match=r"0901: the lock was not won .* \(a report, idle in trans"):
            runner.upgrade(target, options=options)
    assert runner.upgrade(target, options=options).applied == ("0901",)
    with psycopg.connect(database) as connection:  # the sessions of the pool keep no lock
        held = "select count(*) from pg_locks where locktype = 'advisory' and classid = %s"
        assert connection.execute(held, (SPACE,)).fetchone() == (0,)


def test_where_the_database_stands_can_be_asked_through_a_pool(database: str, pool: Pool) -> None:
    runner.upgrade(Target(database))
    assert runner.current(Target(pool("transaction"))).pending == ()


def test_an_audit_goes_through_a_pool_that_lends_a_session_for_a_transaction(
    database: str, pool: Pool
) -> None:
    runner.upgrade(Target(database))
    through = audit(Target(pool("transaction", server_round_robin=1)))
    assert {each.check for each in through.findings} == {
        each.check for each in audit(Target(database)).findings
    }
    assert read_status(Target(pool("transaction"))).ledger_length == 0


def test_a_pool_that_takes_no_transaction_is_refused(pool: Pool) -> None:
    with pytest.raises(NosenderError, match="a pooler that lends"):
        runner.current(Target(pool("statement")))
