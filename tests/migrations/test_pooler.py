"""A real PgBouncer between the migrator and the server, in each of its three modes."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict

from nosender.errors import NosenderError
from nosender.migrations import runner
from nosender.migrations.apply import Patience
from nosender.migrations.lock import SPACE, refuse_pooler
from nosender.server.os_account import server_account
from nosender.server.target import Target

from .extra import add
from .test_interruptions import exists, wait_until

PROGRAM = shutil.which("pgbouncer", path=f"{os.environ.get('PATH', '')}:/usr/sbin")

Pool = Callable[..., str]

pytestmark = pytest.mark.skipif(PROGRAM is None, reason="needs PgBouncer: apt-get install pgbouncer")


@pytest.fixture
def pool(database: str) -> Iterator[Pool]:
    """Starts a PgBouncer in front of the test's database; returns the conninfo that leads through it."""
    running: list[subprocess.Popen[bytes]] = []
    given = conninfo_to_dict(database)
    folder = Path(tempfile.mkdtemp(prefix="nosender-pool-", dir="/tmp"))  # short, for the path of a socket
    account = server_account()
    who = {} if account is None else {"user": account[0], "group": account[1], "extra_groups": []}
    if account is not None:
        os.chown(folder, *account)

    def start(mode: str, **settings: object) -> str:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        lines = {
            "pool_mode": mode, "listen_addr": "", "listen_port": port, "unix_socket_dir": folder,
            "auth_type": "any", "pidfile": folder / "pid", "logfile": folder / "log", **settings,
        }  # fmt: skip
        text = "\n".join(f"{name} = {value}" for name, value in lines.items())
        name = given["dbname"]
        (folder / "ini").write_text(
            f"[databases]\n{name} = host={given['host']} dbname={name} user=postgres\n[pgbouncer]\n{text}\n"
        )
        running.append(subprocess.Popen([str(PROGRAM), "-q", str(folder / "ini")], **who))  # type: ignore[call-overload]
        wait_until(lambda: (folder / f".s.PGSQL.{port}").exists())
        return f"postgresql://postgres@/{name}?host={folder}&port={port}"

    yield start
    for process in running:
        process.terminate()
        process.wait()
    shutil.rmtree(folder)


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
        refuse_pooler(guard, work)
    for other in others:
        other.close()


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


@pytest.mark.parametrize("mode", ["transaction", "statement"])
def test_where_the_database_stands_can_be_asked_through_any_pool(
    database: str, pool: Pool, mode: str
) -> None:
    runner.upgrade(Target(database))
    assert runner.current(Target(pool(mode))).pending == ()
