"""Applies one revision in one direction: short waits for locks, retries, steps that resume."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import psycopg
from psycopg import sql

from nosender.errors import NosenderError
from nosender.migrations import journal
from nosender.migrations.checksum import sql_digest
from nosender.migrations.revision_module import run_module
from nosender.migrations.revisions import RevisionError
from nosender.migrations.strangers import refuse_unplaced
from nosender.schema.ddl import PATH
from nosender.terminal_text import visible

if TYPE_CHECKING:
    from nosender.migrations.revisions import Direction, Revision, Step
    from nosender.migrations.waits import Watch


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a migration waits for others, in seconds."""

    lock: float = 2.0
    """One wait for a lock that makes others queue behind it."""
    attempts: int = 10
    """How often it is tried before giving up."""
    snapshots: float = 3600.0
    """CONCURRENTLY waits for every older transaction, and blocks nobody meanwhile."""
    pause: float = 0.5
    """The first pause between two attempts; doubled each time, up to `longest`."""
    longest: float = 30.0


def apply(
    work: psycopg.Connection,
    schema: str,
    revision: Revision,
    direction: Direction,
    *,
    patience: Patience,
    watch: Watch,
    before: Callable[[], None] | None = None,
    verify: Callable[[], None] | None = None,
    instead: Sequence[str] | None = None,
) -> None:
    """Run the revision and record it. Either all of it stands afterwards or none, steps aside.

    `before` is called inside the transaction, first, and may refuse; so may `verify`, last. `instead`: the
    statements that stand for it in a layout.
    RevisionError: the database refused what the revision does; NosenderError: a lock was not won, a disk is
    full; psycopg.OperationalError: the connection is gone.
    """
    after = revision.revision if direction == "up" else revision.down_revision

    def whole() -> None:
        with work.transaction():
            set_local(work, lock=patience.lock)
            if before is not None:
                before()
            _look_up(work, revision.search_path(schema))
            if instead is None:
                run_module(work, schema, revision, direction)
            for statement in instead or ():
                work.execute(statement.encode())
            _finish(work, schema, revision, direction, after, verify)

    if revision.transactional or instead is not None:
        patiently(work, whole, revision, f"revision {revision.revision}", patience, watch)
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
        _finish(work, schema, revision, direction, after, verify)


def _finish(
    work: psycopg.Connection,
    schema: str,
    revision: Revision,
    direction: Direction,
    after: str | None,
    verify: Callable[[], None] | None,
) -> None:
    _look_up(work, PATH)
    refuse_unplaced(work, revision.revision)
    journal.stamp(work, schema, after)
    journal.write(work, schema, (revision,), direction)
    if verify is not None:
        verify()


def _look_up(work: psycopg.Connection, path: str, *, local: bool = True) -> None:
    """Set where names are looked up, to the end of the transaction or of the session."""
    work.execute("select pg_catalog.set_config('search_path', %s, %s)", (path, local))


# ------------------------------------------------------------------------ waiting


def set_local(work: psycopg.Connection, *, lock: float) -> None:
    """How long one attempt waits for a lock, to the end of the transaction."""
    work.execute("select pg_catalog.set_config('lock_timeout', %s, true)", (f"{int(lock * 1000)}ms",))


def patiently(
    work: psycopg.Connection,
    act: Callable[[], None],
    revision: Revision | None,
    what: str,
    patience: Patience,
    watch: Watch,
) -> None:
    """Try until the locks are won: each attempt waits briefly, so that others never queue for long.

    `revision` is the one at fault where the database refuses; None for a step that belongs to none.
    """

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
                raise NosenderError(f"{sentence}, run again when that is repaired") from error
            raise RevisionError(sentence, revision.revision if revision is not None else None) from error
        else:
            return


def refusal(error: psycopg.Error) -> str:
    """What the database said, without its DETAIL, which can carry a row."""
    message = error.diag.message_primary or type(error).__name__
    hint = f" ({error.diag.message_hint})" if error.diag.message_hint else ""
    if "allow-listed" in message:  # Azure's, whose hint is an address
        hint = ": put it into the server parameter azure.extensions, as `nosender platform setup azure` says"
    return visible(" ".join((message + hint).split()))


# -------------------------------------------------------------------------- steps


def _step(
    work: psycopg.Connection,
    schema: str,
    revision: Revision,
    direction: Direction,
    step: Step,
    patience: Patience,
    watch: Watch,
) -> None:
    """One statement and its line in the journal: in one transaction, unless it has to stand alone."""
    what = f"revision {revision.revision}, step {step.number}"
    text = revision.rendered(step.sql, schema).encode()

    def together() -> None:
        with work.transaction():
            set_local(work, lock=patience.lock)
            _look_up(work, revision.search_path(schema))
            work.execute(text)
            _look_up(work, PATH)
            refuse_unplaced(work, revision.revision)
            journal.write(work, schema, (revision,), direction, step)

    if not step.alone:
        patiently(work, together, revision, what, patience, watch)
        return
    name = step.index_name

    def by_itself() -> None:
        _drop_remains(work, schema, watch)
        if name is not None:
            valid = _index_state(work, schema, name)
            if valid:
                return  # built before a crash kept the journal from saying so
            if valid is False:
                watch.say(f"{what}: dropping the invalid index {name}, which a failed attempt left")
                _drop_index(work, schema, name)
        _look_up(work, revision.search_path(schema), local=False)
        try:
            work.execute(text)
        finally:
            if not work.closed:
                _look_up(work, PATH, local=False)

    waits = step.waits_for_snapshots
    work.autocommit = True
    try:
        # a limit on statements is there for what blocks others
        lifted = ("statement_timeout", "transaction_timeout") if waits else ()
        for setting in lifted:
            _set(work, setting, 0)
        _set(work, "lock_timeout", patience.snapshots if waits else patience.lock)
        with watch.progress(what):
            patiently(work, by_itself, revision, what, patience, watch)
        journal.write(work, schema, (revision,), direction, step)
    finally:
        if not work.closed:
            for setting in (*lifted, "lock_timeout"):
                _set(work, setting, None)
            work.autocommit = False


def _set(work: psycopg.Connection, name: str, seconds: float | None) -> None:
    """Set a timeout for the session, None for what it was; one that this major has not is passed over."""
    work.execute(
        "select pg_catalog.set_config(name, coalesce(%s, reset_val), false)"
        " from pg_catalog.pg_settings where name = %s",
        (None if seconds is None else f"{int(seconds * 1000)}ms", name),
    )


def _index_state(work: psycopg.Connection, schema: str, name: str) -> bool | None:
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


def _drop_index(work: psycopg.Connection, schema: str, name: str) -> None:

    work.execute(sql.SQL("drop index concurrently if exists {}").format(sql.Identifier(schema, name)))


def _drop_remains(work: psycopg.Connection, schema: str, watch: Watch) -> None:
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
