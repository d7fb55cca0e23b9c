"""`db plan`: what the pending revisions would do, as a rehearsal on a copy of the schema saw it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from nosender.errors import IncompleteError, UsageError
from nosender.migrations import journal, knob_step, project_rehearsal
from nosender.migrations.apply import Patience
from nosender.migrations.checksum import sql_tokens
from nosender.migrations.foresight import refused
from nosender.migrations.lint import require_sound
from nosender.migrations.plan_file import fingerprint_of
from nosender.migrations.project_rehearsal import Pending
from nosender.migrations.rehearsal import Rehearsal, Seen, scratch_copy
from nosender.migrations.revisions import VERSIONS, Chain, Revision, RevisionError
from nosender.migrations.squawk import squawk
from nosender.migrations.strangers import given_by_default
from nosender.project.declared import catalogue_of
from nosender.schema.knobs import Knobs
from nosender.schema.observe.read.distribution import spread
from nosender.terminal_text import visible

if TYPE_CHECKING:
    from alembic.script import Script

    from nosender.project import Declared, Project
    from nosender.server.target import Target


@dataclass(frozen=True, slots=True)
class Planned:
    """One statement: what the rehearsal saw, and what it cannot see on tables without rows."""

    seen: Seen
    hazards: tuple[str, ...]
    """A sentence each."""
    lock_timeout: float
    """Seconds; what `db upgrade` would set."""
    attempts: int


@dataclass(frozen=True, slots=True)
class RevisionPlan:
    """One pending revision."""

    revision: str
    summary: str
    checksum: str
    transactional: bool
    downgrade: str
    """Lossless, loses data or irreversible."""
    loses: tuple[str, ...]
    statements: tuple[Planned, ...]


@dataclass(frozen=True, slots=True)
class ProjectPlan:
    """What follows of a project's own chain, under the same lock."""

    name: str
    start: str | None
    revisions: tuple[RevisionPlan, ...]


@dataclass(frozen=True, slots=True)
class Plan:
    """What `db upgrade` would do to this database as it is now."""

    schema: str
    start: str | None
    goal: str | None
    fingerprint: str
    """Of the schema as it was; an upgrade by plan refuses another."""
    refused: tuple[str, ...]
    """Why `db upgrade` would not begin, or keep nothing; a sentence each, with what mends it."""
    revoked: tuple[str, ...]
    """Roles whose rights on what is made, by default privileges, `db upgrade` would revoke."""
    revisions: tuple[RevisionPlan, ...]
    knobs: knob_step.Turn | None
    """What is turned after the last of them, in a transaction of its own."""
    project: ProjectPlan | None = None
    """What comes last; None where no project was named, or it has no chain."""


def make_plan(
    target: Target,
    revision: str = "head",
    *,
    versions: Path = VERSIONS,
    scratch: str | None = None,
    patience: Patience | None = None,
    declared: Declared | None = None,
    project: Project | None = None,
) -> Plan:
    """Rehearse the pending revisions on a scratch copy, and then a project's; the target is only read.

    NosenderError: a revision that PostgreSQL refuses. IncompleteError: a schema that cannot be copied.
    """
    patience = patience or Patience()
    chain = Chain.load(versions)
    require_sound(chain)
    with target.connect("nosender db plan", reading=True) as connection:
        start = journal.current(connection, target.schema)
        journal.refuse_behind(connection, target.schema, start, chain)
        connection.rollback()
        fingerprint = fingerprint_of(connection, target.schema)
        goal = chain.resolve(revision, start)
        first, last = chain.position_of(start), chain.position(goal)
        if last < first:
            raise UsageError(f"the database is at {start}, beyond {goal or 'base'}: a plan only goes up")
        pending = chain.revisions[first:last]
        if pending and (found := spread(connection, target.schema)) and found.tables:
            raise IncompleteError(
                f"Citus distributes {', '.join(map(visible, found.tables))}: on a copy without it the "
                "revisions would do something else, so there is no plan to show"
            )
        whole = start is None and goal == chain.head and versions == VERSIONS
        reasons = refused(connection, target.schema, chain, first, pending, whole=whole)
        given = given_by_default(connection, target.schema) if pending else ()
        stands = knob_step.standing(connection, target.schema) or Knobs()
        turn = knob_step.turn_of(
            target.schema, stands, declared if knob_step.has_knobs(chain, goal) else None
        )
        theirs = project_rehearsal.pending(connection, target.schema, project) if project else None
        early = project_rehearsal.refused(theirs, goal) if theirs else ()
    revisions: list[RevisionPlan] = []
    following: list[RevisionPlan] = []
    if pending or (theirs and theirs.revisions):
        own = catalogue_of(project).schemas if project is not None else ()
        with scratch_copy(target, scratch, own) as copy:
            rehearsal = Rehearsal(copy.connection, target.schema)
            try:
                revisions = [_revision(each, rehearsal.run(each), patience) for each in pending]
            except RevisionError as error:
                # what an upgrade would say before it tried
                raise RevisionError(reasons[0]) if reasons else error from None
            if project and theirs and not early:
                seen = project_rehearsal.rehearse(copy, project, theirs, goal)
                told = zip(theirs.revisions, seen, strict=True)
                following = [_of_project(theirs, each, found, patience) for each, found in told]
    followed = ProjectPlan(theirs.chain.name, theirs.start, tuple(following)) if theirs else None
    return Plan(
        target.schema, start, goal, fingerprint, (*reasons, *early), given, tuple(revisions), turn, followed
    )


