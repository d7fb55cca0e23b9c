"""Half of the probes in a session of its own, as `pg_dump --jobs` reads: at once, in the same snapshot."""

from __future__ import annotations

from collections.abc import Callable, Collection
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import TYPE_CHECKING

from nosender.errors import NosenderError
from nosender.privacy_audit.snapshot.snapshot import Row, Unseen

if TYPE_CHECKING:
    import psycopg

    from nosender.server.pinned_connection import PinnedConnection
    from nosender.server.target import Target

Answers = dict[str, tuple[Row, ...] | Unseen]

HALF = frozenset({"audit_content", "audit_identifiers"})
"""Which take as long as all the others together: measured on the demo's database."""


class SecondSession:
    """A session beside the audit's own, which looks at the same snapshot, where one can be had."""

    def __init__(self, target: Target | None, connection: psycopg.Connection, lock_timeout: int) -> None:
        """For the transaction of `connection`, outside of any savepoint; without a target there is none."""
        self._target = target
        self._lock_timeout = lock_timeout
        self._snapshot = _exported(connection) if target is not None else None
        self._connection: PinnedConnection | None = None
        self._over = False

    def share(
        self,
        connection: psycopg.Connection,
        names: Collection[str],
        asking: Callable[[psycopg.Connection, Collection[str]], Answers],
    ) -> Answers:
        """What `asking` answers of all names, half of them in the second session.

        Without one, as where the server has no connection left, all are asked in the first.
        """
        half = [name for name in names if name in HALF]
        if self._snapshot is None or not half or len(half) == len(names):
            return asking(connection, names)
        with ThreadPoolExecutor(max_workers=1) as thread:
            other = thread.submit(self._ask, half, asking)
            try:
                answers = asking(connection, [name for name in names if name not in HALF])
                beside = other.result()
            except BaseException:
                self._cancel()
                raise
        return answers | (beside if beside is not None else asking(connection, half))

    def _ask(
        self,
        names: Collection[str],
        asking: Callable[[psycopg.Connection, Collection[str]], Answers],
    ) -> Answers | None:
        """The answers, or None where there is no session in which that snapshot can be had."""
        import psycopg

        from nosender.privacy_audit.snapshot.probes.reading import pinned
        from nosender.schema.observe.read.session import pin

        if self._target is None or self._snapshot is None:
            return None
        try:
            with self._target.connect("nosender audit", reading=True) as connection:
                self._connection = connection
                connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
                connection.read_only = True
                connection.import_snapshot(self._snapshot)
                with connection.transaction():
                    pin(connection, self._lock_timeout)
                    with pinned(connection):
                        return None if self._over else asking(connection, names)
        except (NosenderError, psycopg.Error):
            return None

    def _cancel(self) -> None:
        """End what the second session still asks: nobody waits for it."""
        import psycopg

        self._over = True
        if self._connection is not None:
            with suppress(psycopg.Error):
                self._connection.cancel_safe(timeout=5)


def _exported(connection: psycopg.Connection) -> str | None:
    """The name of the transaction's snapshot, for another session; None where this role may not tell it, or
    where a pooler stands before the server: it may have no session left, and have us wait minutes for one.
    """
    import psycopg

    try:
        with connection.transaction():
            found = connection.execute(
                b"select pg_catalog.has_function_privilege('pg_catalog.pg_export_snapshot()', 'execute'),"
                b" pg_catalog.pg_backend_pid()"
            ).fetchone()
    except psycopg.Error:
        return None
    # a pooler names a process of its own
    if found is None or not found[0] or found[1] != connection.info.backend_pid:
        return None
    row = connection.execute(b"select pg_catalog.pg_export_snapshot()").fetchone()
    return str(row[0]) if row is not None else None
