"""The gate in a team's own repository: its revisions, its catalogue, and the audit of both together.

Our own DDL, revisions and catalogue are not the team's: they were judged before they were released, so they
cost nothing here.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from nosender.errors import NosenderError, UsageError
from nosender.gate.project_examples import checks_hold
from nosender.gate.project_place import ProjectPlace
from nosender.gate.review_notes import Weight, changes
from nosender.gate.step import CannotLook, Problem, Step
from nosender.privacy_audit.finding import Confidence, Severity

if TYPE_CHECKING:
    import psycopg

    from nosender.migrations.rehearsal import Seen
    from nosender.privacy_audit.result.audit import Audit

_BLOCKING = ("SHARE", "SHARE ROW EXCLUSIVE", "EXCLUSIVE", "ACCESS EXCLUSIVE")
_WEIGHTS = {
    Weight.LINKS: Severity.HIGH,
    Weight.KEEPS: Severity.MEDIUM,
    Weight.ADDS: Severity.LOW,
    Weight.TIGHTENS: Severity.LOW,
}
USERS, MESSAGES, SEED = 20, 200, 1
"""The traffic that the audit looks at."""


def steps(place: ProjectPlace) -> tuple[Step, ...]:
    """The steps of the gate for a project, in their order; the audit comes after them."""
    return tuple(
        Step(slug, title, remedy, partial(_looked, look, place), severity, fast)
        for slug, title, remedy, look, severity, fast in _STEPS
    )


def _looked(look: Look, place: ProjectPlace, _workplace: object) -> Iterator[Problem]:
    return look(place)


def _told(place: ProjectPlace, what: str, error: NosenderError) -> Problem:
    """A sentence that names a file and line, there; any other at the project's settings."""
    found = re.match(r"(?P<path>[^\s:][^:\n]*):(?P<line>\d+): (?P<rest>.*)", str(error), re.DOTALL)
    if found is None:
        return Problem(what, f"{error}", place.settings, 1, "project")
    path = place.path(place.folder / found["path"])
    return Problem(what, found["rest"], path, int(found["line"]), "project")


def project_sound(place: ProjectPlace) -> Iterator[Problem]:
    """Settings, catalogue, waivers and chain can be read."""
    from datetime import UTC, datetime

    from nosender.privacy_audit.project_checks import all_checks
    from nosender.privacy_audit.result.waivers import read
    from nosender.project.declared import catalogue_of

    looks: dict[str, Callable[[], object]] = {
        "the catalogue": lambda: catalogue_of(place.project),
        "the chain": lambda: place.chain,
        "the checks": lambda: all_checks(place.project),
    }
    waivers = place.project.own.waivers
    if waivers is not None:
        looks["the waivers"] = lambda: read(waivers, all_checks(place.project), datetime.now(UTC).date())
    for what, look in looks.items():
        try:
            look()
        except UsageError as error:
            yield _told(place, what, error)


def revisions_unchanged(place: ProjectPlace) -> Iterator[Problem]:
    """A revision that the base has is what some database was migrated with."""
    if place.scripts is None:
        return
    folder = place.path(place.scripts) / "versions"
    for path in place.changed:
        if not path.is_relative_to(folder) or path.suffix not in (".py", ".sql"):
            continue
        before, file = place.checkout.read_base(path), place.checkout.root / path
        if before is None:
            continue
        if not file.is_file():
            detail = f"{path.name} of the base is gone, and databases were migrated with it."
            yield Problem(path.name, detail, place.settings, 1, "revision")
        elif file.read_text(encoding="utf-8").split() != before.split():
            detail = f"{path.name} is not what the base has, and databases were migrated with that."
            yield Problem(path.name, detail, path, 1, "revision")


def frozen_fresh(place: ProjectPlace) -> Iterator[Problem]:
    """What is committed is what a freeze would write now."""
    from nosender.privacy_audit.snapshot.probes import declared as columns
    from nosender.project.declared import catalogue_of, frozen_path
    from nosender.retention import project_policy as policy
    from nosender.schema.observe import reference
    from nosender.schema.observe.parts import together

    file = frozen_path(place.project)
    if file is None:
        return
    try:
        frozen = place.frozen
    except UsageError as error:
        yield _told(place, "the frozen file", error)
        return
    except NosenderError as error:
        yield Problem("the project's revisions", f"{error}.", place.settings, 1, "revision")
        return
    if not file.is_file() or file.read_text(encoding="utf-8") != frozen.to_json():
        where = place.path(file) if file.is_file() else place.settings
        yield Problem(file.name, "The frozen file is not what the revisions make.", where, 1, "project")
    whole = together(reference(frozen.schema), frozen.observation)
    declared = catalogue_of(place.project)
    if policy.missing(declared, whole) is not None:
        detail = "The retention that the catalogue declares is not what the revisions install."
        yield Problem("retention_project_policy", detail, place.settings, 1, "project")
    if columns.missing(declared, whole) is not None:
        detail = "The columns that the catalogue declares are not what the revisions install."
        yield Problem("audit_project_declared", detail, place.settings, 1, "project")


