"""One run of the migrator: its lock, a working connection, and where the database stands."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
from psycopg import sql

from nosender.errors import NosenderError
from nosender.migrations import journal, knob_step, layout_step
from nosender.migrations.apply import Patience, apply, refusal
from nosender.migrations.checksum import ALGORITHM
from nosender.migrations.lint import require_sound
from nosender.migrations.lock import migrator_lock
from nosender.migrations.promise import breaches, drift
from nosender.migrations.revisions import VERSIONS, Chain, Direction, Revision, RevisionError
from nosender.migrations.strangers import given_by_default
from nosender.migrations.waits import Watch
from nosender.schema.knobs import FUNCTION, Knobs
from nosender.terminal_text import visible

if TYPE_CHECKING:
    from nosender.project import Declared, Project
    from nosender.project.frozen import Frozen
    from nosender.schema.observe import Difference
    from nosender.server.target import Target


def _silent(_line: str) -> None:
    """Tell nobody."""


@dataclass(frozen=True, slots=True)
class Options:
    """How a migration is run."""

    versions: Path = VERSIONS
    """The folder of the revisions."""
    lock_wait: float = 60.0
    """Seconds to wait for another migrator."""
    patience: Patience = field(default_factory=Patience)
    verify: bool = True
    """Compare the schema with what the revision promises, before and after."""
    replay: bool = False
    """Run every revision even where the DDL could be loaded at once."""
    allow_data_loss: bool = False
    plan: Path | None = None
    """Go by this plan, and refuse where the schema or the revisions changed."""
    declared: Declared | None = None
    """The knobs of nosender.toml; None where it says nothing of them."""
    project: Project | None = None
    """Whose chain follows ours under the same lock, and whose objects are compared with what it froze."""
    say: Callable[[str], None] = _silent
    """Takes one line of progress."""


def recorded(connection: psycopg.Connection, schema: str, chain: Chain) -> str | None:
    """The revision that the schema records; NosenderError where another project's table records it."""
    revision = journal.current(connection, schema)
    try:
        chain.position(revision)
    except KeyError:
        if not journal.exists(connection, schema, journal.JOURNAL):
            raise NosenderError(
                f"the {journal.VERSION_TABLE} of schema {visible(schema)} is another project's, at revision "
                f"{visible(str(revision))}: name a schema of its own with --schema"
            ) from None
    else:
        journal.refuse_behind(connection, schema, revision, chain)
    return revision


def _ours(options: Options) -> bool:
    """Whether the canonical DDL stands for the chain: only for our own folder."""
    return options.versions == VERSIONS


@contextmanager
def open_session(
    target: Target, options: Options, *, checksums: bool = True, reading: bool = False
) -> Iterator[Session]:
    """The lock, a working connection, and where the database is; `reading`: nothing is written."""
    from nosender.server.pooler import require_sessions

    chain = Chain.load(options.versions)
    if not _ours(options):
        require_sound(chain)  # ours are, by the tests
    with (
        target.connect("nosender migrator lock", autocommit=True) as guard,
        target.connect("nosender db", reading=reading) as work,
    ):
        try:
            _, pid = require_sessions(guard, work, "a migration")
            with migrator_lock(guard, target.schema, wait=options.lock_wait, say=options.say):
                session = Session(target, options, chain, work, Watch(guard, pid, options.say))
                session.enter()
                if checksums:
                    session.refuse_edited()
                yield session
        except psycopg.OperationalError as error:
            if not (work.closed or guard.closed):
                raise NosenderError(f"the database refused: {refusal(error)}") from error
            raise NosenderError(
                "the connection was lost in the middle: what was done is recorded and the rest was not kept; "
                "run the same command again"
            ) from error
        except psycopg.Error as error:
            raise NosenderError(f"the database refused: {refusal(error)}; nothing was kept of it") from error


