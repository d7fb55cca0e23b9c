"""The gate in a team's own repository: its revisions, its catalogue, and the audit of both together.

Our own DDL, revisions and catalogue are not the team's: they were judged before they were released, so they
cost nothing here.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from functools import cached_property
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from nosender.errors import NosenderError, UsageError
from nosender.gate.checkout import Checkout
from nosender.gate.review_notes import Weight, changes
from nosender.gate.step import CannotLook, Problem, Step
from nosender.privacy_audit.finding import Confidence, Severity
from nosender.project import find

if TYPE_CHECKING:
    import psycopg

    from nosender.migrations.project_chain import ProjectChain
    from nosender.migrations.rehearsal import Seen
    from nosender.privacy_audit.result.audit import Audit
    from nosender.project import Project
    from nosender.project.frozen import Frozen
    from nosender.server.target import Target

_BLOCKING = ("SHARE", "SHARE ROW EXCLUSIVE", "EXCLUSIVE", "ACCESS EXCLUSIVE")
_WEIGHTS = {
    Weight.LINKS: Severity.HIGH,
    Weight.KEEPS: Severity.MEDIUM,
    Weight.ADDS: Severity.LOW,
    Weight.TIGHTENS: Severity.LOW,
}
USERS, MESSAGES, SEED = 20, 200, 1
"""The traffic that the audit looks at."""


class ProjectPlace:
    """What the steps share: the project in its checkout, and one scratch server."""

    def __init__(
        self, checkout: Checkout, folder: Path, server: str | None = None, timeout: int = 300
    ) -> None:
        self.checkout = checkout
        self.folder = folder
        """Where its nosender.toml stands."""
        self.changed = checkout.changed()
        self._named_server = server
        self._timeout = timeout
        self._stack = ExitStack()

    def __enter__(self) -> ProjectPlace:
        return self

    def __exit__(self, *_error: object) -> None:
        self._stack.close()

    @cached_property
    def project(self) -> Project:
        """The project as its nosender.toml says."""
        return find(self.folder)

    @property
    def schema(self) -> str:
        """Where the tables stand."""
        return self.project.own.schema or "public"

    @property
    def settings(self) -> PurePosixPath:
        """The file of the project, within the checkout."""
        return self.path(self.project.file or self.folder / "nosender.toml")

    def path(self, file: Path) -> PurePosixPath:
        """A file of the checkout, as reports name it."""
        return PurePosixPath(file.resolve().relative_to(self.checkout.root.resolve()).as_posix())

    def touches(self) -> bool:
        """Whether the change has anything to do with the project's own."""
        own = self.project.own
        files = {self.settings, *(self.path(each) for each in (own.alembic, own.waivers) if each is not None)}
        rooms = [self.path(own.catalogue)] if own.catalogue is not None else []
        if (folder := self.scripts) is not None:
            rooms.append(self.path(folder))
        return any(each in files or any(each.is_relative_to(room) for room in rooms) for each in self.changed)

    @cached_property
    def scripts(self) -> Path | None:
        """The folder of the project's chain."""
        from nosender.project.frozen import script_folder

        alembic = self.project.own.alembic
        return script_folder(alembic) if alembic is not None else None

    @cached_property
    def chain(self) -> ProjectChain | None:
        """The project's revisions."""
        from nosender.migrations.project_chain import ProjectChain

        return ProjectChain.load(self.project)

    @cached_property
    def server(self) -> str:
        """The conninfo of the scratch server, the embedded one unless another was named."""
        from psycopg.conninfo import conninfo_to_dict, make_conninfo

        named = self._named_server
        if named is None:
            from nosender.server.embedded import EmbeddedServer

            named = self._stack.enter_context(EmbeddedServer()).conninfo()
        given = str(conninfo_to_dict(named).get("options") or "")
        return make_conninfo(named, options=f"{given} -c statement_timeout={self._timeout * 250}ms".strip())

    @cached_property
    def frozen(self) -> Frozen:
        """What a freeze would write now."""
        from nosender.migrations.freeze import freeze

        return freeze(self.server, self.project)

    def database(self) -> Target:
        """A database with our head in it, dropped at the end."""
        return self._scratch(self._ours)

    @cached_property
    def _ours(self) -> str:
        from nosender.migrations import runner

        target = self._scratch("template0")
        runner.upgrade(target)
        return name_of(target)

    def _scratch(self, template: str) -> Target:
        from nosender.server.scratch import scratch_database
        from nosender.server.target import Target

        made = self._stack.enter_context(scratch_database(self.server, template=template))
        return Target(made, self.schema)

    def file_of(self, revision: str) -> PurePosixPath:
        """The file of one of the project's revisions."""
        assert self.chain is not None  # noqa: S101 (it has named the revision)
        found = self.chain.scripts.get_revision(revision)
        return self.path(Path(found.path)) if found is not None else self.settings


