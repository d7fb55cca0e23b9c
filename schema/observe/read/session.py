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

# What a session can set that would change how PostgreSQL writes an expression down.
PINNED = {
    "search_path": "",
    "quote_all_identifiers": "off",
    "datestyle": "ISO, MDY",
    "intervalstyle": "postgres",
    "timezone": "UTC",
    "bytea_output": "hex",
    "extra_float_digits": "1",
    "lc_monetary": "C",
    "row_security": "off",
    # Reading takes one core of the server, and neither workers nor compiled plans are worth their start.
    "jit": "off",
    "max_parallel_workers_per_gather": "0",
}


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


@contextmanager
def _pinned(connection: "psycopg.Connection", lock_timeout: int) -> Iterator[None]:
    """A transaction in which the session's settings do not show in what PostgreSQL writes."""
    import psycopg
    from psycopg.pq import TransactionStatus

    ours = connection.info.transaction_status == TransactionStatus.IDLE
    values = ", ".join(f"pg_catalog.set_config('{name}', '{value}', true)" for name, value in PINNED.items())
    # 0 means to wait for ever
    shorter = (
        f"case when s.setting::int between 1 and {lock_timeout:d} then s.setting else '{lock_timeout:d}' end"
    )
    pin = (  # names and values of our own, and a number
        f"select pg_catalog.set_config('lock_timeout', {shorter}, true), {values}"  # noqa: S608
        " from pg_catalog.pg_settings as s where s.name = 'lock_timeout'"
    )
    try:
        # rolled back, so that what is pinned does not outlive the reading in a caller's transaction
        with connection.transaction(force_rollback=True):
            isolation = "set transaction isolation level repeatable read, read only; " if ours else ""
            connection.execute((isolation + pin).encode())
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
    except psycopg.OperationalError as error:
        # the connection ended, or a statement was cancelled
        message = (error.diag.message_primary or str(error)).strip().splitlines()[0]
        raise IncompleteError(f"unreadable: {message}") from error


def _locked(connection: "psycopg.Connection") -> str:
    """The sentence for a lock that was not won, with the relations held where they can be told."""
    import psycopg

    query = b"""
        select distinct n.nspname || '.' || c.relname, l.pid
        from pg_catalog.pg_locks as l
        inner join pg_catalog.pg_class as c on l.relation = c.oid
        inner join pg_catalog.pg_namespace as n on c.relnamespace = n.oid
        where
            l.mode = 'AccessExclusiveLock'
            and l.granted
            and l.pid <> pg_catalog.pg_backend_pid()
            and c.oid >= 16384
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
