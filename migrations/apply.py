"""Applies one revision in one direction: short waits for locks, retries, steps that resume."""

from __future__ import annotations

import random
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from nosender.errors import NosenderError
from nosender.migrations import journal
from nosender.migrations.checksum import sql_digest, sql_tokens
from nosender.migrations.revision_module import run_module
from nosender.migrations.revisions import RevisionError
from nosender.terminal_text import visible

if TYPE_CHECKING:
    import psycopg

    from nosender.migrations.revisions import Revision, Step
    from nosender.migrations.waits import Watch


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a migration waits for others, in seconds."""

    lock: float = 2.0  # one wait for a lock that makes others queue behind it
    attempts: int = 10  # how often it is tried before giving up
    snapshots: float = 3600.0  # CONCURRENTLY waits for every older transaction, and blocks nobody meanwhile
    pause: float = 0.5  # the first pause between two attempts; doubled each time, up to `longest`
    longest: float = 30.0


def apply(
    work: psycopg.Connection[Any],
    schema: str,
    revision: Revision,
    direction: str,
    *,
    patience: Patience,
    watch: Watch,
    before: Callable[[], None] | None = None,
) -> None:
    """Run the revision and record it. Either all of it stands afterwards or none, steps aside.

    `before` is called inside the transaction, first, and may refuse. RevisionError: the database refused
    what the revision does; NosenderError: a lock was not won, a disk is full; psycopg.OperationalError:
    the connection is gone.
    """
    after = revision.revision if direction == "up" else revision.down_revision

    def whole() -> None:
        with work.transaction():
            _set_local(work, lock=patience.lock)
            if before is not None:
                before()
            run_module(work, revision, direction, lambda: stand_in(work, schema))
            _finish(work, schema, revision, direction, after)

    if revision.transactional:
        _patiently(work, whole, revision, f"revision {revision.revision}", patience, watch)
        return
    if before is not None:
        with work.transaction():
            before()
    done = journal.done_steps(work, schema, revision.revision, direction)
    work.commit()
    for step in revision.steps(direction):
        what = f"revision {revision.revision}, step {step.number}"
        if step.number in done:
            if done[step.number] != sql_digest(step.sql):
                raise NosenderError(
                    f"{what} was done and has been edited since: put back what was run, "
                    "and write the change as a revision of its own"
                )
            continue
        watch.say(f"{what}: {step.what}")
        _step(work, schema, revision, direction, step, patience, watch)
    with work.transaction():
        _finish(work, schema, revision, direction, after)


def stand_in(work: psycopg.Connection[Any], schema: str) -> None:
    """Let the rest of a transaction find the names that revisions write without a schema."""
    from psycopg import sql

    # The very path that functions keep, and that the canonical DDL sets.
    work.execute(sql.SQL("set local search_path to {}, pg_temp").format(sql.Identifier(schema)))


def _finish(
    work: psycopg.Connection[Any], schema: str, revision: Revision, direction: str, after: str | None
) -> None:
    work.execute("set local search_path to pg_catalog, pg_temp")
    journal.stamp(work, schema, after)
    journal.write(work, schema, revision, direction)


# ------------------------------------------------------------------------ waiting


def _set_local(work: psycopg.Connection[Any], *, lock: float) -> None:
    work.execute("select pg_catalog.set_config('lock_timeout', %s, true)", (f"{int(lock * 1000)}ms",))


def _patiently(
    work: psycopg.Connection[Any],
    act: Callable[[], None],
    revision: Revision,
    what: str,
    patience: Patience,
    watch: Watch,
) -> None:
    """Try until the locks are won: each attempt waits briefly, so that others never queue for long."""
    import psycopg

    for attempt in range(1, patience.attempts + 1):
        watch.require_lock()
        try:
            with watch.blockers(what):
                act()
        except (psycopg.errors.LockNotAvailable, psycopg.errors.DeadlockDetected) as error:
            who = watch.last_blockers or "a session that is gone"
            if attempt == patience.attempts:
                raise NosenderError(
                    f"{what}: the lock was not won in {attempt} attempts, blocked by {who}; "
                    "nothing of it was kept, run again when that session is done"
                ) from error
            pause = min(patience.pause * 2 ** (attempt - 1), patience.longest)
            pause *= random.uniform(0.5, 1.0)  # noqa: S311 (spreads retries, keeps no secret)
            watch.say(
                f"{what}: attempt {attempt} of {patience.attempts} waited for {who}; again in {pause:.1f} s"
            )
            time.sleep(pause)
        except psycopg.Error as error:
            if work.closed:
                raise  # the caller knows what that means
            sentence = f"{what}: {refusal(error)}; nothing of it was kept"
            if isinstance(error, psycopg.errors.QueryCanceled):
                raise NosenderError(
                    f"{sentence}, run again, with PGOPTIONS='-c statement_timeout=0' if that is the limit"
                ) from error
            if isinstance(error, psycopg.OperationalError | psycopg.InternalError):
                # a full disk, a server without memory: nothing that the revision does
                raise NosenderError(f"{sentence}, run again when that is mended") from error
            raise RevisionError(sentence, revision.revision) from error
        else:
            return


def refusal(error: psycopg.Error) -> str:
    """What the database said, without its DETAIL, which can carry a row."""
    message = error.diag.message_primary or type(error).__name__
    hint = f" ({error.diag.message_hint})" if error.diag.message_hint else ""
    return visible(" ".join((message + hint).split()))


# -------------------------------------------------------------------------- steps

_INDEX = re.compile(
    r"create (?:unique )?index concurrently (?:if not exists )?"
    r'(?:(?P<quoted>"(?:[^"]|"")+")|(?P<plain>[a-z_][\w$]*)) on ',
    re.IGNORECASE,
)


def alone(text: str) -> bool:
    """Whether a statement cannot, or should not, be part of a transaction."""
    first, second, *_ = [*(token.lower() for token in sql_tokens(text)), "", ""]
    if waits_for_snapshots(text) or first in ("vacuum", "reindex", "cluster", "checkpoint"):
        return True
    if first in ("call", "do"):
        return True  # it may commit
    objects = ("database", "tablespace", "subscription", "system")
    return first in ("create", "alter", "drop") and second in objects


def waits_for_snapshots(text: str) -> bool:
    """Whether a statement waits for older transactions and blocks nobody meanwhile."""
    tokens = [token.lower() for token in sql_tokens(text)]
    return "concurrently" in tokens and tokens[0] != "refresh"  # which locks out writers, in a transaction


def _step(
    work: psycopg.Connection[Any],
    schema: str,
    revision: Revision,
    direction: str,
    step: Step,
    patience: Patience,
    watch: Watch,
) -> None:
    """One statement and its line in the journal: in one transaction, unless it has to stand alone."""
    from psycopg import sql

    what = f"revision {revision.revision}, step {step.number}"

    def together() -> None:
        with work.transaction():
            _set_local(work, lock=patience.lock)
            stand_in(work, schema)
            work.execute(step.sql.encode())
            work.execute("set local search_path to pg_catalog, pg_temp")
            journal.write(work, schema, revision, direction, step)

    if not alone(step.sql):
        _patiently(work, together, revision, what, patience, watch)
        return
    name = index_name(step.sql)

    def by_itself() -> None:
        _drop_remains(work, schema, watch)
        if name is not None:
            valid = _index_state(work, schema, name)
            if valid:
                return  # built before a crash kept the journal from saying so
            if valid is False:
                watch.say(f"{what}: dropping the invalid index {name}, which a failed attempt left")
                _drop_index(work, schema, name)
        path = sql.SQL("set search_path to {}, pg_temp").format(sql.Identifier(schema))
        work.execute(path)  # what stands alone is in no transaction
        try:
            work.execute(step.sql.encode())
        finally:
            if not work.closed:
                work.execute("set search_path to pg_catalog, pg_temp")

    waits = waits_for_snapshots(step.sql)
    work.autocommit = True
    try:
        # a limit on statements is there for what blocks others
        lifted = ("statement_timeout", "transaction_timeout") if waits else ()
        for setting in lifted:
            _set(work, setting, 0)
        _set(work, "lock_timeout", patience.snapshots if waits else patience.lock)
        with watch.progress(what):
            _patiently(work, by_itself, revision, what, patience, watch)
        journal.write(work, schema, revision, direction, step)
    finally:
        if not work.closed:
            for setting in (*lifted, "lock_timeout"):
                _set(work, setting, None)
            work.autocommit = False


def _set(work: psycopg.Connection[Any], name: str, seconds: float | None) -> None:
    """Set a timeout for the session, None for what it was; one that this major has not is passed over."""
    work.execute(
        "select pg_catalog.set_config(name, coalesce(%s, reset_val), false)"
        " from pg_catalog.pg_settings where name = %s",
        (None if seconds is None else f"{int(seconds * 1000)}ms", name),
    )


def index_name(text: str) -> str | None:
    """The index that a statement builds concurrently, None for any other statement."""
    match = _INDEX.match(" ".join(sql_tokens(text)))
    if match is None:
        return None
    quoted = match["quoted"]
    return quoted[1:-1].replace('""', '"') if quoted else match["plain"].lower()


def _index_state(work: psycopg.Connection[Any], schema: str, name: str) -> bool | None:
    """Whether the index is valid; None where there is none."""
    row = work.execute(
        """
        select i.indisvalid and i.indisready from pg_catalog.pg_index as i
        inner join pg_catalog.pg_class as c on i.indexrelid = c.oid
        inner join pg_catalog.pg_namespace as n on c.relnamespace = n.oid
        where n.nspname = %s and c.relname = %s
        """,
        (schema, name),
    ).fetchone()
    return None if row is None else bool(row[0])


def _drop_index(work: psycopg.Connection[Any], schema: str, name: str) -> None:
    from psycopg import sql

    work.execute(sql.SQL("drop index concurrently if exists {}").format(sql.Identifier(schema, name)))


def _drop_remains(work: psycopg.Connection[Any], schema: str, watch: Watch) -> None:
    """Drop what a failed REINDEX CONCURRENTLY left: invalid copies named …_ccnew or …_ccold."""
    rows = work.execute(
        """
        select c.relname from pg_catalog.pg_index as i
        inner join pg_catalog.pg_class as c on i.indexrelid = c.oid
        inner join pg_catalog.pg_namespace as n on c.relnamespace = n.oid
        where n.nspname = %s and not i.indisvalid and c.relname ~ '_cc(new|old)[0-9]*$'
        order by c.relname
        """,
        (schema,),
    ).fetchall()
    for (name,) in rows:
        watch.say(f"dropping the invalid index {name}, which a failed REINDEX left")
        _drop_index(work, schema, name)
