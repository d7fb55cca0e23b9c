"""Brings a database to a revision and back: one migrator at a time, nothing half applied, verified."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg

from nosender.errors import IncompleteError, NosenderError, UsageError
from nosender.migrations import journal, knob_step, layout_step
from nosender.migrations.apply import refusal
from nosender.migrations.occupied import refuse_occupied
from nosender.migrations.plan_file import require_unchanged
from nosender.migrations.promise import drift
from nosender.migrations.revisions import VERSIONS, Chain
from nosender.migrations.session import Options as Options
from nosender.migrations.session import open_session, recorded
from nosender.migrations.strangers import refuse_strangers
from nosender.schema.knobs import Knobs

if TYPE_CHECKING:
    from nosender.project.frozen import Frozen
    from nosender.schema.observe import Difference
    from nosender.server.target import Target


@dataclass(frozen=True, slots=True)
class Receipt:
    """What was done."""

    before: str | None
    after: str | None
    applied: tuple[str, ...]
    """Revisions, in the order in which they were applied or reverted."""
    loaded: bool
    """The canonical DDL was loaded at once, as good as the chain."""
    turned: tuple[str, ...] = ()
    """Knobs that were turned, a line each."""
    project: str | None = None
    """Where the project's chain has led to; None where there is none."""


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a database stands."""

    revision: str | None
    head: str | None
    pending: tuple[str, ...]
    knobs: Knobs | None = None
    """The values that stand in the database; None where the function is missing or of another form."""
    in_layout: bool = False
    """Whether the schema has the keys of the layout for Citus."""


def current(target: Target, *, versions: Path = VERSIONS) -> Standing:
    """Where the database stands. NosenderError where it is at a revision that is not known here."""
    chain = Chain.load(versions)
    try:
        with target.connect("nosender db current", reading=True) as connection:
            revision = recorded(connection, target.schema, chain)
            knobs = knob_step.standing(connection, target.schema)
            laid_out = layout_step.in_layout(connection, target.schema)
    except psycopg.Error as error:
        raise NosenderError(f"the database refused: {refusal(error)}") from error
    pending = tuple(each.revision for each in chain.revisions[chain.position_of(revision) :])
    return Standing(revision, chain.head, pending, knobs, laid_out)


def upgrade(target: Target, revision: str = "head", options: Options | None = None) -> Receipt:
    """Apply the revisions up to `revision`; done already is done.

    NosenderError: another migrator, a lock that was not won, a table of ours in the way, an edited
    revision, drift. UsageError: a revision that does not exist or lies behind.
    """
    options = options or Options()
    frozen = _frozen(target, options)
    with open_session(target, options) as session:
        before = session.revision
        goal = session.chain.resolve(revision, before)
        first, last = session.chain.position_of(before), session.chain.position(goal)
        if last < first:
            raise UsageError(f"the database is at {before}, beyond {goal or 'base'}: use db downgrade")
        pending = session.chain.revisions[first:last]
        if options.project is not None:
            from nosender.migrations.project_chain import refuse_unfit  # with all of Alembic behind it

            refuse_unfit(session.work, target.schema, options.project, goal)
        if pending:
            session.refuse_read_only()
            if session.in_layout:
                layout_step.refuse_upgrade(pending)
        if options.plan is not None:
            turn = session.turn(goal)
            require_unchanged(options.plan, session.work, target.schema, pending, turn, options.project)
            session.work.rollback()
        if before is None and pending:
            refuse_occupied(session.work, target.schema, session.chain)
        if pending:
            # the DDL, loaded at once, is safe from what stands there already; the chain is not
            run = () if before is None and session.whole(goal) else pending
            refuse_strangers(session.work, target.schema, session.chain.revisions[:first], run)
        if options.verify and before is not None and not (pending and not pending[0].transactional):
            # steps that a crash interrupted leave what neither revision promises
            session.verify(before, "before")
        fast = before is None and session.whole(goal)
        if fast and pending:
            session.load(pending)
        else:
            for each in pending:
                session.apply(each, "up")
        turned, theirs = session.take_turn(goal), session.follow_with_project(goal, frozen)
        applied, loaded = tuple(each.revision for each in pending), bool(fast and pending)
        return Receipt(before, goal, applied, loaded, turned, theirs)


def downgrade(target: Target, revision: str, options: Options | None = None) -> Receipt:
    """Revert the revisions above `revision`, the last first. Roles are never dropped.

    NosenderError: as for upgrade; also a revision that cannot be reverted, and rows that would be lost.
    """
    options = options or Options()
    with open_session(target, options) as session:
        before = session.revision
        if before is None:
            raise UsageError("nothing to revert: the database is at no revision")
        goal = session.chain.resolve(revision, before)
        first, last = session.chain.position(goal), session.chain.position_of(before)
        if first > last:
            raise UsageError(f"the database is at {before}, before {goal}: use db upgrade")
        reverted = tuple(reversed(session.chain.revisions[first:last]))
        for each in reverted:
            if each.downgrade_is == "irreversible":
                raise NosenderError(f"revision {each.revision} cannot be reverted; nothing was changed")
        if session.in_layout:
            layout_step.refuse_downgrade(reverted)
        session.refuse_read_only()
        session.refuse_loss(reverted)
        for each in reverted:
            session.apply(each, "down")
        return Receipt(before, goal, tuple(each.revision for each in reverted), loaded=False)


def check(target: Target, options: Options | None = None) -> tuple[str, tuple[Difference, ...]]:
    """The revision that the database claims, and how its schema differs from it. Never writes.

    IncompleteError where it claims none, or where something cannot be read.
    """
    options = options or Options()
    frozen = _frozen(target, options)
    with open_session(target, options, reading=True) as session:
        if session.revision is None:
            raise IncompleteError(
                f"schema {target.schema} of {target.describe()} records no revision, so there is nothing to "
                "compare it with: nosender db plan shows what an upgrade would make, or refuse, of it"
            )
        claimed = session.chain.get(session.revision)
        found = drift(session.work, target.schema, claimed, frozen)
        stands = knob_step.standing(session.work, target.schema)
        return session.revision, found + knob_step.differing(target.schema, stands, options.declared)


def accept(target: Target, revision: str, options: Options | None = None) -> str:
    """Record that an applied revision's text was changed on purpose; returns its name."""
    options = options or Options()
    with open_session(target, options, checksums=False) as session:
        name = session.chain.resolve(revision, session.revision)
        if name is None or session.chain.position(name) > session.chain.position_of(session.revision):
            raise UsageError(f"revision {name or 'base'} is not applied, so there is nothing to accept")
        session.refuse_read_only()
        with session.work.transaction():
            journal.write(session.work, target.schema, (session.chain.get(name),), "accept")
        return name


def _frozen(target: Target, options: Options) -> Frozen | None:
    """What the project's objects look like; UsageError where its files are stale or not right, whichever."""
    if options.project is None:
        return None
    from nosender.migrations.project_chain import promised

    return promised(options.project, target.schema)
