"""Reads PostgreSQL's catalogs into an Observation: a constant number of statements, one snapshot."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from nosender.errors import IncompleteError
from nosender.schema.observe.observation import Observation
from nosender.schema.observe.read.assemble import assemble
from nosender.schema.observe.read.fast_records import undisturbed
from nosender.schema.observe.read.queries import QUESTIONS, asking

if TYPE_CHECKING:
    import psycopg

# Reading takes one core of the server, and neither workers nor compiled plans are worth their start.
_ONE_CORE = {"jit": "off", "max_parallel_workers_per_gather": "0"}


def observe(connection: "psycopg.Connection", schema: str, *, lock_timeout: int = 5000) -> Observation:
    """Read the database behind `connection`; `schema` is the one the caller is about.

    Runs in one read-only snapshot of its own; inside an open transaction, in a savepoint of that
    transaction, whose isolation is then the caller's choice. `lock_timeout` in milliseconds bounds
    the wait for a table that somebody holds under an exclusive lock; a shorter one already set is
    kept. Raises IncompleteError where anything could not be read: an Observation is always whole.
    """
    with _pinned(connection, lock_timeout), undisturbed(), asking(connection) as ask:
        answers = {name: ask(name) for name in QUESTIONS}
        return assemble(schema, answers, ask)


def pin(connection: "psycopg.Connection", lock_timeout: int) -> None:
    """For the rest of the transaction: what is stored for sessions does not show, and nothing waits long.

    Commands of ours connect with the same; this is for a connection that somebody else made.
    """
    from nosender.server.pinned_connection import PINNED

    # One statement, and no operator in it: each would be looked up in a path that may be anybody's.
    values = ", ".join(
        f"pg_catalog.set_config('{name}', '{value}', true)" for name, value in {**PINNED, **_ONE_CORE}.items()
    )
    connection.execute(f"select {values}".encode())
    # 0 means to wait for ever
    found = connection.execute(
        b"""
        select pg_catalog.set_config(
            'lock_timeout', case when s.setting::integer between 1 and $1 then s.setting else '$1' end, true
        )
        from pg_catalog.pg_settings as s where s.name = 'lock_timeout'
        union all
        -- Citus takes the shards out of what pg_class shows, and, told to, all that leans on it.
        select pg_catalog.set_config(c.name, 'off', true)
        from (values ('citus.override_table_visibility')) as c (name)
        where pg_catalog.current_setting(c.name, true) is not null
        """.replace(b"$1", b"%d" % lock_timeout)
    ).fetchall()
    if len(found) > 1:  # which not everybody may read, and so not set by a function that returns it
        connection.execute(b"set local citus.hide_citus_dependent_objects to off")


@contextmanager
def _pinned(connection: "psycopg.Connection", lock_timeout: int) -> Iterator[None]:
    """A transaction in which the session's settings do not show in what PostgreSQL writes."""
    import psycopg
    from psycopg.pq import TransactionStatus

    before = connection.isolation_level, connection.read_only
    ours = connection.info.transaction_status == TransactionStatus.IDLE
    if ours:
        connection.isolation_level, connection.read_only = psycopg.IsolationLevel.REPEATABLE_READ, True
    try:
        # rolled back, so that what is pinned does not outlive the reading in a caller's transaction
        with connection.transaction(force_rollback=True):
            pin(connection, lock_timeout)
            yield
    except psycopg.errors.LockNotAvailable as error:
        raise IncompleteError(_locked(connection)) from error
    except psycopg.errors.InsufficientPrivilege as error:
        message = error.diag.message_primary or "a catalog"
        raise IncompleteError(f"unreadable: {message}, so the schema cannot be seen whole") from error
    except (
        psycopg.errors.InternalError_,
        psycopg.errors.UndefinedObject,
        psycopg.errors.UndefinedTable,
    ) as error:
        # PostgreSQL deparses from its live caches: an object dropped meanwhile is gone from them
        raise IncompleteError(
            f"unreadable: the schema changed while it was read ({error.diag.message_primary}); run again"
        ) from error
    except (UnicodeDecodeError, psycopg.errors.CharacterNotInRepertoire) as error:
        # names of roles and databases are the cluster's, in the encoding of wherever they were given
        raise IncompleteError(
            "unreadable: a name or a comment is not written in the encoding of this database, as one that "
            "was given to a role or a database elsewhere in the cluster: find it among those of tables, "
            "roles and databases, and name it anew"
        ) from error
    except psycopg.OperationalError as error:
        # the connection ended, or a statement was cancelled
        message = (error.diag.message_primary or str(error)).strip().splitlines()[0]
        raise IncompleteError(f"unreadable: {message}") from error
    finally:
        if ours and not connection.closed:
            connection.isolation_level, connection.read_only = before


def _locked(connection: "psycopg.Connection") -> str:
    """The sentence for a lock that was not won, with the relations held where they can be told."""
    import psycopg

    query = b"""
        select distinct n.nspname::text || '.' || c.relname::text, l.pid
        from pg_catalog.pg_locks as l
        inner join pg_catalog.pg_class as c on l.relation = c.oid
        inner join pg_catalog.pg_namespace as n on c.relnamespace = n.oid
        where
            l.mode = 'AccessExclusiveLock'
            and l.granted
            and l.pid <> pg_catalog.pg_backend_pid()
            and n.nspname not in ('pg_catalog', 'pg_toast', 'information_schema')
            and c.relkind in ('r', 'p', 'm', 'v')
            and l.database = (
                select d.oid from pg_catalog.pg_database as d where d.datname = pg_catalog.current_database()
            )
        order by 1, 2
        limit 4
    """
    try:
        with connection.transaction(), psycopg.Cursor(connection) as cursor:
            held = [f"{name} (by pid {pid})" for name, pid in cursor.execute(query).fetchall()]
    except psycopg.Error:
        held = []
    what = ", ".join(held) or "a table"
    return f"unreadable: locked: {what} is held under an exclusive lock by another session; run again later"
