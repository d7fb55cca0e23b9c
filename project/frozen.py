"""What a project's own objects look like, in one file: drift and the audit compare the live ones with it."""

from __future__ import annotations

import configparser
import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Self

from nosender.errors import UsageError

if TYPE_CHECKING:
    from nosender.project.read import Project
    from nosender.schema.observe import Observation

FILE = "frozen.json"
FORMAT = "nosender.project/1"


@dataclass(frozen=True, slots=True)
class Frozen:
    """The project's objects in our schema, and the revisions that make them."""

    schema: str
    head: str | None
    """The last revision of the project's chain."""
    revisions: str
    """The digest of its files."""
    observation: Observation

    def to_json(self) -> str:
        """The text of the file; the same objects, the same bytes."""
        words = {
            "format": FORMAT,
            "schema": self.schema,
            "head": self.head,
            "revisions": self.revisions,
        }
        lines = [f"  {json.dumps(name)}: {json.dumps(value)}," for name, value in words.items()]
        observation = self.observation.to_json().strip().replace("\n", "\n  ")
        return "{\n" + "\n".join(lines) + f'\n  "observation": {observation}\n' + "}\n"

    @classmethod
    def read(cls, path: Path) -> Self:
        """The file of `path`. UsageError where it is not one, or a newer version's."""
        from nosender.schema.observe import Observation

        again = "run `nosender project freeze` and commit what it writes"
        try:
            found = json.loads(path.read_text(encoding="utf-8"))
            form = found["format"]
        except (OSError, ValueError, KeyError, TypeError, RecursionError):
            raise UsageError(f"{path} is no frozen file of ours: {again}") from None
        if form != FORMAT:
            raise UsageError(f"{path} has the format {form!r}, and this version reads {FORMAT}: {again}")
        try:
            observation = Observation.from_json(json.dumps(found["observation"]))
            return cls(found["schema"], found["head"], found["revisions"], observation)
        except (ValueError, KeyError, TypeError):
            raise UsageError(f"{path} is no frozen file of ours: {again}") from None

    def require_fresh(self, path: Path, project: Project) -> None:
        """UsageError where the revisions are not those that were frozen."""
        if self.revisions != digest_of_revisions(project):
            raise UsageError(
                f"{path} is stale, for the project's revisions have changed since: run `nosender project "
                "freeze` and commit what it writes"
            )


def script_folder(alembic: Path) -> Path:
    """The folder of the revisions of an alembic.ini; UsageError where it names none that is there."""
    parser = configparser.ConfigParser({"here": str(alembic.parent.resolve())})
    try:
        parser.read_string(alembic.read_text(encoding="utf-8"))
        place = parser.get("alembic", "script_location")
    except (OSError, UnicodeDecodeError, configparser.Error):
        raise UsageError(
            f"{alembic} names no script_location in its section [alembic], or cannot be read"
        ) from None
    if parser.has_option("alembic", "version_locations"):
        raise UsageError(f"{alembic} has version_locations: keep the revisions in one folder, versions.")
    folder = alembic.parent / place
    if not (folder / "versions").is_dir():
        raise UsageError(f"{alembic}: script_location names {place}, which holds no folder versions.")
    return folder


def digest_of_revisions(project: Project) -> str:
    """`sha256:` of the names and texts of the project's revisions, and of its version table."""
    whole = hashlib.sha256()
    if project.own.alembic is not None:
        folder = script_folder(project.own.alembic) / "versions"
        whole.update(f"{project.own.version_table}\n".encode())
        for path in sorted(folder.rglob("*"), key=lambda path: path.relative_to(folder).as_posix()):
            if path.suffix not in (".py", ".sql"):
                continue
            name, text = path.relative_to(folder).as_posix().encode(), path.read_bytes()
            text = text.replace(b"\r\n", b"\n")
            whole.update(b"%d %s %d %s" % (len(name), name, len(text), text))
    return f"sha256:{whole.hexdigest()}"
