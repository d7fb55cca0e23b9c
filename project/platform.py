"""The platform of nosender.toml: on whose server the database stands, and whom a team trusts there."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from nosender.toml_reader import Place, Section

NAMES = ("azure", "cloudsql", "cnpg", "neon", "rds", "supabase")
"""The platforms that have a profile."""


@dataclass(frozen=True, slots=True)
class Key:
    """One thing to declare beside the name."""

    name: str
    kind: Literal["names", "count", "text", "date"]
    says: str


KEYS = (
    Key("administrators", "names", "The logins that administer the server for you, and may read everything."),
    Key("backup_days", "count", "For how many days backups are kept, and what they are restored with."),
    Key("log_days", "count", "For how many days the platform keeps the server's log."),
    Key("log_readers", "text", "Who may read that log."),
    Key("replicas", "count", "How many copies of the server follow it."),
    Key("expires", "date", "The last day on which this declaration counts: a date, no quotes."),
)
"""What is left out is not declared, and no audit passes without it."""


@dataclass(frozen=True, slots=True)
class Platform:
    """What a team declares of the platform; None is what it does not declare."""

    name: str
    place: Place
    administrators: tuple[str, ...] | None = None
    backup_days: int | None = None
    log_days: int | None = None
    log_readers: str | None = None
    replicas: int | None = None
    expires: date | None = None

    @property
    def undeclared(self) -> tuple[str, ...]:
        """The keys that are left out."""
        return tuple(key.name for key in KEYS if getattr(self, key.name) is None)

    def as_data(self) -> dict[str, Any]:
        """What is declared, as a report repeats it."""
        said = {"name": self.name} | {key.name: getattr(self, key.name) for key in KEYS}
        return {
            name: value.isoformat()
            if isinstance(value, date)
            else list(value)
            if isinstance(value, tuple)
            else value
            for name, value in said.items()
            if value is not None
        }

    @property
    def sha256(self) -> str:
        """Of what is declared, however it is written."""
        text = json.dumps(self.as_data(), sort_keys=True)
        return f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"


def platform(section: Section) -> Platform:
    """Read the table; UsageError, with file and line, for an unknown platform, key or kind of value."""
    name = section.choice("name", NAMES)
    found: dict[str, Any] = {key.name: _value(section, key) for key in KEYS}
    section.done()
    return Platform(name, section.place, **found)


def _value(section: Section, key: Key) -> object:
    if key.name not in section.values:
        section.skip(key.name)
        return None
    if key.kind == "count":
        return section.number(key.name)
    if key.kind == "date":
        return section.day(key.name)
    if key.kind == "text":
        return section.text(key.name)
    if section.values[key.name] == []:  # nobody is an answer, too
        section.skip(key.name)
        return ()
    return section.texts(key.name)


def json_schema() -> dict[str, Any]:
    """What editors know of the table."""
    text = {"type": "string", "minLength": 1}
    kinds: dict[str, dict[str, Any]] = {
        "names": {"type": "array", "items": text},
        "count": {"type": "integer", "minimum": 0},
        "text": text,
        "date": {},
    }
    return {
        "type": "object",
        "description": "On whose server the database stands; no audit passes with a key left out.",
        "properties": {"name": {"enum": list(NAMES)}}
        | {key.name: {**kinds[key.kind], "description": key.says} for key in KEYS},
        "required": ["name"],
        "additionalProperties": False,
    }
