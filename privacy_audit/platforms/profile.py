"""What is known of a platform: one TOML file each, read strictly, every entry with its source."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Literal, get_args

from nosender.project.platform import NAMES
from nosender.toml_reader import File

if TYPE_CHECKING:
    from nosender.toml_reader import Section

FOLDER = Path(__file__).parent

ENTRIES: Mapping[str, tuple[str, ...]] = {
    "stored_setting": ("role",),
    "setting": ("name", "fixed"),
    "library": ("name",),
    "slot": ("name", "means"),
    "default_privilege": ("of", "to"),
    "schema_grant": ("schema", "to"),
    "system_right": ("on", "to"),
    "extension": ("name", "schema"),
    "event_trigger": ("name", "function", "bodies"),
    "publication": ("name",),
}
"""The kinds of entry beside roles, and what each says."""

NARROWER: Mapping[str, str] = {"stored_setting": "name"}
"""What an entry may say besides; without it any setting that is stored for the role is the platform's."""

ATTRIBUTES = (
    "superuser",
    "login",
    "create_role",
    "create_database",
    "replication",
    "bypass_row_security",
)


@dataclass(frozen=True, slots=True)
class Role:
    """A role that the platform makes."""

    name: str
    trust: Literal["provider", "group"]
    """provider: nobody but the platform logs in as it. group: the platform puts its customers into it, so it
    is only as wide as it says, and so are the logins in it."""
    memberships: tuple[str, ...]
    attributes: tuple[str, ...]
    source: str

    @property
    def bound(self) -> bool:
        """Whether it is only as wide as it says: of the platform's own those that say something."""
        return self.trust == "group" or bool(self.memberships or self.attributes)


@dataclass(frozen=True, slots=True)
class Entry:
    """Something else that the platform makes, and what it moves."""

    kind: str
    """A key of ENTRIES."""
    values: Mapping[str, str]
    source: str

    @property
    def words(self) -> str:
        """As a report and the page name it: `setting archive_mode on`."""
        said = [value for key, value in self.values.items() if key != "bodies"]
        return " ".join((self.kind.replace("_", " "), *said))


Place = Literal["parameter group", "server parameters", "flags", "manifest", "role"]


@dataclass(frozen=True, slots=True)
class Setup:
    """What the customer can do there."""

    place: Place
    """Where settings of the server are set."""
    settings: tuple[str, ...]
    """Those of docs/dba.md that can be set there, as far as a source says so."""
    users: str
    """Why logins are made in SQL, and not in the console."""
    before: str
    """SQL that the platform makes necessary before the first upgrade; empty for none."""
    before_by: Literal["customer", "admin"]
    """Who may run it: the owner of the database, or a member of the platform's group alone."""
    notes: tuple[str, ...]
    schemas: tuple[str, ...]
    """Schemas of the platform's own in the database that it gives to its customers."""
    beside: str
    """SQL for that database; empty for none."""


@dataclass(frozen=True, slots=True)
class Profile:
    """One platform."""

    name: str
    title: str
    provider: str
    """As a claim names it."""
    bootstrap: str
    """Its bootstrap superuser, whom nobody makes without being one."""
    known_by: str
    """A role beside it by which the platform is known."""
    roles: tuple[Role, ...]
    entries: tuple[Entry, ...]
    setup: Setup
    left_open: tuple[str, ...]
    """What stays a finding there, or is not known."""
    sha256: str = ""

    @property
    def provider_roles(self) -> frozenset[str]:
        """Roles that are the platform's own."""
        return frozenset(each.name for each in self.roles if each.trust == "provider")

    @property
    def groups(self) -> dict[str, Role]:
        """Roles into which the platform puts logins of the customer."""
        return {each.name: each for each in self.roles if each.trust == "group"}

    def of(self, kind: str) -> list[Entry]:
        """The entries of one kind."""
        return [each for each in self.entries if each.kind == kind]


@cache
def profiles() -> Mapping[str, Profile]:
    """Every profile, by name."""
    return {name: read(FOLDER / f"{name}.toml") for name in NAMES}


def read(path: Path) -> Profile:
    """One profile; UsageError names the line of what is not exactly right."""
    file = File(path, path.parent)
    whole, detect = file.section(), file.section("detect")
    whole.skip("detect", "role", "setup", *ENTRIES)
    profile = Profile(
        name=whole.choice("name", (path.stem,)),
        title=whole.text("title"),
        provider=whole.text("provider"),
        bootstrap=detect.text("bootstrap_superuser"),
        known_by=detect.text("role"),
        roles=tuple(_role(each) for each in file.items("role")),
        entries=tuple(_entry(kind, each) for kind in ENTRIES for each in file.items(kind)),
        setup=_setup(file.section("setup")),
        left_open=whole.texts("open"),
        sha256=f"sha256:{hashlib.sha256(path.read_bytes()).hexdigest()}",
    )
    whole.done()
    detect.done()
    return profile


def _role(section: Section) -> Role:
    trust = section.choice("trust", ("provider", "group"))
    role = Role(
        name=section.text("name"),
        trust="group" if trust == "group" else "provider",
        memberships=section.texts("memberships"),
        attributes=section.texts("attributes"),
        source=section.text("source"),
    )
    section.done()
    for each in role.attributes:
        if each not in ATTRIBUTES:
            raise section.refuse(
                "attributes", f"{each!r} is no attribute; known are {', '.join(ATTRIBUTES)}."
            )
    return role


def _entry(kind: str, section: Section) -> Entry:
    values = {
        key: " ".join(section.texts(key, required=True)) if key == "bodies" else section.text(key)
        for key in ENTRIES[kind]
    }
    if (key := NARROWER.get(kind)) is not None and (only := section.optional_text(key)) is not None:
        values[key] = only
    if kind == "slot":
        section.choice("means", ("standby", "storage"))
    entry = Entry(kind, values, section.text("source"))
    section.done()
    return entry


def _setup(section: Section) -> Setup:
    word = section.choice("place", get_args(Place))
    by = section.choice("before_by", ("customer", "admin")) if "before_by" in section.values else ""
    section.skip("before_by")
    setup = Setup(
        place=next(each for each in get_args(Place) if each == word),
        settings=section.texts("settings"),
        users=section.text("users"),
        before=section.optional_text("before") or "",
        before_by="admin" if by == "admin" else "customer",
        notes=section.texts("notes"),
        schemas=section.texts("schemas"),
        beside=section.optional_text("beside") or "",
    )
    section.done()
    return setup
