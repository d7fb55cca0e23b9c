"""The servers that this process started, and how to be sure that a session is on one of them.

libpq fills what a connection string leaves open from the environment and from service files, and a service
can be named by the environment alone. A session on a server of ours is opened without either, and the server
says the name that it was given at its start, which is drawn at random: every role may ask for it.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from threading import RLock

_running: dict[str, str] = {}
_environment = RLock()

PORT = "5432"
"""Part of the name of the socket; nothing listens on the network."""


def register(folder: Path) -> None:
    """Remember a server by the folder of its socket, whose name is also the cluster's."""
    _running[str(folder)] = folder.name


def forget(folder: Path) -> None:
    """The server has ended."""
    _running.pop(str(folder), None)


def cluster_name(parameters: Mapping[str, str]) -> str | None:
    """The name of the server of ours that these parameters lead to; None for any other server."""
    return _running.get(parameters.get("host", ""))


@contextmanager
def libpq_environment(*, ours: bool) -> Iterator[None]:
    """Hold the environment still while libpq reads it; for a server of `ours` without libpq's variables."""
    with _environment:
        hidden = [name for name in os.environ if name.startswith("PG")] if ours else []
        kept = {name: os.environ.pop(name) for name in hidden}
        try:
            yield
        finally:
            os.environ.update(kept)


def clean_environment() -> dict[str, str]:
    """What a program that we start gets: neither libpq's variables nor a language in which to complain."""
    hidden = ("PG", "LC_", "LANG")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(hidden)}
    return {**kept, "LC_ALL": "C", "TZ": "UTC"}
