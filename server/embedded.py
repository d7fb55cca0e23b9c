"""Starts a PostgreSQL of our own for one command or one test run, and leaves nothing behind.

It works for an ordinary account and for root. PostgreSQL refuses to run as root, so as root the
server runs under an account that exists already (`postgres`, else `nobody`): no account is created
and no folder that is not ours changes its permissions. Where that account cannot reach the binaries,
because they lie in somebody's closed home, they are copied once to a folder of ours.

The server listens on a socket in a folder that only its account may enter, never on the network.
"""

from __future__ import annotations

import atexit
import contextlib
import ctypes
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from queue import Queue
from types import TracebackType
from typing import Any
from urllib.parse import quote, urlencode

from nosender.errors import NosenderError, UsageError
from nosender.server.binaries import Binaries, find_binaries
from nosender.server.os_account import reachable, server_account
from nosender.server.own_server import PORT, clean_environment, forget, register
from nosender.server.program_failures import program_cause

SAFE_SETTINGS: Mapping[str, str] = {
    "TimeZone": "UTC",
    "log_timezone": "UTC",
    "log_statement": "none",
    "log_min_error_statement": "panic",  # else a failing statement is logged with its values
    "log_error_verbosity": "terse",  # else a duplicate key is logged with the key
    "log_parameter_max_length": "0",
    "log_parameter_max_length_on_error": "0",
    "log_connections": "off",
    "track_commit_timestamp": "off",
}
"""The values under which the server's log holds no content of a row; docs/dba.md explains each."""

THROW_AWAY_SETTINGS: Mapping[str, str] = {
    # Nothing here outlives the command, so nothing has to survive a crash of the machine.
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    # What asks a catalogue is compiled in a tenth of a second and more, and then run once over a few rows.
    "jit": "off",
}

_PREFIX = "nosender-pg-"
_START_SECONDS = 60.0
_STOP_SECONDS = 10.0
_ROOM = 1 << 30  # bytes free in memory before a cluster is put there; an empty one takes 40 MB


