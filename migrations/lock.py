"""One migrator at a time: a session-level advisory lock, held on a connection of its own.

The lock is polled. A session that waits in pg_advisory_lock holds a snapshot, and CREATE INDEX CONCURRENTLY
in the session that holds the lock would wait for it: a deadlock. The connection is in autocommit for the
same reason: it must never be in a transaction.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from nosender.errors import NosenderError

if TYPE_CHECKING:
    import psycopg

    from nosender.server.target import Target

# The first of the lock's two numbers; the second is made of the schema's name.
SPACE = 0x6E6F7365  # "nose"

_HOLDER = """
    select
        a.pid,
        coalesce(a.application_name, ''),
        coalesce(host(a.client_addr), 'the local socket'),
        to_char(a.backend_start at time zone 'utc', 'YYYY-MM-DD HH24:MI:SS') || ' UTC'
    from pg_catalog.pg_locks as l
    inner join pg_catalog.pg_stat_activity as a on l.pid = a.pid
    where
        l.locktype = 'advisory'
        and l.granted
        and l.classid = %s::oid
        and l.objid = (hashtext(%s)::bigint & 4294967295)::oid
        and l.objsubid = 2
        and l.database = (select d.oid from pg_catalog.pg_database as d where d.datname = current_database())
"""


@contextmanager
def migrator_lock(
    target: Target, *, wait: float, say: Callable[[str], None]
) -> Iterator[psycopg.Connection[Any]]:
    """Hold the lock of the target's schema; yields the connection that holds it.

    Waits up to `wait` seconds for another migrator and says who that is; NosenderError after that.
    """
    connection = target.connect("nosender migrator lock", autocommit=True)
    try:
        _acquire(connection, target, wait=wait, say=say)
        yield connection
    finally:
        connection.close()  # and with the session goes the lock


def _acquire(
    connection: psycopg.Connection[Any], target: Target, *, wait: float, say: Callable[[str], None]
) -> None:
    deadline = time.monotonic() + wait
    told = ""
    while True:
        (won,) = connection.execute(
            "select pg_try_advisory_lock(%s, hashtext(%s))", (SPACE, target.schema)
        ).fetchone() or (False,)
        if won:
            return
        holder = _holder(connection, target.schema)
        if time.monotonic() >= deadline:
            raise NosenderError(
                f"another migrator is at work on schema {target.schema}: {holder}; nothing was changed, "
                "run again when it is done"
            )
        if holder != told:
            say(f"waiting for another migrator: {holder}")
            told = holder
        time.sleep(random.uniform(0.1, 0.4))  # noqa: S311 (no secret: two waiters should not move in step)


def _holder(connection: psycopg.Connection[Any], schema: str) -> str:
    row = connection.execute(_HOLDER, (SPACE, schema)).fetchone()
    if row is None:
        return "it has just ended"
    pid, name, place, since = row
    return f"pid {pid} ({name or 'unnamed'}) from {place}, since {since}"


def refuse_pooler(lock: psycopg.Connection[Any], work: psycopg.Connection[Any]) -> None:
    """Refuse a pooler in transaction mode: it lends one server session to both, or another each time."""
    seen = [[_pid(connection) for _ in range(3)] for connection in (lock, work)]
    if len(set(seen[0])) > 1 or len(set(seen[1])) > 1 or set(seen[0]) & set(seen[1]):
        raise NosenderError(
            "the connection goes through a pooler that lends a session for one transaction only, where a "
            "migration cannot hold its lock: connect to the server itself, or to a pool in session mode"
        )


def _pid(connection: psycopg.Connection[Any]) -> int:
    row = connection.execute("select pg_backend_pid()").fetchone()
    if not connection.autocommit:
        connection.rollback()
    return int(row[0]) if row else 0
