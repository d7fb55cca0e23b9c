"""What a project declares, with ours: one catalogue, and one picture of how the schema has to look."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from nosender.errors import UsageError
from nosender.project.frozen import FILE as FROZEN
from nosender.project.frozen import Frozen
from nosender.project.read import Project
from nosender.schema.catalogue import Catalogue, Overlay, load
from nosender.toml_reader import Place

if TYPE_CHECKING:
    from nosender.schema.observe.observation import SchemaKind


def overlay_of(project: Project) -> Overlay | None:
    """Where the project declares its own; None where it has nothing of its own."""
    own = project.own
    if own.catalogue is None or project.file is None or project.name is None:
        if own.alembic is not None:
            raise UsageError(
                f"{project.file}: a chain of its own makes tables: name the catalogue that declares them."
            )
        return None
    where = Place(project.file.name, 1)
    return Overlay(
        project.name, project.file.parent, own.catalogue, own.version_table, own.schema or "public", where
    )


def catalogue_of(project: Project) -> Catalogue:
    """Our catalogue, with what the project adds to it."""
    catalogue = load(overlay=overlay_of(project))
    for each in project.schemas:
        if each.name in catalogue.schemas:
            raise UsageError(
                f"{each.place}: schema {each.name} is excused and declared: what the catalogue declares "
                "needs no excuse, and what else stands there gets none"
            )
    return catalogue


def require_schema_of(project: Project, schema: str) -> None:
    """UsageError where a command looks at another schema than the project's."""
    if project.own.schema not in (None, schema):
        raise UsageError(
            f"{project.file}: the project stands in schema {project.own.schema}, and {schema} was asked "
            "about: name the same one with --schema."
        )


def frozen_path(project: Project) -> Path | None:
    """The frozen file of the project, where it can have one."""
    return None if project.own.catalogue is None else project.own.catalogue / FROZEN


def frozen_of(project: Project, schema: str) -> Frozen | None:
    """What the project's objects look like; None where it has none. UsageError: stale, or not frozen."""
    require_schema_of(project, schema)
    path = frozen_path(project)
    if path is None or overlay_of(project) is None:
        return None
    if not path.is_file():
        if project.own.alembic is None:
            return None
        raise UsageError(
            f"{path} is not there, so nobody knows how the project's tables have to look: run `nosender "
            "project freeze` and commit what it writes"
        )
    frozen = Frozen.read(path)
    if frozen.schema != schema:
        raise UsageError(
            f"{path} was frozen in schema {frozen.schema}, and {schema} was asked about: freeze it anew"
        )
    frozen.require_fresh(path, project)
    return frozen


def owner_of(project: Project, schema: str) -> Callable[[str], str | None]:
    """Tells of an object, named as in SQL, whether it is the project's: then what that is called."""
    from nosender.schema.observe.quoting import qualified

    frozen = frozen_of(project, schema)
    if frozen is None:
        return lambda _name: None
    seen = frozen.observation
    kinds: tuple[SchemaKind, ...] = (
        "relations", "indexes", "sequences", "functions", "types", "statistics"
    )  # fmt: skip
    found = {qualified(each.schema, each.name) for kind in kinds for each in seen.of(kind)}
    names = sorted(found, key=len, reverse=True)
    any_of = re.compile(rf'(?<![\w".])(?:{"|".join(map(re.escape, names)) or "(?!)"})(?![\w"])')
    return lambda name: project.name if any_of.search(name) else None


def digest_of(project: Project) -> str | None:
    """`sha256:` of all that the project declares, with what was frozen; None where it declares nothing."""
    overlay, path = overlay_of(project), frozen_path(project)
    if overlay is None or path is None:
        return None
    whole = hashlib.sha256(overlay.digest().encode())
    if path.is_file():
        whole.update(path.read_bytes().replace(b"\r\n", b"\n"))
    return f"sha256:{whole.hexdigest()}"
