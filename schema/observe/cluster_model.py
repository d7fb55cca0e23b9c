"""What an Observation is made of beside schemas: the database, roles, settings, what copies and connects.

By the same rules as `model`: raw names, no OID, no password, no connection string.
"""

from dataclasses import dataclass
from typing import Literal

from nosender.schema.observe.model import Fires, Names


@dataclass(frozen=True, slots=True)
class Database:
    """The database that was read, and the role that read it."""

    name: str
    owner: str
    encoding: str
    collation: str
    character_type: str
    server: int
    """As server_version_num has it: 150018, 180006."""
    reader: str
    """The role that looked."""
    unseen: Names
    """What PostgreSQL does not show this role, so that silence is not read as absence."""


@dataclass(frozen=True, slots=True)
class EventTrigger:
    """A trigger on DDL, of the whole database."""

    name: str
    event: str
    enabled: Fires
    owner: str
    function: str
    tags: Names
    extension: str | None


@dataclass(frozen=True, slots=True)
class Extension:
    """An installed extension."""

    name: str
    version: str
    schema: str
    owner: str


@dataclass(frozen=True, slots=True)
class Publication:
    """What logical replication sends away."""

    name: str
    owner: str
    all_tables: bool
    schemas: Names
    tables: Names
    """Qualified, with column list and row filter."""
    publishes: Names
    via_root: bool


@dataclass(frozen=True, slots=True)
class Subscription:
    """What logical replication brings in; its connection string is never read."""

    name: str
    owner: str
    enabled: bool
    publications: Names


@dataclass(frozen=True, slots=True)
class ForeignServer:
    """A door to another database or file; `mappings` are the roles that have one, options unread."""

    name: str
    wrapper: str
    owner: str
    options: Names
    mappings: Names
    extension: str | None


@dataclass(frozen=True, slots=True)
class LargeObjects:
    """How many large objects one role owns."""

    owner: str
    count: int


@dataclass(frozen=True, slots=True)
class Role:
    """A role of the cluster, PostgreSQL's own left out; the password is never read."""

    name: str
    superuser: bool
    login: bool
    inherit: bool
    create_role: bool
    create_database: bool
    replication: bool
    bypass_row_security: bool


@dataclass(frozen=True, slots=True)
class Membership:
    """A role that is a member of another."""

    role: str
    member: str
    admin: bool
    inherit: bool
    set: bool


@dataclass(frozen=True, slots=True)
class RoleSetting:
    """A setting that ALTER ROLE or ALTER DATABASE attached; None stands for any."""

    role: str | None
    database: str | None
    name: str
    value: str


STORED = "is stored for the role that looks, which hides what holds for everybody"


@dataclass(frozen=True, slots=True)
class Setting:
    """A server setting that can reveal or keep data, as a new session of this role would have it."""

    name: str
    state: Literal["set", "hidden", "absent"]
    """Hidden: this role may not see it; absent: this server has none of the name."""
    value: str | None
    default: str | None
    source: str | None
    pending_restart: bool

    @property
    def unseen(self) -> str | None:
        """Why the value says nothing of everybody, as the end of a sentence; None where it does."""
        if self.state == "hidden":
            return "is shown to members of pg_read_all_settings only"
        if self.source in ("user", "database user"):
            return STORED
        return None
