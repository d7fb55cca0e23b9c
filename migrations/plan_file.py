"""A plan that was kept as a file, and what it must still agree with: the schema and the revisions."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg

from nosender.errors import NosenderError, UsageError
from nosender.migrations import project_rehearsal

if TYPE_CHECKING:
    from nosender.migrations.knob_step import Turn
    from nosender.migrations.revisions import Revision
    from nosender.project import Project

FORMAT = "nosender.plan/1"


def fingerprint_of(connection: psycopg.Connection, schema: str) -> str:
    """A hash of the schema as it is, the same for equal schemas."""
    from nosender.schema.observe import observe, within

    text = within(observe(connection, schema), schema).to_json()
    return "sha256:" + hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def require_unchanged(
    path: Path,
    connection: psycopg.Connection,
    schema: str,
    pending: tuple[Revision, ...],
    turn: Turn | None,
    project: Project | None = None,
) -> None:
    """Refuse to go by a plan that was made for another schema, for other revisions or for other knobs.

    What follows of a project's chain counts as well.
    """
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        if data["format"] != FORMAT:
            raise UsageError(f"{path} is not a plan of the form {FORMAT}")
        planned = [(each["revision"], each["checksum"]) for each in data["revisions"]]
        following = [
            (each["revision"], each["checksum"]) for each in (data.get("project") or {}).get("revisions", ())
        ]
        fingerprint, knobs = data["fingerprint"], (data.get("knobs") or {}).get("sql")
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise UsageError(f"{path} cannot be read as a plan: make one with nosender db plan") from error
    if planned != [(each.revision, each.checksum) for each in pending]:
        raise NosenderError(f"the plan {path} is of other revisions than are pending: make it again")
    theirs = project_rehearsal.pending(connection, schema, project) if project is not None else None
    if following != (theirs.digests if theirs is not None else []):
        raise NosenderError(
            f"the plan {path} is of other revisions of the project than follow: make it again"
        )
    if knobs != (turn.sql if turn is not None else None):
        raise NosenderError(f"the plan {path} is of other knobs than nosender.toml declares: make it again")
    if fingerprint != fingerprint_of(connection, schema):
        raise NosenderError(f"the schema has changed since the plan {path} was made: make it again")
