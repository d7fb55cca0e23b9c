"""Starts commands of ours from a Python that has imported them already, which is half a second cheaper each.

What runs is still a process of its own: forked, with its own words, environment, folder, streams and end.
"""

from __future__ import annotations

import atexit
import gc
import importlib
import json
import os
import pkgutil
import runpy
import socket
import subprocess
import sys
import threading
from collections.abc import Mapping
from contextlib import ExitStack, suppress
from functools import cache
from pathlib import Path
from tempfile import TemporaryFile
from typing import NoReturn

AT_START = ("PYTHON", "LC_", "LANG", "TZ")
"""Variables that are read as a Python starts."""


def at_start(env: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in env.items() if name.startswith(AT_START)}


class WarmPython:
    """A Python that waits with our modules imported; it ends when this process does.

    Which modules those are, PYTHONPATH says: those of another checkout are the ones that it had at the start.
    """

    def __init__(self, env: Mapping[str, str]) -> None:
        self._variables = at_start(env)
        self._door, its = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with its:
            command = [sys.executable, __file__, str(its.fileno())]
            null = subprocess.DEVNULL
            self._process = subprocess.Popen(
                command, pass_fds=[its.fileno()], stdin=null, stdout=null, env=dict(env)
            )

    def suits(self, env: Mapping[str, str]) -> bool:
        """Whether a start with this environment would be like this one's."""
        return at_start(env) == self._variables

    def run(
        self, module: str, *words: str, cwd: Path, env: Mapping[str, str]
    ) -> subprocess.CompletedProcess[str]:
        """What subprocess.run answers to `python -m MODULE WORDS` with the output captured as text."""
        with ExitStack() as stack:
            ours, its = (stack.enter_context(end) for end in socket.socketpair())
            out, err = (stack.enter_context(TemporaryFile("w+", encoding="utf-8")) for _ in range(2))
            asked = json.dumps([module, *words, str(cwd), dict(env)]).encode()
            socket.send_fds(self._door, [asked], [its.fileno(), out.fileno(), err.fileno()])
            its.close()
            code = int(ours.makefile().read())
            texts = [(file.seek(0), file.read())[1] for file in (out, err)]
            return subprocess.CompletedProcess([module, *words], code, *texts)


@cache
def warm_python() -> WarmPython:
    """The one of this process, started at first use."""
    return WarmPython(os.environ)


def _import_ours() -> None:
    import nosender
    from nosender.privacy_audit.check import discover

    for found in pkgutil.walk_packages(nosender.__path__, "nosender."):
        if found.name.rpartition(".")[2] not in ("__main__", "env"):  # which run as they are imported
            importlib.import_module(found.name)
    discover()
    for lazily in ("psycopg", "alembic.command", "alembic.config", "sqlalchemy.dialects.postgresql.psycopg"):
        importlib.import_module(lazily)


def _next_command(door: socket.socket) -> tuple[str, ...]:
    """Fork at each request; return in the process that is to be the command, with its words."""
    while True:
        message, passed, _, _ = socket.recv_fds(door, 1 << 20, 3)
        if not message:  # whoever asked has ended
            os._exit(0)
        reply, out, err = passed
        with suppress(ChildProcessError):
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        if os.fork() == 0:  # somebody who waits for it, so that requests may overlap
            command = os.fork()
            if command:
                code = os.waitstatus_to_exitcode(os.waitpid(command, 0)[1])
                os.write(reply, str(code).encode())
                os._exit(0)
            module, *words, cwd, env = json.loads(message)
            for stream, number in ((out, 1), (err, 2)):
                os.dup2(stream, number)
            for descriptor in (reply, out, err, door.fileno()):
                os.close(descriptor)
            os.environ.clear()
            os.environ.update(env)
            os.chdir(cwd)
            sys.path[0] = cwd
            return module, *words
        for descriptor in (reply, out, err):
            os.close(descriptor)


def _end(code: int) -> NoReturn:
    """What Python does at its end, without taking apart each module: that writes to all memory it shares."""
    threading._shutdown()  # type: ignore[attr-defined]
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code & 0xFF)


if __name__ == "__main__":
    _import_ours()
    gc.freeze()
    sys.argv = list(_next_command(socket.socket(fileno=int(sys.argv[1]))))
    try:
        runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
    except SystemExit as end:
        if not isinstance(end.code, int | None):
            raise
        _end(end.code or 0)
    _end(0)
