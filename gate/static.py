"""The steps that need no server: they read the files of the change and those of its base."""

from __future__ import annotations

import ast
import importlib.util
import json
import re
import subprocess
import sys
import tomllib
import unicodedata
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import zip_longest
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from nosender.errors import NosenderError, UsageError
from nosender.gate.change_lines import (
    Spot,
    first_change,
    is_text,
    line_in_section,
    newest_revision,
    place_of,
    read_lines,
)
from nosender.gate.review_notes import Change, Weight, changes, waived, widened
from nosender.gate.step import CannotLook, Problem
from nosender.gate.workplace import CATALOGUE, ROOMS, STANDARDS, VERSIONS, WAIVERS, Workplace
from nosender.privacy_audit.finding import Claim, Confidence, Severity

if TYPE_CHECKING:
    from nosender.migrations.revisions import Revision

_FORMS = PurePosixPath("schema/layouts/citus/revisions")
_ALLOWED_IMPORTS = sys.stdlib_module_names | {"alembic", "sqlalchemy"}
_WEIGHTS = {
    Weight.LINKS: Severity.CRITICAL,
    Weight.KEEPS: Severity.HIGH,
    Weight.ADDS: Severity.MEDIUM,
    Weight.TIGHTENS: Severity.LOW,
}


def sql_style(workplace: Workplace) -> Iterator[Problem]:
    """Sqlfluff over the SQL files that the change touches, with the settings of the checkout."""
    files = []
    for path in workplace.changed:
        if path.suffix in (".sql", ".toml", ".py") and any(path.is_relative_to(room) for room in ROOMS):
            yield from _unseen_characters(workplace, path)
        if path.suffix != ".sql" or not _exists(workplace, path):
            continue
        if is_text(workplace.checkout.root / path):
            files.append(path)
        else:
            yield Problem(str(path), f"{path.name} is not text in UTF-8.", path, 1)
    if not files:
        return
    if importlib.util.find_spec("sqlfluff") is None:
        raise CannotLook("sqlfluff is not installed: install nosender[gate]")
    command = [sys.executable, "-m", "sqlfluff", "lint", "--format", "json", "--disable-progress-bar"]
    answer = subprocess.run(
        # Each more process begins with a second of imports, in which one reads several files.
        [*command, *("--processes", "2" if len(files) > 50 else "1"), "--", *map(str, files)],
        cwd=workplace.checkout.root,
        capture_output=True,
        text=True,
        check=False,
    )
    try:
        report = json.loads(answer.stdout)
    except json.JSONDecodeError:
        reason = answer.stderr.strip().splitlines() or ["no reason given"]
        raise CannotLook(f"sqlfluff failed: {reason[-1]}") from None
    for file in report:
        for violation in file["violations"]:
            path = PurePosixPath(file["filepath"])
            line = violation.get("start_line_no") or violation.get("line_no") or 1
            yield Problem(str(path), f"{violation['code']}: {violation['description']}", path, line)


_UNSEEN = re.compile("[\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]")
"""Characters that reorder or hide the text around them, so that a reviewer reads something else than runs."""


def _unseen_characters(workplace: Workplace, path: PurePosixPath) -> Iterator[Problem]:
    lines = read_lines(workplace, path)
    for number in workplace.touched(path).lines:
        if number <= len(lines) and (found := _UNSEEN.search(lines[number - 1])):
            character = f"U+{ord(found[0]):04X} {unicodedata.name(found[0], '')}".rstrip()
            sentence = (
                f"The line holds {character}, which nobody sees: it may run as something else than it reads."
            )
            yield Problem(
                str(path), sentence, path, number, severity=Severity.HIGH,
                remedy="Write the line without the character.",
            )  # fmt: skip


