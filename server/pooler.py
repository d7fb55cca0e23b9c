"""Tells a session of one's own from one that a pooler lends for a transaction.

A session lock must not be taken through such a pooler: the session of the pool would keep it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import psycopg

from nosender.errors import NosenderError
from nosender.server.known_poolers import known_pooler
from nosender.server.pinned_connection import POOLED, PinnedConnection

if TYPE_CHECKING:
    from nosender.server.target import Target


def require_session(target: Target, connection: PinnedConnection, what: str) -> None:
    """NosenderError where the session is lent; `what` it is needed for. Else it keeps its settings, too."""
    if not connection.lent and _pid(connection) == connection.info.backend_pid:
        return  # a pooler names a process of its own
    with target.connect("nosender pooler test", autocommit=True) as other:
        require_sessions(connection, other, what)


def require_sessions(
    first: PinnedConnection, second: PinnedConnection, what: str = "this command"
) -> tuple[int, int]:
    """The process ids of both sessions at the server; NosenderError where a pooler lends them.

    A pool in transaction mode gives both connections one server session, or each another one for each
    transaction. It must be told before a lock is taken.
    """
    try:
        pids = _pid(first), _pid(second)
        if pids == (first.info.backend_pid, second.info.backend_pid) and pids[0] != pids[1]:
            lent = False
        else:
            # Each is lent a session, and what comes back first is lent first, or last: both orders show it.
            lent = pids[0] == pids[1] or any(
                pids != _lent(first, second, ends_first) for ends_first in (first, second) for _ in range(2)
            )
    except psycopg.errors.ProtocolViolation:
        lent = True  # what a pool in statement mode says to BEGIN
    if lent:
        known = known_pooler(first.info.host, str(first.info.port))
        raise NosenderError(POOLED.format(what=what) + (f"; {known}" if known else ""))
    for each in (first, second):
        each.keep()
    return pids


def _lent(first: PinnedConnection, second: PinnedConnection, ends_first: PinnedConnection) -> tuple[int, int]:
    """The process ids, in two transactions at a time, of which the one of `ends_first` ends first."""
    ends_last = second if ends_first is first else first
    with ends_last.transaction(), ends_first.transaction():
        return _pid(first), _pid(second)


def _pid(connection: PinnedConnection) -> int:
    """The server's process; nothing is prepared in a session that may be another's."""
    with connection.transaction():
        row = connection.execute("select pg_catalog.pg_backend_pid()", prepare=False).fetchone()
    return int(row[0]) if row else 0
