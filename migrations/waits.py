"""Observes a migration from a second connection: who blocks it, and how far an index build is."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import psycopg

from nosender.terminal_text import visible

_EVERY = 0.1  # seconds between two looks

# No text of a query: it can carry a row.
_BLOCKERS = """
    select
        a.pid,
        coalesce(nullif(a.application_name, ''), 'unnamed'),
        coalesce(a.state, a.backend_type),
        extract(epoch from pg_catalog.now() - coalesce(a.xact_start, a.backend_start))::int
    from pg_catalog.unnest(pg_catalog.pg_blocking_pids(%s)) as b (pid)
    inner join pg_catalog.pg_stat_activity as a on b.pid = a.pid
    order by a.pid
"""

_PROGRESS = """
    select
        p.phase,
        case
            when p.tuples_total > 0 then p.tuples_done * 100 / p.tuples_total
            when p.blocks_total > 0 then p.blocks_done * 100 / p.blocks_total
        end,
        nullif(p.current_locker_pid, 0)
    from pg_catalog.pg_stat_progress_create_index as p
    where p.pid = %s
"""


class Watch:
    """Observes a working session through another one, which is in autocommit and does nothing else."""

    def __init__(self, connection: psycopg.Connection, pid: int, say: Callable[[str], None]) -> None:
        """`pid` is the working session's process at the server; `say` takes one line for who waits."""
        self._connection = connection
        self._pid = pid
        self._say = say
        self.last_blockers = ""

    def say(self, line: str) -> None:
        """Tell the person who waits."""
        self._say(visible(line))

    def require_lock(self) -> None:
        """Raise psycopg.OperationalError where the session that holds the migrator's lock is gone."""
        self._connection.execute("select 1")

    @contextmanager
    def blockers(self, what: str) -> Iterator[None]:
        """While the block runs, say who keeps it waiting; `last_blockers` remembers."""
        self.last_blockers = ""

        def ask() -> None:
            rows = self._connection.execute(_BLOCKERS, (self._pid,)).fetchall()
            if not rows:
                return
            who = ", ".join(
                f"pid {blocker} ({name}, {state} for {seconds} s)" for blocker, name, state, seconds in rows
            )
            if not self.last_blockers:
                self.say(f"{what}: waiting for {who}")
            self.last_blockers = who

        with self._repeating(ask):
            yield

    @contextmanager
    def progress(self, what: str) -> Iterator[None]:
        """While the block builds an index, say each phase and every tenth of it."""
        told: list[Any] = [None]

        def ask() -> None:
            row = self._connection.execute(_PROGRESS, (self._pid,)).fetchone()
            if row is None:
                return
            phase, percent, locker = row
            state = (phase, None if percent is None else percent // 10, locker)
            if state != told[0]:
                told[0] = state
                part = f", {percent} %" if percent is not None else ""
                waits = f", waiting for pid {locker}" if locker else ""
                self.say(f"{what}: {phase}{part}{waits}")

        with self._repeating(ask):
            yield

    @contextmanager
    def _repeating(self, ask: Callable[[], None]) -> Iterator[None]:
        stop = threading.Event()

        def loop() -> None:
            # a question that fails is no reason to stop a migration
            with suppress(psycopg.Error):
                while not stop.wait(_EVERY):
                    ask()

        thread = threading.Thread(target=loop, name="nosender watch", daemon=True)
        thread.start()
        try:
            yield
        finally:
            stop.set()
            thread.join()
