"""The keys of nosender.toml that say where a team's own things are, and the JSON Schema for editors."""

from __future__ import annotations

import json
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Literal

from nosender.errors import UsageError
from nosender.project.platform import json_schema as platform_schema
from nosender.schema.knobs import Knobs
from nosender.server.names import require_name, require_schema
from nosender.toml_reader import Section

FORMAT = 1
"""The newest format of nosender.toml that this version reads."""


LONGEST = 31
"""A project's name has at most so many letters: the journal's 64 also hold a revision of Alembic's 32."""


@dataclass(frozen=True, slots=True)
class Key:
    """One key that stands at the top of the file."""

    name: str
    kind: Literal["format", "text", "name", "file", "folder"]
    """A path is relative to the folder of the file; a name is one that PostgreSQL takes."""
    says: str


KEYS = (
    Key("format", "format", "The format of this file; left out, it is 1."),
    Key("name", "text", "What the project is called: reports say by it whose an object is."),
    Key("schema", "name", "The schema in which our tables stand, and the project's beside them."),
    Key("catalogue", "folder", "The folder that declares the project's own tables, a TOML file each."),
    Key("alembic", "file", "The alembic.ini of the project's own chain of revisions."),
    Key("version_table", "name", "The version table of that chain, which is never alembic_version."),
    Key("checks", "folder", "The folder of the project's own checks, a folder of five files for each."),
    Key(
        "waivers", "file", "Findings that somebody signed for; --waivers on the command line goes before it."
    ),
)


@dataclass(frozen=True, slots=True)
class Own:
    """What a team has of its own; paths are whole."""

    schema: str | None = None
    catalogue: Path | None = None
    alembic: Path | None = None
    version_table: str | None = None
    checks: Path | None = None
    waivers: Path | None = None


def is_name(text: str) -> bool:
    """Whether a project can be called so."""
    return 0 < len(text) <= LONGEST and text.isprintable()


def own(whole: Section, folder: Path) -> Own:
    """What the top of a file says of a team's own things; UsageError where two of them do not agree."""
    found: dict[str, Any] = {key.name: _value(whole, key, folder) for key in KEYS}
    del found["format"]
    table = found["version_table"]
    if found["alembic"] is None and table is not None:
        raise whole.refuse("version_table", "version_table is that of a chain: name its alembic.ini too.")
    if found["alembic"] is not None:
        if table is None:
            raise whole.refuse("alembic", "alembic needs a version_table of the project's own beside it.")
        if "." in table:
            raise whole.refuse(
                "version_table", "version_table stands in the schema of ours: its name has no dot."
            )
        if table == "alembic_version":
            raise whole.refuse(
                "version_table",
                "alembic_version is where our own chain keeps its place: name another table for yours.",
            )
    for key in ("catalogue", "checks"):
        if found[key] is not None and found["name"] is None:
            raise whole.refuse(key, "a project with something of its own needs a name.")
    if (name := found.pop("name")) is not None and not is_name(name):
        raise whole.refuse(
            "name",
            f"name is one line of at most {LONGEST} letters: the journal keeps it before each revision.",
        )
    return Own(**found)


def _value(whole: Section, key: Key, folder: Path) -> str | Path | None:
    if key.kind == "format":
        if "format" in whole.values and whole.number("format") != FORMAT:
            raise whole.refuse(
                "format", f"this is a format of another version of nosender, which reads format {FORMAT}."
            )
        whole.skip("format")
        return None
    text = whole.optional_text(key.name)
    if text is None or key.kind == "text":
        return text
    if key.kind == "name":
        try:
            return require_schema(text) if key.name == "schema" else require_name(text, key.name)
        except UsageError as error:
            raise whole.refuse(key.name, str(error)) from None
    path = folder / text
    if Path(text).is_absolute() or not path.resolve().is_relative_to(folder.resolve()):
        raise whole.refuse(key.name, f"{key.name} must lie in the folder of this file.")
    if not (path.is_dir() if key.kind == "folder" else path.is_file()):
        raise whole.refuse(key.name, f"{key.name} names {text!r}, and there is no such {key.kind}.")
    return path


def json_schema() -> str:
    """The JSON Schema of nosender.toml, for editors: docs/nosender-toml.schema.json."""
    text = {"type": "string", "minLength": 1}
    properties: dict[str, Any] = {
        key.name: {"const": FORMAT, "description": key.says}
        if key.kind == "format"
        else {**text, "description": key.says}
        for key in KEYS
    }
    properties["name"]["maxLength"] = LONGEST
    properties["schemas"] = {
        "type": "object",
        "description": "Schemas that are neither ours nor the project's, each excused by name.",
        "additionalProperties": {
            "type": "object",
            "properties": {
                "purpose": text,
                "owner": text,
                "expires": {"description": "The last day on which the excuse counts: a date, no quotes."},
            },
            "required": ["purpose", "owner", "expires"],
            "additionalProperties": False,
        },
    }
    age = {**text, "description": "A length of time such as 30 days, or off where the knob may be off."}
    properties["retention"] = {
        "type": "object",
        "description": "The knobs: how long things stay, as decided by whoever runs the database.",
        "properties": {"delivered": {"enum": ["keep", "delete"]}}
        | {each.name: age for each in fields(Knobs) if each.name != "delivered"},
        "additionalProperties": False,
    }
    properties["platform"] = platform_schema()
    document = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "nosender.toml",
        "description": "A team's own tables, chain and waivers beside those of nosender.",
        "type": "object",
        "properties": properties,
        "additionalProperties": False,
        "dependentRequired": {
            "alembic": ["version_table"], "version_table": ["alembic"],
            "catalogue": ["name"], "checks": ["name"],
        },
    }  # fmt: skip
    return json.dumps(document, indent=2) + "\n"