class EmbeddedServer:
    """A running PostgreSQL; a context manager that stops it and removes what it made.

    With `directory` the data stay there, durable, and a later start finds them again.
    """

    def __init__(
        self,
        binaries: Binaries | None = None,
        *,
        directory: Path | None = None,
        settings: Mapping[str, str] | None = None,
    ) -> None:
        self.account = server_account()
        self.binaries = reachable(binaries or find_binaries(), self.account)
        self.kept = directory is not None
        base = _roomy_folder()
        _remove_leftovers(base)
        # Short on purpose: the path of a socket may have about a hundred bytes.
        self.directory = Path(tempfile.mkdtemp(prefix=f"{_PREFIX}{os.getpid()}-", dir=base))
        self.data_directory = directory.resolve() if directory else self.directory / "data"
        self._settings = {**SAFE_SETTINGS, **({} if self.kept else THROW_AWAY_SETTINGS), **(settings or {})}
        self._process: subprocess.Popen[bytes] | None = None
        self._ended = threading.Event()
        atexit.register(self.stop)  # before anything starts: an interrupt must find it registered
        try:
            self._own(self.directory)
            self._prepare_data()
            self._start()
            register(self.directory)
        except BaseException:
            self.stop()
            raise

    @property
    def pid(self) -> int:
        """The process id of the server's first process."""
        if self._process is None:
            raise NosenderError("the embedded server is stopped")
        return self._process.pid

    @property
    def log(self) -> Path:
        """The file that the server logs to."""
        return self.directory / "log"

    def conninfo(self, dbname: str = "postgres") -> str:
        """A connection URI for one of its databases, as its superuser, which leaves nothing open."""
        given = {
            "host": str(self.directory), "hostaddr": "", "port": PORT, "user": "postgres", "password": "",
            "passfile": str(self.directory / "no-passwords"), "options": "", "requirepeer": "",
            "sslmode": "disable", "gssencmode": "disable", "channel_binding": "disable",
            "target_session_attrs": "any",
        }  # fmt: skip
        return f"postgresql:///{quote(dbname, safe='')}?" + urlencode(given, quote_via=quote)

    def crash(self) -> None:
        """Stop as a crash would, without a checkpoint, and start again on the same data."""
        if self._process is not None:
            self._process.send_signal(signal.SIGQUIT)
            self._process.wait()
        self._ended.set()
        self._start()

    def stop(self) -> None:
        """Stop the server and remove what is not to be kept; harmless when called twice."""
        atexit.unregister(self.stop)
        if self._process is not None:
            _end(self._process)
            self._process = None
        self._ended.set()
        forget(self.directory)
        shutil.rmtree(self.directory, ignore_errors=True)

    def __enter__(self) -> EmbeddedServer:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _prepare_data(self) -> None:
        version_file = self.data_directory / "PG_VERSION"
        if version_file.exists():
            found = version_file.read_text().strip()
            if found != str(self.binaries.major):
                raise UsageError(
                    f"{self.data_directory} holds the data of PostgreSQL {found}, but the server found here "
                    f"is {self.binaries.version}; set NOSENDER_PG_BIN to the programs of PostgreSQL {found}"
                )
            return
        if self.kept:
            try:
                self.data_directory.mkdir(mode=0o700, parents=True, exist_ok=True)
                if any(self.data_directory.iterdir()):
                    raise UsageError(f"{self.data_directory} is not empty and holds no PostgreSQL data")
            except OSError as error:
                raise UsageError(
                    f"{self.data_directory} cannot hold a database: {error.strerror or error}"
                ) from None
            self._own(self.data_directory)
        locale = ["--no-locale"]  # whatever the caller's locale is, and whether or not it exists here
        if self.binaries.major >= 17:
            locale += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        answer = subprocess.run(
            [
                *(
                    self.binaries.program("initdb"),
                    "-D",
                    self.data_directory,
                    "-U",
                    "postgres",
                    "-A",
                    "trust",
                ),
                *("-E", "UTF8", *locale, "--no-instructions", *([] if self.kept else ["--no-sync"])),
            ],
            capture_output=True,
            text=True,
            check=False,
            stdin=subprocess.DEVNULL,
            **self._process_options(),
        )
        if answer.returncode != 0:
            reason = program_cause(answer.stderr or answer.stdout)
            raise NosenderError(f"initdb could not make a database in {self.data_directory}: {reason}")

    def _start(self) -> None:
        settings = {
            "listen_addresses": "",
            "cluster_name": self.directory.name,
            "port": PORT,  # whatever stands in the files of a kept folder
            "unix_socket_directories": str(self.directory),
            **self._settings,
        }
        options = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
        before = len(self.log.read_text(errors="replace")) if self.log.exists() else 0
        self._process = self._keep([self.binaries.program("postgres"), "-D", self.data_directory, *options])
        deadline = time.monotonic() + _START_SECONDS
        while not self._is_ready():
            if self._process.poll() is not None or time.monotonic() > deadline:
                reason = program_cause(self.log.read_text(errors="replace")[before:])
                raise NosenderError(
                    f"the embedded PostgreSQL {self.binaries.version} did not start: {reason}"
                )
            time.sleep(0.005)

    def _keep(self, command: list[Any]) -> subprocess.Popen[bytes]:
        """Start the server from a thread of its own, which lives until it is stopped.

        Linux takes the death of the thread that forked for the death of the parent, and the caller's may
        end long before our process does.
        """
        made: Queue[subprocess.Popen[bytes] | OSError] = Queue()
        ended = self._ended = threading.Event()

        def keep() -> None:
            with self.log.open("ab") as log:
                try:
                    process = subprocess.Popen(
                        command,
                        stdin=subprocess.DEVNULL,
                        stdout=log,
                        stderr=log,
                        # A session of its own: Ctrl-C is for our command, which then stops the server.
                        start_new_session=True,
                        preexec_fn=_die_with_parent,
                        **self._process_options(),
                    )
                except OSError as error:
                    made.put(error)
                    return
            made.put(process)
            ended.wait()

        threading.Thread(target=keep, name="nosender-server", daemon=True).start()
        process = made.get()
        if isinstance(process, OSError):
            raise NosenderError(f"the embedded PostgreSQL cannot be run: {process.strerror or process}")
        return process

    def _is_ready(self) -> bool:
        """Line 8 of postmaster.pid says it; line 1 must be the process started now, not a crashed one."""
        try:
            lines = (self.data_directory / "postmaster.pid").read_text().splitlines()
        except OSError:
            return False
        return len(lines) >= 8 and lines[0].strip() == str(self.pid) and lines[7].strip() == "ready"

    def _own(self, folder: Path) -> None:
        if self.account:
            os.chown(folder, *self.account)

    def _process_options(self) -> dict[str, Any]:
        options: dict[str, Any] = {"env": clean_environment(), "cwd": self.directory}
        if self.account:
            options |= {"user": self.account[0], "group": self.account[1], "extra_groups": []}
        return options


def _roomy_folder() -> str:
    """Memory, where there is enough of it; else the folder for temporary files with the shortest path."""
    shared_memory = "/dev/shm"  # noqa: S108  # only a folder of our own is made in it, by mkdtemp
    with contextlib.suppress(OSError):
        if os.access(shared_memory, os.W_OK) and shutil.disk_usage(shared_memory).free > _ROOM:
            return shared_memory
    return "/tmp" if os.name == "posix" else tempfile.gettempdir()  # noqa: S108  # the same


def _remove_leftovers(base: str) -> None:
    """Remove the folders of processes of ours that were killed: their servers died with them."""
    for folder in Path(base).glob(f"{_PREFIX}*"):
        maker = folder.name.removeprefix(_PREFIX).partition("-")[0]
        if folder.is_symlink() or not maker.isdigit() or _is_alive(int(maker)):
            continue
        with contextlib.suppress(OSError, ValueError, IndexError):
            if _is_alive(int((folder / "data" / "postmaster.pid").read_text().split()[0])):
                continue  # its server is still shutting down
        shutil.rmtree(folder, ignore_errors=True)


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True


def _die_with_parent() -> None:
    """Have Linux shut the server down when our process dies, however it dies."""
    if sys.platform == "linux":
        pr_set_pdeathsig = 1
        ctypes.CDLL(None).prctl(pr_set_pdeathsig, signal.SIGINT)


def _end(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        process.send_signal(signal.SIGINT)  # "fast": disconnects the clients, then shuts down cleanly
        try:
            process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGQUIT)
            process.wait()