def _of_project(found: Pending, script: Script, seen: list[Seen], patience: Patience) -> RevisionPlan:
    lines = (script.doc or "").strip().splitlines()
    statements = tuple(Planned(each, tuple(hazards(each)), patience.lock, patience.attempts) for each in seen)
    digest = found.chain.digest(script.revision)
    return RevisionPlan(
        script.revision, lines[0] if lines else "", digest, True, "as it is written", (), statements
    )


def _revision(revision: Revision, seen: list[Seen], patience: Patience) -> RevisionPlan:
    from_linter = squawk(revision)
    steps = () if revision.transactional else revision.steps("up")
    concurrent = {step.number for step in steps if step.waits_for_snapshots}
    statements = tuple(
        Planned(
            each,
            (*hazards(each), *from_linter.get(each.number, [])),
            patience.snapshots if each.number in concurrent else patience.lock,
            patience.attempts,
        )
        for each in seen
    )
    return RevisionPlan(
        revision.revision,
        revision.summary,
        revision.checksum,
        revision.transactional,
        revision.downgrade_is,
        revision.loses,
        statements,
    )


# What fails or lasts by what stands in the rows, which a copy without rows cannot show.
_BY_ROWS = (
    (r"\bset not null\b", "fails where a row has no value there"),
    (r"\badd (constraint \S+ )?check\b(?!.*\bnot valid\b)", "fails where a row does not satisfy the check"),
    (
        r"\badd (constraint \S+ )?foreign key\b(?!.*\bnot valid\b)",
        "fails where a row refers to none; NOT VALID first, VALIDATE later, blocks for a shorter time",
    ),
    (r"\bvalidate constraint\b", "fails where a row does not satisfy the constraint"),
    (r"\badd (constraint \S+ )?(unique|primary key|exclude)\b", "fails where two rows conflict"),
    (r"\bcreate unique index\b", "fails where two rows are equal"),
    (r"\balter (column )?\S+ (set data )?type\b", "fails where a value does not fit the new type"),
    (r"^(update|delete)\b", "lasts as long as its rows are many, and keeps them locked to the end"),
    (r"^delete\b", "reaches the tables whose foreign keys refer to the rows, and locks those too"),
    (r"\b(drop (table|column)|truncate)\b", "deletes data"),
    (r"\brename\b", "breaks whoever uses the old name"),
)


def hazards(seen: Seen) -> list[str]:
    """What a DBA must know of a statement on existing tables: a sentence each."""
    text = " ".join(token.lower() for token in sql_tokens(seen.sql))
    found = []
    if not text.startswith("truncate"):
        found += [f"writes every row of {relation} anew under its lock" for relation in seen.rewrites]
    found += [
        f"reads {relation} from end to end under its lock"
        for relation in seen.scans
        if relation not in seen.rewrites
    ]
    if seen.locks:  # a table that the revision itself makes has no rows
        found += [reason for pattern, reason in _BY_ROWS if re.search(pattern, text)]
    strong = [lock.relation for lock in seen.locks if lock.mode == "ACCESS EXCLUSIVE"]
    if len(strong) > 1:
        found.append(f"locks {len(strong)} tables at once, which invites a deadlock")
    return found
