"""The steps that look at databases on the scratch server, made by the change's own DDL and revisions."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from nosender.errors import UsageError
from nosender.gate.change_lines import ddl_file, line_with, newest_revision, place_of, revision_file
from nosender.gate.static import first_difference
from nosender.gate.step import CannotLook, Problem
from nosender.gate.workplace import CATALOGUE, SCHEMA, VERSIONS, WAIVERS, Workplace
from nosender.privacy_audit.finding import Confidence, Severity

if TYPE_CHECKING:
    from nosender.migrations.revisions import Revision
    from nosender.privacy_audit.result.audit import Audit

_BLOCKING = ("SHARE", "SHARE ROW EXCLUSIVE", "EXCLUSIVE", "ACCESS EXCLUSIVE")
"""Locks that keep others from writing, or from everything."""

USERS, MESSAGES, SEED = 20, 200, 1
"""The traffic that the audit looks at: enough that every probe has rows."""


def ddl_equals_migrations(workplace: Workplace) -> Iterator[Problem]:
    """The chain of revisions ends in exactly what the DDL makes."""
    from nosender.schema.observe import differences, observe

    canonical = workplace.canonical
    with workplace.database(workplace.migrated).connect("nosender gate") as connection:
        migrated = observe(connection, SCHEMA)
    for difference in differences(canonical, migrated, SCHEMA):
        # A column that a revision adds comes last, and Alembic's own table is no part of the DDL.
        if difference.severity == "warning" or "alembic_version" in difference.object:
            continue
        yield Problem(
            difference.object,
            f"The DDL and the revisions differ: {difference.line}.",
            *place_of(workplace, difference.object, difference.line),
            difference.kind,
            severity=Severity.LOW if difference.severity == "low" else None,
        )


def reference_fresh(workplace: Workplace) -> Iterator[Problem]:
    """What the audit holds a live database against is what the DDL makes."""
    from nosender.schema.observe.reference import make

    path = PurePosixPath("schema/observe/reference.json")
    _ = workplace.canonical  # made first, and once: it brings the roles, which belong to the whole cluster
    line = first_difference(workplace, path, make(workplace.server).to_json())
    if line is not None:
        yield Problem(str(path), "The reference of the audit is not what the DDL makes.", path, line)


def up_down_up(workplace: Workplace) -> Iterator[Problem]:
    """Each revision goes down to what was there before it, and up again, with the same result.

    What the change leaves as it is, below the first revision that it touches, was looked at before; what lies
    under one that says it cannot be reverted is not looked at.
    """
    from nosender.migrations import runner
    from nosender.migrations.revisions import Chain, RevisionError
    from nosender.schema.observe import differences, observe

    target = workplace.database(workplace.migrated)
    options = runner.Options(replay=True, allow_data_loss=True)
    revisions = Chain.load(workplace.checkout.root / VERSIONS).revisions
    touched = _from_the_first_touched(workplace, revisions)
    if not touched:
        return
    floor = next(
        (r.revision for r in reversed(touched) if r.downgrade_is == "irreversible"),
        touched[0].down_revision or "base",
    )
    try:
        with target.connect("nosender gate") as connection:
            first = observe(connection, SCHEMA)
        runner.downgrade(target, floor, options)
        runner.upgrade(target, options=options)
        with target.connect("nosender gate") as connection:
            second = observe(connection, SCHEMA)
    except RevisionError as error:  # any other, as a lock that was not won, says nothing about a revision
        path = revision_file(workplace, error.revision) if error.revision else newest_revision(workplace)
        yield Problem(error.revision or "the chain", f"{error}.", path, 1, "revision")
        return
    for difference in differences(first, second, SCHEMA):
        if difference.severity != "warning":
            detail = f"After down and up again the schema differs: {difference.line}."
            yield Problem(
                difference.object,
                detail,
                *place_of(workplace, difference.object, difference.line),
                difference.kind,
            )


def _from_the_first_touched(workplace: Workplace, revisions: tuple[Revision, ...]) -> tuple[Revision, ...]:
    """The revisions from the first on that the change touches; all where one is gone, or without a base."""
    if workplace.checkout.base is None:
        return revisions
    stems = {path.name.partition(".")[0] for path in workplace.changed if path.is_relative_to(VERSIONS)}
    if not stems <= {each.path.stem for each in revisions}:
        return revisions
    first = next((at for at, each in enumerate(revisions) if each.path.stem in stems), len(revisions))
    return revisions[first:]


def locks_brief(workplace: Workplace) -> Iterator[Problem]:
    """What the new revisions would do to a database at work, rehearsed on a copy of the schema before them.

    Three tiers. What keeps others from reading or writing while it goes through a table, or writes it anew,
    blocks the change. What depends on the rows warns. A strong lock held for a moment is noted.
    """
    from nosender.migrations import runner
    from nosender.migrations.plan import make_plan
    from nosender.migrations.revisions import Chain

    chain = Chain.load(workplace.checkout.root / VERSIONS)
    new = [each for each in chain.revisions if not workplace.checkout.in_base(VERSIONS / each.path.name)]
    if workplace.checkout.base is None or not new:
        return
    _ = workplace.canonical  # see reference_fresh
    target = workplace.database()
    before = new[0].down_revision
    if before is not None:
        runner.upgrade(target, before, runner.Options(replay=True, verify=False))
    plan = make_plan(target, scratch=workplace.server)
    for revision, planned in zip(chain.revisions[-len(plan.revisions) :], plan.revisions, strict=True):
        script = VERSIONS / f"{revision.path.stem}.up.sql"
        text = revision.sql("up")
        for statement in planned.statements:
            seen = statement.seen
            start = text.find(seen.sql)
            line = text.count("\n", 0, start) + 1 if start >= 0 else 1
            name = f"{revision.revision} statement {seen.number}"
            blocking = [lock for lock in seen.locks if lock.mode in _BLOCKING]
            slow = [lock for lock in blocking if lock.relation in {*seen.rewrites, *seen.scans}]
            if slow:
                lock = slow[0]
                blocks = f"{lock.mode} on {lock.relation} blocks {lock.blocks} while the statement"
                what = f"{blocks} {' and '.join(statement.hazards) or 'reads the table'}."
                yield Problem(name, what, script, line, "statement")
                continue
            for hazard in statement.hazards:
                yield Problem(
                    name, f"The statement {hazard}.", script, line, "statement",
                    severity=Severity.MEDIUM, confidence=Confidence.HINT,
                )  # fmt: skip
            if blocking and not statement.hazards:
                lock = blocking[0]
                yield Problem(
                    name, f"{lock.mode} on {lock.relation} blocks {lock.blocks} for a moment.", script, line,
                    "statement", severity=Severity.LOW, confidence=Confidence.HINT,
                )  # fmt: skip


def catalogue_complete(workplace: Workplace) -> Iterator[Problem]:
    """Every table, column and function of the DDL is declared, and nothing declared is missing."""
    from nosender.schema.catalogue import check

    try:
        catalogue = workplace.catalogue
    except UsageError:
        raise CannotLook("the catalogue cannot be read") from None
    for problem in check(catalogue, workplace.canonical, SCHEMA):
        path = CATALOGUE / problem.place.file if problem.place else ddl_file(workplace, problem.object)
        line = problem.place.line if problem.place else line_with(workplace, path, problem.object)
        yield Problem(problem.object, f"{problem.object} {problem.sentence}", path, line, "catalogue")


def audit_of_migrated(workplace: Workplace) -> Audit:
    """The whole audit of what the revisions make, with traffic in it and one sweep behind it."""
    from nosender.privacy_audit import runner
    from nosender.retention.sweep import FAST, sweep
    from nosender.traffic.fill import fill

    target = workplace.database(workplace.migrated)
    fill(target, USERS, MESSAGES, SEED)
    sweep(target, pace=FAST)
    waivers = workplace.checkout.root / WAIVERS
    options = runner.Options(command="nosender gate", waivers=waivers if waivers.is_file() else None)
    return runner.run(target, options)
