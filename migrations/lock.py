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
    connection: psycopg.Connection, schema: str, *, wait: float, say: Callable[[str], None]
) -> Iterator[None]:
    """Hold the lock of a schema on a connection in autocommit, which does little else meanwhile.

    Waits up to `wait` seconds for another migrator and says who that is; NosenderError after that.
    """

    # whatever stands before PostgreSQL's own functions in the role's path; and the lock outlasts long work
    connection.execute("set search_path to pg_catalog, pg_temp; set idle_session_timeout to 0")
    _acquire(connection, schema, wait=wait, say=say)
    try:
        yield
    finally:
        # the lock goes with the session, but a pool in session mode may keep that
        with suppress(psycopg.Error):
            connection.execute("select pg_advisory_unlock(%s, hashtext(%s))", (SPACE, schema))


def _acquire(connection: psycopg.Connection, schema: str, *, wait: float, say: Callable[[str], None]) -> None:
    deadline = time.monotonic() + wait
    told = ""
    while True:
        (won,) = connection.execute(
            "select pg_try_advisory_lock(%s, hashtext(%s))", (SPACE, schema)
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


def refuse_pooler(guard: psycopg.Connection, work: psycopg.Connection) -> tuple[int, int]:
    """The process ids of both sessions at the server; NosenderError where a pooler lends them.

    A pool in transaction mode gives both connections one server session, or each another one for each
    transaction. It must be told before the lock is taken: a session of the pool would keep that for ever.
    """

    try:
        pids = _pid(guard), _pid(work)
        if pids == (guard.info.backend_pid, work.info.backend_pid) and pids[0] != pids[1]:
            return pids  # a pooler names a process of its own
        # Each is lent a session, and what comes back first is lent first, or last: both orders show it.
        lent = pids[0] == pids[1] or any(
            pids != _lent(guard, work, first) for first in (guard, work) for _ in range(2)
        )
    except psycopg.errors.ProtocolViolation:
        lent = True  # what a pool in statement mode says to BEGIN
    if lent:
        raise NosenderError(
            "the connection goes through a pooler that lends a session for one transaction only, where a "
            "migration cannot hold its lock: connect to the server itself, or to a pool in session mode"
        )
    return pids


def _lent(guard: psycopg.Connection, work: psycopg.Connection, first: psycopg.Connection) -> tuple[int, int]:
    """The process ids, in two transactions at a time, of which the one of `first` ends first."""
    second = work if first is guard else guard
    with second.transaction(), first.transaction():
        return _pid(guard), _pid(work)


def _pid(connection: psycopg.Connection) -> int:
    """The server's process; nothing is prepared in a session that may be another's."""
    with connection.transaction():
        row = connection.execute("select pg_catalog.pg_backend_pid()", prepare=False).fetchone()
    return int(row[0]) if row else 0