def up_down_up(place: ProjectPlace) -> Iterator[Problem]:
    """The project's chain goes down to what was there before it, and up again with the same result."""
    from nosender.migrations import project_chain
    from nosender.project.declared import catalogue_of
    from nosender.schema.observe import differences, observe

    if place.project.own.alembic is None:
        return
    target = place.database()

    def seen() -> Any:
        with target.connect("nosender gate", reading=True) as connection:
            return observe(connection, place.schema)

    before = seen()
    project_chain.upgrade(target, place.project)
    up = seen()
    try:
        project_chain.downgrade(target, place.project)
        down = seen()
        project_chain.upgrade(target, place.project)
    except NosenderError as error:
        yield Problem("the chain", f"{error}.", place.settings, 1, "revision")
        return
    own = str(place.project.own.version_table)
    schemas = (place.schema, *catalogue_of(place.project).schemas)
    for what, one, other in (("Down", before, down), ("Up again", up, seen())):
        for each in (each for schema in schemas for each in differences(one, other, schema)):
            if each.severity != "warning" and own not in each.object:  # Alembic's own table stays
                detail = f"{what}, and the schema is not as it was: {each.line}."
                yield Problem(each.object, detail, place.settings, 1, each.kind)


def locks_brief(place: ProjectPlace) -> Iterator[Problem]:
    """What the new revisions do to tables that stand, rehearsed without rows: three tiers, as for ours."""
    from nosender.migrations import project_chain
    from nosender.migrations.plan import hazards

    if place.checkout.base is None or place.chain is None:
        return
    revisions = list(reversed(list(place.chain.scripts.walk_revisions())))
    new = [each.revision for each in revisions if not place.checkout.in_base(place.file_of(each.revision))]
    target = place.database()
    for revision in (each.revision for each in revisions):
        seen: list[Seen] = []
        project_chain.upgrade(target, place.project, revision=revision, around=_noting(place, revision, seen))
        if revision not in new:
            continue
        for each in seen:
            blocking = [lock for lock in each.locks if lock.mode in _BLOCKING]
            slow = [lock for lock in blocking if lock.relation in {*each.rewrites, *each.scans}]
            told = hazards(each) if blocking else []
            where, name = place.file_of(revision), f"{revision} statement {each.number}"
            if slow:
                what = f"{slow[0].mode} on {slow[0].relation} blocks {slow[0].blocks} while the statement"
                yield Problem(
                    name, f"{what} {' and '.join(told) or 'reads the table'}.", where, 1, "statement"
                )
            for hazard in () if slow else told:
                yield Problem(
                    name, f"The statement {hazard}.", where, 1, "statement",
                    severity=Severity.MEDIUM, confidence=Confidence.HINT,
                )  # fmt: skip
            if blocking and not slow and not told:
                what = (
                    f"{blocking[0].mode} on {blocking[0].relation} blocks {blocking[0].blocks} for a moment."
                )
                yield Problem(
                    name, what, where, 1, "statement", severity=Severity.LOW, confidence=Confidence.HINT
                )


def _noting(place: ProjectPlace, revision: str, seen: list[Seen]) -> Callable[[psycopg.Connection[Any]], Any]:
    """Notes what the statements do that a revision runs on a connection."""
    from nosender.migrations.rehearsal import Rehearsal

    @contextmanager
    def around(connection: psycopg.Connection[Any]) -> Iterator[None]:
        with Rehearsal(connection, place.schema).noting(revision) as (noted, ready):
            connection.rollback()
            ready()
            yield
        seen.extend(noted)

    return around