def revisions_sound(workplace: Workplace) -> Iterator[Problem]:
    """One head, and each revision in one transaction or in single steps, importing nothing of ours."""
    from nosender.migrations.lint import problems
    from nosender.migrations.revisions import Chain, RevisionError

    folder = workplace.checkout.root / VERSIONS
    try:
        chain = Chain.load(folder)
    except RevisionError as error:
        named = re.search(r"[\w.-]+\.py", str(error))
        path = VERSIONS / named[0] if named else newest_revision(workplace)
        line = re.search(r", line (\d+)", str(error))
        yield Problem("the chain of revisions", f"{error}.", path, int(line[1]) if line else 1, "revision")
        return
    for revision in chain.revisions:
        path = VERSIONS / revision.path.name
        if not revision.expected.is_file():
            sentence = f"{path.name} has no {revision.expected.name}, which says what it must lead to."
            yield Problem(revision.revision, sentence, path, 1, "revision", remedy="Run make generate.")
        for problem in (*_alone(revision), *_reversible(revision)):
            yield Problem(revision.revision, f"{problem}.", path, 1, "revision")
        for problem in problems(revision):
            script = re.search(r"\b(up|down)(?:\.sql| step)", problem)
            where = path.with_suffix(f".{script[1]}.sql") if script else path
            yield Problem(revision.revision, f"{problem}.", where, first_change(workplace, where), "revision")
        yield from _in_the_layout(revision, workplace)


def _in_the_layout(revision: Revision, workplace: Workplace) -> Iterator[Problem]:
    """A revision that touches what the layout for Citus has otherwise has a form of its own there."""
    from nosender.migrations.layout_step import touched
    from nosender.schema.layouts.standing import first_revision

    names = touched(revision.sql("up")) if revision.revision > first_revision() else ()
    forms = [_FORMS / f"{revision.revision}.{direction}.sql" for direction in ("up", "down")]
    if not names or all((workplace.checkout.root / form).is_file() for form in forms):
        return
    path = VERSIONS / revision.path.with_suffix(".up.sql").name
    lines = enumerate(read_lines(workplace, path), 1)
    line = next((number for number, text in lines if f"public.{names[0]}" in text), 1)
    sentence = (
        f"It changes {', '.join(names)}, which the layout for Citus has otherwise, and has no form for it: a "
        "database in the layout refuses it."
    )
    remedy = f"Write {forms[0]} and {forms[1].name}, a statement after the other."
    yield Problem(revision.revision, sentence, path, line, "revision", remedy=remedy)


def _alone(revision: Revision) -> Iterator[str]:
    """What a revision imports beyond Alembic, SQLAlchemy and Python: that changes, and a revision may not."""
    for node in ast.walk(ast.parse(revision.path.read_text(encoding="utf-8"))):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        if isinstance(node, ast.ImportFrom):
            names = ["." * node.level + (node.module or "")]
        for name in names:
            if name.partition(".")[0] not in _ALLOWED_IMPORTS:
                yield f"{revision.path.name} imports {name}, which may be another one when it is run"


def _reversible(revision: Revision) -> Iterator[str]:
    """A revision says how it is taken back, or that it cannot be."""
    if revision.downgrade_is == "irreversible":
        return
    if revision.sql("up").strip() and not revision.sql("down").strip():
        yield (
            f"{revision.path.name} has an up.sql and no down.sql: write it, or say "
            'downgrade_is = "irreversible"'
        )
    for node in ast.parse(revision.path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.FunctionDef) and node.name == "downgrade":
            if all(isinstance(line, ast.Pass | ast.Expr) and not _calls(line) for line in node.body):
                yield (
                    f"{revision.path.name} has an empty downgrade(): write it, or say "
                    'downgrade_is = "irreversible"'
                )
            return
    yield f'{revision.path.name} has no downgrade(): write it, or say downgrade_is = "irreversible"'


def _calls(line: ast.stmt) -> bool:
    return any(isinstance(node, ast.Call) for node in ast.walk(line))


