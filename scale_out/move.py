"""One move of the tables, out to the nodes or back: one transaction, which changes only what the layout says.

A move that loses a row or changes anything else is taken back: every table that is moved is counted before
and after, and what the whole database looks like is compared, in the transaction itself.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

import psycopg
from psycopg import sql

from nosender.errors import NosenderError
from nosender.migrations import journal
from nosender.migrations.apply import patiently, refusal, set_local
from nosender.migrations.promise import breaches
from nosender.schema.layouts import layout as layouts
from nosender.schema.layouts.standing import NAME, Beside, applied
from nosender.schema.observe import observe, within
from nosender.schema.observe.citus_own import without_own
from nosender.schema.observe.diff.differences import live_part
from nosender.schema.observe.diff.repair import comment_statement
from nosender.schema.observe.quoting import qualified, quoted
from nosender.schema.observe.reference import owner_of
from nosender.terminal_text import visible

if TYPE_CHECKING:
    from nosender.migrations.revisions import Direction
    from nosender.migrations.session import Session
    from nosender.schema.observe import Observation

STEP = f"layout {NAME}"
"""As the journal names it."""

_CONNECTED = """
with recursive connected (id) as (
  select c.oid
  from pg_catalog.pg_class as c
  inner join pg_catalog.pg_namespace as n on c.relnamespace operator(pg_catalog.=) n.oid
  where
    n.nspname operator(pg_catalog.=) %s
    and c.relname operator(pg_catalog.=) any (%s::pg_catalog.text[])
    and c.relkind in ('r', 'p')
  union
  select k.conrelid
  from connected
  inner join pg_catalog.pg_constraint as k
    on k.confrelid operator(pg_catalog.=) connected.id and k.contype operator(pg_catalog.=) 'f'
)
select n.nspname::text, c.relname::text
from connected
inner join pg_catalog.pg_class as c on connected.id operator(pg_catalog.=) c.oid
inner join pg_catalog.pg_namespace as n on c.relnamespace operator(pg_catalog.=) n.oid
where c.relkind in ('r', 'p') and not c.relispartition
order by n.nspname, c.relname
"""
"""The tables of the schema, and every other that leads to one of them: Citus takes those along."""

_WHOLE = ("publications", "subscriptions", "event_triggers", "memberships", "role_settings")
"""What belongs to no schema, and is compared as well."""


@dataclass(frozen=True, slots=True)
class Move:
    """What is to be done, and what it may change."""

    what: str
    """As a person is told: `db scale-out apply`."""
    direction: Direction
    """As the journal has it."""
    statements: tuple[str, ...]
    change: Beside
    """In what the schema is to differ afterwards."""


@dataclass(frozen=True, slots=True)
class Moved:
    """What was done."""

    rows: dict[str, int]
    """By table, qualified: as many before as after."""
    statements: tuple[tuple[str, float], ...]
    """How each began, and how many seconds it took."""

    @property
    def seconds(self) -> float:
        """How long nobody else read or wrote."""
        return sum(seconds for _, seconds in self.statements)


def first_words(statement: str) -> str:
    """How a statement begins, without comments, in one line: it holds names of ours and no value."""
    lines = [each for each in statement.splitlines() if not each.lstrip().startswith("--")]
    words = " ".join(" ".join(lines).split()).removeprefix("set search_path = pg_catalog, pg_temp; ")
    return words if len(words) <= 100 else f"{words[:97]}..."


def require_promised(session: Session) -> None:
    """Refuse to move what is not what its revision promises: it could not be told from what the move does."""
    if session.revision is None:
        return
    found = breaches(session.work, session.target.schema, session.chain.get(session.revision))
    session.work.commit()
    if found:
        more = f" and {len(found) - 1} more" if len(found) > 1 else ""
        raise NosenderError(
            f"the schema is not what revision {session.revision} promises: {found[0].line}{more}; nothing "
            "was changed: repair it by what nosender db check prints"
        )


def run(session: Session, move: Move, refuse: Callable[[psycopg.Connection], None]) -> Moved:
    """Move the tables, all or nothing. NosenderError where something refuses, with the statement at fault.

    `refuse` is called under the locks, before anything is changed.
    """
    made: list[Moved] = []
    work = session.work

    def whole() -> None:
        with work.transaction():
            set_local(work, lock=session.options.patience.lock)
            _lock(work, session.target.schema)
            refuse(work)
            made.append(_moved(work, session, move))
            journal.write_step(
                work,
                session.target.schema,
                STEP,
                "\n".join(move.statements),
                move.direction,
            )

    patiently(work, whole, None, move.what, session.options.patience, session.watch)
    return made[-1]


def _moved(work: psycopg.Connection, session: Session, move: Move) -> Moved:
    schema = session.target.schema
    before, rows = _seen(work, schema), _rows(work, schema)
    took = []
    for number, statement in enumerate(move.statements, start=1):
        words = first_words(statement)
        began = time.monotonic()
        _execute(work, statement, f"statement {number} of {len(move.statements)} ({words})")
        took.append((words, time.monotonic() - began))
        session.options.say(f"{took[-1][1]:6.1f} s  {words}")
    _give(work, move.change, owner_of(live_part(before, schema)))
    expected, after = applied(within(before, schema), move.change), _seen(work, schema)
    if _restore_comments(work, before, after, schema, expected):
        after = _seen(work, schema)
    for line in (*_differing(before, after, schema, expected), *_other_rows(rows, _rows(work, schema))):
        raise NosenderError(
            f"{move.what} would have changed more than it says: {line}; nothing of it was kept"
        )
    return Moved(rows, tuple(took))


def _give(work: psycopg.Connection, change: Beside, owner: str | None) -> None:
    """Functions that were not there before to the owner of the tables, whoever runs this."""
    known = {(each.name, each.identity) for each in change.lacks.functions}
    for each in change.has.functions:
        if owner not in (None, work.info.user) and (each.name, each.identity) not in known:
            name = f"{qualified(each.schema, each.name)}({each.identity})"
            work.execute(f"alter routine {name} owner to {quoted(owner or '')}".encode())


def _lock(work: psycopg.Connection, schema: str) -> None:
    """Every table that is moved, in one order, so that nobody comes between two statements."""
    tables = [sql.Identifier(schema, each.name) for each in layouts.read().tables if each.kind != "local"]
    work.execute(sql.SQL("lock table {} in access exclusive mode").format(sql.SQL(", ").join(tables)))


def _execute(work: psycopg.Connection, statement: str, what: str) -> None:
    try:
        work.execute(statement.encode())
    except (psycopg.errors.LockNotAvailable, psycopg.errors.DeadlockDetected):
        raise  # tried again
    except psycopg.Error as error:
        if work.closed:
            raise  # the caller knows what that means
        raise NosenderError(f"{what} was refused: {refusal(error)}; nothing was kept") from error


def _seen(work: psycopg.Connection, schema: str) -> Observation:
    return without_own(observe(work, schema))


def _rows(work: psycopg.Connection, schema: str) -> dict[str, int]:
    """How many rows each table has that is moved, or leads to one that is."""
    names = [each.name for each in layouts.read().tables if each.kind != "local"]
    found = {}
    for place in work.execute(_CONNECTED.encode(), [schema, names]).fetchall():
        query = sql.SQL("select pg_catalog.count(*) from {}").format(sql.Identifier(*place))
        try:
            row = work.execute(query).fetchone()
        except psycopg.errors.InsufficientPrivilege as error:
            raise NosenderError(
                f"{visible(qualified(*place))} leads to a table that is moved, and its rows cannot be "
                f"counted ({refusal(error)}); nothing was changed: run this as a role that may read it"
            ) from error
        found[qualified(*place)] = row[0] if row is not None else 0
    return found


def _other_rows(before: dict[str, int], after: dict[str, int]) -> Iterator[str]:
    for table in {**before, **after}:
        if (was := before.get(table)) != (now := after.get(table)):
            yield f"{visible(table)} had {was} rows and has {now}"


def _restore_comments(
    work: psycopg.Connection, before: Observation, after: Observation, schema: str, expected: Observation
) -> int:
    """Citus makes some tables anew, without what was said of them; how much that was."""
    wanted = {*expected.comments, *(each for each in before.comments if each.schema != schema)}
    lost = [each for each in wanted - set(after.comments) if each.schema is not None]
    for comment in sorted(lost, key=lambda each: (each.kind, each.object)):
        work.execute(comment_statement(comment).encode())
    return len(lost)


def _differing(before: Observation, after: Observation, schema: str, expected: Observation) -> Iterator[str]:
    """What is not as it was, or as the change makes it, each in words."""
    schemas = sorted({each.schema for each in (*before.relations, *after.relations)} | {schema})
    for name in schemas:
        wanted = expected if name == schema else within(before, name)
        yield from _unlike(wanted, within(after, name))
    for kind in _WHOLE:
        yield from _beside(kind, getattr(before, kind), getattr(after, kind))


def _unlike(wanted: Observation, found: Observation) -> Iterator[str]:
    for field in fields(wanted):
        value = getattr(wanted, field.name)
        # what depends on what follows from the rest, and Citus has triggers of its own among it
        if isinstance(value, tuple) and field.name != "dependencies":
            yield from _beside(field.name, value, getattr(found, field.name))


def _beside(kind: str, wanted: Sequence[Any], found: Sequence[Any]) -> Iterator[str]:
    for missing, told in ((set(wanted) - set(found), "gone or other"), (set(found) - set(wanted), "new")):
        for each in sorted(missing, key=str)[:1]:
            names = [getattr(each, part, None) for part in ("schema", "table", "object", "name")]
            yield f"{kind} {visible('.'.join(name for name in names if name))} is {told}"