def catalogue_complete(place: ProjectPlace) -> Iterator[Problem]:
    """Everything that the revisions make is declared, and nothing declared is missing."""
    from nosender.migrations import project_chain
    from nosender.project.declared import catalogue_of
    from nosender.schema.catalogue import check
    from nosender.schema.observe import observe

    try:
        catalogue = catalogue_of(place.project)
    except UsageError:
        raise CannotLook("the catalogue cannot be read") from None
    target = place.database()
    if place.project.own.alembic is not None:
        project_chain.upgrade(target, place.project)
    with target.connect("nosender gate", reading=True) as connection:
        live = observe(connection, place.schema)
    for problem in check(catalogue, live, place.schema):
        where, line = place.settings, 1
        if problem.place is not None:
            where, line = place.path(place.folder / problem.place.file), problem.place.line
        yield Problem(problem.object, f"{problem.object} {problem.sentence}", where, line, "catalogue")


def must_be_seen(place: ProjectPlace) -> Iterator[Problem]:
    """What the change of the catalogue asks a person to agree to: a hint each, which decides nothing."""
    from nosender.project.declared import overlay_of
    from nosender.schema.catalogue import load

    try:
        overlay = overlay_of(place.project)
        new = load(overlay=overlay)
    except UsageError:
        raise CannotLook("the catalogue cannot be read") from None
    if place.checkout.base is None or overlay is None:
        return
    with TemporaryDirectory() as folder:
        before = place.checkout.extract_base(place.path(overlay.folder), Path(folder))
        try:
            old = load(
                overlay=replace(overlay, folder=before, root=before.parent) if before is not None else None
            )
        except UsageError:
            raise CannotLook("the catalogue of the base cannot be read by this version") from None
    for change in changes(old, new):
        file = place.folder / change.file
        where = place.path(file) if file.is_file() else place.settings
        yield Problem(
            change.object, change.sentence, where, change.line if file.is_file() else 1, "catalogue",
            severity=_WEIGHTS[change.weight], confidence=Confidence.HINT,
        )  # fmt: skip


def audit_of_both(place: ProjectPlace) -> Audit:
    """The whole audit of what both chains make, with traffic in it and one sweep behind it."""
    from nosender.migrations import project_chain
    from nosender.privacy_audit import runner
    from nosender.retention.sweep import FAST, sweep
    from nosender.traffic.fill import fill

    target = place.database()
    if place.project.own.alembic is not None:
        project_chain.upgrade(target, place.project)
    fill(target, USERS, MESSAGES, SEED)
    sweep(target, pace=FAST, project=place.project)
    own = place.project.own
    return runner.run(
        target,
        runner.Options(
            command="nosender gate", waivers=own.waivers, project=place.project, frozen=place.frozen
        ),
    )


Look = Callable[[ProjectPlace], Iterator[Problem]]

_STEPS: tuple[tuple[str, str, str, Look, Severity, bool], ...] = (
    (
        "project-sound",
        "The project's settings, catalogue, waivers, checks and chain can be read and leave nothing open.",
        "Correct the line as the sentence says.",
        project_sound, Severity.HIGH, True,
    ),
    (
        "revisions-unchanged",
        "No revision differs from what databases were migrated with.",
        "Put the old text back and write a revision of its own for what is to change.",
        revisions_unchanged, Severity.HIGH, True,
    ),
    (
        "frozen-fresh",
        "The frozen file and the installed retention are what the revisions and the catalogue make.",
        "Run nosender project freeze and commit what it writes.",
        frozen_fresh, Severity.HIGH, False,
    ),
    (
        "up-down-up",
        "The project's revisions can be taken back and applied again, with the same result.",
        "Write the downgrade so that it takes back all that the upgrade does.",
        up_down_up, Severity.HIGH, False,
    ),
    (
        "locks-brief",
        "No new revision keeps a database at work waiting.",
        "Build it beside the traffic: CONCURRENTLY, NOT VALID and VALIDATE.",
        locks_brief, Severity.HIGH, False,
    ),
    (
        "catalogue-complete",
        "Every table, column and function is declared, and nothing else is.",
        "Declare it with its purpose, class, resolution and retention.",
        catalogue_complete, Severity.HIGH, False,
    ),
    (
        "checks-hold",
        "Each check of the project finds its bad example, and nothing in the others.",
        "Correct the check, or the example.",
        checks_hold, Severity.HIGH, False,
    ),
    (
        "reviewer-must-see",
        "What the change asks a reviewer to accept, in plain sentences.",
        "Nothing to correct: have a privacy reviewer agree to it.",
        must_be_seen, Severity.MEDIUM, True,
    ),
)  # fmt: skip
"""Slug, what holds when it passes, remedy, look, severity, and whether it is for a commit hook."""