def revisions_unchanged(workplace: Workplace) -> Iterator[Problem]:
    """A revision that the base has is what some database was migrated with: it may not change or go."""
    from nosender.migrations.checksum import python_digest, sql_digest

    for path in workplace.changed:
        before = workplace.checkout.read_base(path) if path.parent == VERSIONS else None
        if before is None or path.suffix not in (".py", ".sql"):
            continue
        file = workplace.checkout.root / path
        if not file.exists():
            detail = f"{path.name} of the base is gone, and databases were migrated with it."
            yield Problem(path.name, detail, newest_revision(workplace), 1, "revision")
            continue
        digest = python_digest if path.suffix == ".py" else sql_digest
        try:
            same = digest(before) == digest(file.read_text(encoding="utf-8"))
        except (SyntaxError, UnicodeDecodeError):
            same = False
        if not same:
            detail = f"{path.name} is not what the base has, and databases were migrated with that."
            yield Problem(path.name, detail, path, first_change(workplace, path), "revision")


def catalogue_sound(workplace: Workplace) -> Iterator[Problem]:
    """The catalogue can be read, every purpose said; and so can the waivers."""
    from nosender.privacy_audit.check import discover
    from nosender.privacy_audit.result.waivers import read

    try:
        _ = workplace.catalogue
    except UsageError as error:
        yield _catalogue_problem(error)
    waivers = workplace.checkout.root / WAIVERS
    if not waivers.is_file():
        return
    try:
        read(waivers, discover(), datetime.now(UTC).date())
    except UsageError as error:
        place = re.match(r"[^:]*:(\d+)", str(error))
        yield Problem("the waivers", str(error), WAIVERS, int(place[1]) if place else 1, "waiver")


def standards_sound(workplace: Workplace) -> Iterator[Problem]:
    """Each standard can be read, and what it cites is there."""
    from nosender.privacy_audit.check import discover
    from nosender.privacy_audit.result.waivers import CHECKS
    from nosender.privacy_audit.standards import standards

    known = {loaded.check.slug for loaded in discover()} | {check.slug for check in CHECKS.values()}
    try:
        every = standards()
    except UsageError as error:
        place = re.match(r"(?P<file>[\w.-]+\.toml):(?P<line>\d+)", str(error))
        path = STANDARDS / (place["file"] if place else "__init__.py")
        yield Problem("the standards", str(error), path, int(place["line"]) if place else 1, "standard")
        return
    for requirement in (each for standard in every for each in standard.requirements):
        for slug in sorted(set(requirement.checks) - known):
            sentence = f"{requirement.id} cites the check {slug}, which does not exist."
            yield Problem(requirement.id, sentence, *_cited(workplace, slug), "standard")


def _cited(workplace: Workplace, slug: str) -> Spot:
    """The line of a standard that names a check."""
    for file in sorted((workplace.checkout.root / STANDARDS).glob("*.toml")):
        path = STANDARDS / file.name
        for number, text in enumerate(read_lines(workplace, path), 1):
            if f'"{slug}"' in text:
                return path, number
    return STANDARDS / "__init__.py", 1


def _catalogue_problem(error: NosenderError) -> Problem:
    """The sentence of a catalogue that cannot be read, with the file and line that it names."""
    sentence = str(error)
    place = re.match(r"(?P<file>[\w./-]+\.toml):(?P<line>\d+)", sentence)
    path = CATALOGUE / (place["file"] if place else "policy.toml")
    return Problem("the catalogue", sentence, path, int(place["line"]) if place else 1, "catalogue")


def generated_fresh(workplace: Workplace) -> Iterator[Problem]:
    """What is made from the catalogue stands as it would be made now: comments, dictionary, queries."""
    from nosender.gate.generated import of_catalogue
    from nosender.schema.observe import reference

    try:
        catalogue = workplace.catalogue
    except UsageError:
        raise CannotLook("the catalogue cannot be read") from None
    for name, wanted in of_catalogue(catalogue, reference()).items():
        path = PurePosixPath(name)
        line = first_difference(workplace, path, wanted)
        if line is not None:
            yield Problem(str(path), f"{path.name} is not what the catalogue says.", path, line)