class Session:
    """One run of the migrator, under its lock."""

    def __init__(
        self,
        target: Target,
        options: Options,
        chain: Chain,
        work: psycopg.Connection,
        watch: Watch,
    ) -> None:
        self.target = target
        self.options = options
        self.chain = chain
        self.work = work
        self.watch = watch
        self.revision: str | None = None
        self.found_schema = True
        self.in_layout = False

    def enter(self) -> None:
        """See where the schema is."""
        schema = self.target.schema
        row = self.work.execute(
            "select 1 from pg_catalog.pg_namespace where nspname = %s", (schema,)
        ).fetchone()
        self.found_schema = row is not None
        self.revision = recorded(self.work, schema, self.chain)
        self.in_layout = layout_step.in_layout(self.work, schema)
        self.work.commit()

    def whole(self, goal: str | None) -> bool:
        """Whether the canonical DDL can stand for the chain up to `goal`."""
        return goal == self.chain.head and _ours(self.options) and not self.options.replay

    def refuse_read_only(self) -> None:
        """Refuse a server that cannot be written to, and a role that is not to write."""
        if self.work.info.parameter_status("in_hot_standby") == "on":
            raise NosenderError(
                f"the server of {self.target.describe()} is a standby, which cannot be written to: "
                "connect to the primary"
            )
        if self.work.info.parameter_status("default_transaction_read_only") == "on":
            raise NosenderError(
                f"the sessions of role {visible(self.work.info.user)} are read-only here "
                "(default_transaction_read_only); nothing was changed: use another role, or lift that for "
                "one run with PGOPTIONS='-c default_transaction_read_only=off'"
            )

    def refuse_edited(self) -> None:
        """Refuse to go on from a revision whose text is not what was applied."""
        entries = journal.entries(self.work, self.target.schema)
        self.work.commit()
        for revision in self.chain.revisions[: self.chain.position_of(self.revision)]:
            entry = entries.get(revision.revision)
            if entry is None or entry.direction == "down" or entry.algorithm != ALGORITHM:
                continue  # applied by other means, or recorded by an algorithm that is gone
            if entry.checksum != revision.checksum:
                raise NosenderError(
                    f"revision {revision.revision} was changed after it was applied: applied as "
                    f"{entry.checksum[:12]}, now {revision.checksum[:12]} (checksum version {ALGORITHM}); "
                    "put the old text back, or, if it was on purpose, run nosender db accept "
                    f"{revision.revision}"
                )

    def load(self, pending: tuple[Revision, ...]) -> None:
        """Load the canonical DDL at once: proved equal to the chain, and several times faster."""

        from nosender.schema import ddl

        try:
            with self.work.transaction():
                self.create_schema()
                # one message to the server instead of one a file
                self.work.execute(ddl.script(self.target.schema).encode())
                journal.stamp(self.work, self.target.schema, pending[-1].revision)
                journal.write(self.work, self.target.schema, pending, "up")
                if self.options.verify:
                    self.verify(pending[-1].revision, "after")
        except psycopg.OperationalError:
            raise
        except psycopg.Error as error:
            raise NosenderError(
                f"the schema could not be made: {refusal(error)}; nothing was kept"
            ) from error

    def create_schema(self) -> None:
        """Make the schema that the user named, in the caller's transaction, if it is not there."""

        if not self.found_schema:
            self.work.execute(sql.SQL("create schema {}").format(sql.Identifier(self.target.schema)))

    def apply(self, revision: Revision, direction: Direction) -> None:
        """One revision, with a look at what it made before that is kept."""
        self.options.say(f"{'applying' if direction == 'up' else 'reverting'} {revision.revision}")

        def before() -> None:
            self.create_schema()
            if direction == "down":
                self.refuse_loss((revision,), locked=True)

        def verify() -> None:
            after = revision.revision if direction == "up" else revision.down_revision
            if self.options.verify and after is not None:
                self.verify(after, "after")

        apply(
            self.work,
            self.target.schema,
            revision,
            direction,
            patience=self.options.patience,
            watch=self.watch,
            before=before,
            verify=verify,
            instead=layout_step.form(self.target.schema, revision, direction) if self.in_layout else None,
        )
        self.found_schema = True

    def turn(self, goal: str | None) -> knob_step.Turn | None:
        """What is to be turned once the schema is at `goal`; None where nothing is, or not yet."""
        if self.options.declared is None or not knob_step.has_knobs(self.chain, goal):
            return None
        stands = knob_step.standing(self.work, self.target.schema)
        return knob_step.turn_of(self.target.schema, stands or Knobs(), self.options.declared)

    def take_turn(self, goal: str | None) -> tuple[str, ...]:
        """Turn the knobs that nosender.toml declares otherwise; a line each."""
        turn, declared = self.turn(goal), self.options.declared
        self.work.commit()
        if turn is None or declared is None or goal is None:
            return ()
        self.refuse_read_only()
        if knob_step.standing(self.work, self.target.schema) is None:
            raise NosenderError(
                f"the function {FUNCTION} of schema {visible(self.target.schema)} is not the "
                "declared one, so no knob was turned: repair it by what nosender db check prints"
            )
        self.work.commit()
        self.options.say(f"turning knobs, by {declared.place}")
        knob_step.take(
            self.work,
            self.target.schema,
            turn,
            declared,
            patience=self.options.patience,
            watch=self.watch,
            verify=lambda: self.verify(goal, "after") if self.options.verify else None,
        )
        return tuple(turn.lines())

    def refuse_loss(self, revisions: tuple[Revision, ...], *, locked: bool = False) -> None:
        """Refuse to revert what would delete rows, unless that was allowed; says how many.

        `locked` takes the tables first, in the transaction that reverts, so that the count holds.
        """
        if self.options.allow_data_loss:
            return
        counts = {}
        for revision in revisions:
            for table in revision.loses:
                if not journal.exists(self.work, self.target.schema, table):
                    continue
                name = sql.Identifier(self.target.schema, table)
                if locked:
                    self.work.execute(sql.SQL("lock table {} in access exclusive mode").format(name))
                row = self.work.execute(
                    sql.SQL("select pg_catalog.count(*) from only {}").format(name)
                ).fetchone()
                if row and row[0]:
                    counts[table] = row[0]
        if not locked:
            self.work.commit()
        if counts:
            each = ", ".join(f"{count} in {table}" for table, count in counts.items())
            raise NosenderError(
                f"the downgrade would delete {sum(counts.values())} rows ({each}); nothing was changed: "
                "pass --allow-data-loss if that is meant"
            )

    def follow_with_project(self, ours: str | None, frozen: Frozen | None) -> str | None:
        """Apply the project's chain and see that what stands is what both promise; where it has led to."""
        project = self.options.project
        if project is None or project.own.alembic is None or ours is None:
            return None
        from nosender.migrations.project_chain import upgrade as apply_project

        self.work.rollback()  # nothing of ours is in its way
        self.options.say(f"applying the revisions of {project.name}")
        head = apply_project(self.target, project, self.options.patience, self.options.say)
        if self.options.verify and frozen is not None:
            found = drift(self.work, self.target.schema, self.chain.get(ours), frozen)
            strict = [each for each in found if each.severity == "strict" and each.declared]
            if strict:
                raise RevisionError(
                    f"the schema is not what {project.name} froze: {strict[0].line}; its revisions are "
                    "applied: repair it by what nosender db check prints, or run nosender project freeze"
                )
        return head

    def take_back(self, found: list[Difference]) -> bool:
        """Revoke what default privileges gave on what was just made; whether there was any."""
        given = given_by_default(self.work, self.target.schema)
        rights = [
            each
            for each in found
            if each.kind.startswith("grant") and each.object.endswith(tuple(f" to {name}" for name in given))
        ]
        if not (given and rights):
            return False
        for each in rights:
            self.work.execute(each.sql.encode())
        self.options.say(f"revoked {len(rights)} rights that default privileges gave to {', '.join(given)}")
        return True

    def verify(self, revision: str, when: str) -> None:
        """Refuse to go on where the schema is not what the revision promises."""
        found = breaches(self.work, self.target.schema, self.chain.get(revision))
        if when == "after" and self.take_back(found):
            found = breaches(self.work, self.target.schema, self.chain.get(revision))
        if not found:
            return
        more = f" and {len(found) - 1} more" if len(found) > 1 else ""
        if when == "before":
            raise NosenderError(
                f"the schema is not what revision {revision} left: {found[0].line}{more}; nothing was "
                "changed: repair it by what nosender db check prints, or pass --no-verify"
            )
        rights = " ".join(item.sql for item in found if item.kind.startswith("grant"))
        raise RevisionError(
            f"the schema is not what revision {revision} promises: {found[0].line}{more}; "
            "nothing of the last transaction was kept"
            + (f" (have an administrator run: {visible(rights)})" if rights else ""),
            revision,
        )