def name_of(target: Target) -> str:
    """The name of a database, for others to be made of."""
    from psycopg.conninfo import conninfo_to_dict

    return str(conninfo_to_dict(target.conninfo)["dbname"])


def steps(place: ProjectPlace) -> tuple[Step, ...]:
    """The steps of the gate for a project, in their order; the audit comes after them."""

    def step(
        slug: str, title: str, remedy: str, look: Callable[[ProjectPlace], Iterator[Problem]], **more: Any
    ) -> Step:
        return Step(slug, title, remedy, lambda _workplace: look(place), **more)

    return (
        step(
            "project-sound",
            "The project's settings, catalogue, waivers and chain can be read and leave nothing open.",
            "Correct the line as the sentence says.",
            project_sound,
            fast=True,
        ),
        step(
            "revisions-unchanged",
            "No revision differs from what databases were migrated with.",
            "Put the old text back and write a revision of its own for what is to change.",
            revisions_unchanged,
            fast=True,
        ),
        step(
            "frozen-fresh",
            "The frozen file is what the revisions make.",
            "Run nosender project freeze and commit what it writes.",
            frozen_fresh,
        ),
        step(
            "up-down-up",
            "The project's revisions can be taken back and applied again, with the same result.",
            "Write the downgrade so that it takes back all that the upgrade does.",
            up_down_up,
        ),
        step(
            "locks-brief",
            "No new revision keeps a database at work waiting.",
            "Build it beside the traffic: CONCURRENTLY, NOT VALID and VALIDATE.",
            locks_brief,
        ),
        step(
            "catalogue-complete",
            "Every table, column and function is declared, and nothing else is.",
            "Declare it with its purpose, class, resolution and retention.",
            catalogue_complete,
        ),
        step(
            "reviewer-must-see",
            "What the change asks a reviewer to accept, in plain sentences.",
            "Nothing to correct: have a privacy reviewer agree to it.",
            must_be_seen,
            severity=Severity.MEDIUM,
            fast=True,
        ),
    )


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

    from nosender.privacy_audit.check import discover
    from nosender.privacy_audit.result.waivers import read
    from nosender.project.declared import catalogue_of

    looks: dict[str, Callable[[], object]] = {
        "the catalogue": lambda: catalogue_of(place.project),
        "the chain": lambda: place.chain,
    }
    waivers = place.project.own.waivers
    if waivers is not None:
        looks["the waivers"] = lambda: read(waivers, discover(), datetime.now(UTC).date())
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
    from nosender.project.declared import catalogue_of, frozen_path
    from nosender.retention.project_policy import missing
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
    if missing(catalogue_of(place.project), whole) is not None:
        detail = "The retention that the catalogue declares is not what the revisions install."
        yield Problem("retention_project_policy", detail, place.settings, 1, "project")


def up_down_up(place: ProjectPlace) -> Iterator[Problem]:
    """The project's chain goes down to what was there before it, and up again with the same result."""
    from nosender.migrations import project_chain
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
    for what, one, other in (("Down", before, down), ("Up again", up, seen())):
        for each in differences(one, other, place.schema):
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
