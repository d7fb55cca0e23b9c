"""One migrator at a time: a session-level advisory lock, held on a connection of its own.

The lock is polled. A session that waits in pg_advisory_lock holds a snapshot, and CREATE INDEX CONCURRENTLY
in the session that holds the lock would wait for it: a deadlock. The connection is in autocommit for the
same reason: it must never be in a transaction.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import psycopg

from nosender.errors import NosenderError

# The first of the lock's two numbers; the second is made of the schema's name.
SPACE = 0x6E6F7365  # "nose"

_HOLDER = """
    select
        a.pid,
        coalesce(a.application_name, ''),
        coalesce(pg_catalog.host(a.client_addr), 'the local socket'),
        pg_catalog.to_char(a.backend_start at time zone 'utc', 'YYYY-MM-DD HH24:MI:SS') || ' UTC'
    from pg_catalog.pg_locks as l
    inner join pg_catalog.pg_stat_activity as a on l.pid = a.pid
    where
        l.locktype = 'advisory'
        and l.granted
        and l.classid = %s::oid
        and l.objid = (pg_catalog.hashtext(%s)::bigint & 4294967295)::oid
        and l.objsubid = 2
        and l.database = (
            select d.oid from pg_catalog.pg_database as d where d.datname = pg_catalog.current_database()
        )
"""


@contextmanager
def migrator_lock(
    connection: psycopg.Connection, schema: str, *, wait: float, say: Callable[[str], None]
) -> Iterator[None]:
    """Hold the lock of a schema on a connection in autocommit, which does little else meanwhile.

    Waits up to `wait` seconds for another migrator and says who that is; NosenderError after that.
    """

    _acquire(connection, schema, wait=wait, say=say)
    try:
        yield
    finally:
        # the lock goes with the session, but a pool in session mode may keep that
        with suppress(psycopg.Error):
            connection.execute(
                "select pg_catalog.pg_advisory_unlock(%s, pg_catalog.hashtext(%s))", (SPACE, schema)
            )


def _acquire(connection: psycopg.Connection, schema: str, *, wait: float, say: Callable[[str], None]) -> None:
    deadline = time.monotonic() + wait
    told = ""
    while True:
        (won,) = connection.execute(
            "select pg_catalog.pg_try_advisory_lock(%s, pg_catalog.hashtext(%s))", (SPACE, schema)
        ).fetchone() or (False,)
        if won:
            return
        holder = _holder(connection, schema)
        if time.monotonic() >= deadline:
            raise NosenderError(
                f"another migrator is at work on schema {schema}: {holder}; nothing was changed, "
                "run again when it is done"
            )
        if holder != told:
            say(f"waiting for another migrator: {holder}")
            told = holder
        time.sleep(random.uniform(0.1, 0.4))  # noqa: S311 (no secret: two waiters should not move in step)


def _holder(connection: psycopg.Connection, schema: str) -> str:
    row = connection.execute(_HOLDER, (SPACE, schema)).fetchone()
    if row is None:
        return "it has just ended"
    pid, name, place, since = row
    return f"pid {pid} ({name or 'unnamed'}) from {place}, since {since}"