def first_difference(workplace: Workplace, path: PurePosixPath, wanted: str) -> int | None:
    """The first line of a file that is not as it would be made now; None where it is fresh."""
    file = workplace.checkout.root / path
    found = file.read_text(encoding="utf-8") if file.exists() else ""
    if found == wanted:
        return None
    pairs = zip_longest(found.splitlines(), wanted.splitlines())
    return next((number for number, (old, new) in enumerate(pairs, 1) if old != new), 1)


def must_be_seen(workplace: Workplace) -> Iterator[Problem]:
    """What the change asks a person to agree to, in sentences: a hint each, which decides nothing."""
    if workplace.checkout.base is None:
        return
    found = [*_of_catalogue(workplace), *_of_rights(workplace), *_of_waivers(workplace)]
    for change, (path, line) in found:
        yield Problem(
            change.object,
            change.sentence,
            path,
            line,
            "catalogue",
            severity=_WEIGHTS[change.weight],
            confidence=Confidence.HINT,
        )


def _of_catalogue(workplace: Workplace) -> list[tuple[Change, Spot]]:
    from nosender.schema.catalogue import load

    try:
        new = workplace.catalogue
    except UsageError:
        raise CannotLook("the catalogue cannot be read") from None
    with TemporaryDirectory() as folder:
        before = workplace.checkout.extract_base(CATALOGUE, Path(folder))
        if before is None:
            return []
        try:
            old = load(before)
        except UsageError:
            raise CannotLook("the catalogue of the base cannot be read by this version") from None
    found = []
    for change in changes(old, new):
        path = CATALOGUE / change.file
        if not _exists(workplace, path):  # the declaration of a table that is gone went with its file
            path = CATALOGUE / "policy.toml"
        found.append((change, (path, line_in_section(workplace, path, change.line, change.section))))
    return found


def _of_rights(workplace: Workplace) -> list[tuple[Change, Spot]]:
    from nosender.schema.observe import Observation

    path = PurePosixPath("schema/observe/reference.json")
    old, file = workplace.checkout.read_base(path), workplace.checkout.root / path
    if old is None or not file.is_file():
        return []
    try:
        found = widened(Observation.from_json(old), Observation.from_json(file.read_text(encoding="utf-8")))
    except (KeyError, TypeError, ValueError):
        raise CannotLook("the reference of the base cannot be read by this version") from None
    return [(change, place_of(workplace, change.object, change.sentence)) for change in found]


def _of_waivers(workplace: Workplace) -> list[tuple[Change, Spot]]:
    from nosender.privacy_audit.check import discover

    file = workplace.checkout.root / WAIVERS
    if not file.is_file():
        return []
    try:
        old = tomllib.loads(workplace.checkout.read_base(WAIVERS) or "")
        new = tomllib.loads(file.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError):
        raise CannotLook(f"{WAIVERS} cannot be read") from None
    linking = frozenset(
        loaded.check.slug
        for loaded in discover()
        if loaded.check.claim in (Claim.NO_SENDER, Claim.NO_RELATIONSHIP)
    )
    return [
        (change, (WAIVERS, _line_of_waiver(workplace, change.object))) for change in waived(old, new, linking)
    ]


def _line_of_waiver(workplace: Workplace, name: str) -> int:
    """The header of the waiver whose object is this."""
    header = 1
    for number, text in enumerate(read_lines(workplace, WAIVERS), 1):
        if text.startswith("["):
            header = number
        if re.match(r"\s*(object|check)\s*=", text) and name in text:
            return header
    return first_change(workplace, WAIVERS)


def _exists(workplace: Workplace, path: PurePosixPath) -> bool:
    return (workplace.checkout.root / path).is_file()
