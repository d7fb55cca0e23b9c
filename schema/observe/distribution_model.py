"""How one database is spread over several servers (Citus), as the node that was read has it.

By the same rules as `model`: raw names, no OID, no password, no connection string.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from nosender.errors import UsageError
from nosender.schema.observe.model import Names

COORDINATOR = 0
"""The number of the coordinator's group."""
NO_OTHER = "there is no other node"


@dataclass(frozen=True, slots=True)
class Node:
    """A server of the database."""

    group: int
    """The nodes of one group hold the same rows; 0 is the coordinator's."""
    role: str
    """primary or secondary."""
    host: str
    """As the database has it; nobody has to answer there."""
    port: int
    active: bool
    holds_shards: bool

    @property
    def name(self) -> str:
        """As a report calls it: its group, and that it is a copy where it is."""
        return f"node {self.group}" + ("" if self.role == "primary" else f" ({self.role})")

    @property
    def key(self) -> str:
        """As --node names it: the number of its group, and for a copy that it is one."""
        return str(self.group) if self.role == "primary" else f"{self.group}-{self.role}"


@dataclass(frozen=True, slots=True)
class DistributedTable:
    """A table whose rows stand in shards; what bears its name is empty on every node."""

    schema: str
    name: str
    kind: Literal["distributed", "reference", "local"]
    """Reference: a copy of all rows on every node; local: one shard, where its table was made."""
    column: str | None
    """The value of this column says where a row goes."""
    colocation: int
    """Tables of one number keep the rows of one value on one node."""
    shards: int


@dataclass(frozen=True, slots=True)
class Shard:
    """A table that holds a part of the rows of another, and stands on the node that was read."""

    schema: str
    name: str
    table: str
    """Whose rows it holds; of the same schema."""
    placed: bool
    """False for a copy that has been moved away, or is on its way here."""


@dataclass(frozen=True, slots=True)
class ShardDifference:
    """Something in which a shard is not as its table."""

    schema: str
    table: str
    shard: str
    kind: str
    """Table, column, constraint, index, trigger, rule, policy, grant."""
    object: str
    """Qualified and quoted, as if it were the table's."""
    what: Literal["beside", "lacking", "other"]
    """The shard has it and the table has not, the other way round, or both have it and it differs."""


@dataclass(frozen=True, slots=True)
class QueuedCopy:
    """An old copy of a shard, which Citus will drop."""

    group: int
    name: str
    """Qualified and quoted."""


@dataclass(frozen=True, slots=True)
class Distribution:
    """Everything that Citus says of the database, from the place of one node."""

    group: int
    """Of the node that was read."""
    standby: bool
    """Whether that node is a copy of another."""
    nodes: tuple[Node, ...] = ()
    tables: tuple[DistributedTable, ...] = ()
    shards: tuple[Shard, ...] = ()
    """Those that stand on the node that was read."""
    missing: Names = ()
    """Shards that should stand there and do not, qualified and quoted."""
    differences: tuple[ShardDifference, ...] = ()
    queued: tuple[QueuedCopy, ...] = ()

    @property
    def is_coordinator(self) -> bool:
        """Whether the node that was read is the coordinator."""
        return self.group == COORDINATOR

    @property
    def others(self) -> tuple[Node, ...]:
        """The nodes beside the one that was read; a coordinator that no list names is one of them."""
        role = "secondary" if self.standby else "primary"
        others = [each for each in self.nodes if (each.group, each.role) != (self.group, role)]
        if not self.is_coordinator and all(each.group != COORDINATOR for each in self.nodes):
            others.append(Node(COORDINATOR, "primary", "", 0, active=True, holds_shards=False))
        return tuple(sorted(others, key=lambda each: (each.group, each.role, each.host, each.port)))

    @property
    def place(self) -> str:
        """What the node that was read is, in words."""
        what = "the coordinator" if self.is_coordinator else f"node {self.group}, a worker,"
        return f"a standby of {what}" if self.standby else what

    def mistaken(self, node: Node, there: "Distribution | None") -> str | None:
        """Why what was read from another server is not that node of this database; None where it is."""
        if there is None or set(there.nodes) != set(self.nodes):
            return "what answered is no node of this database, or knows of other nodes"
        if there.group != node.group or there.standby != (node.role != "primary"):
            return f"what answered is {there.place}"
        return None

    def refuse_unknown(self, named: Iterable[str]) -> None:
        """UsageError for a --node that names none of the others, and where this is a worker."""
        known = {each.key for each in self.others}
        if unknown := sorted({*named} - known):
            there = f"the others are {', '.join(sorted(known))}" if known else NO_OTHER
            raise UsageError(f"--node {unknown[0]} names no node of this database; {there}.")
        if not self.is_coordinator:
            raise UsageError("--every-node starts at the coordinator, and this is a worker.")

    def table(self, schema: str, name: str) -> DistributedTable | None:
        """The distributed table of that name."""
        return next((each for each in self.tables if (each.schema, each.name) == (schema, name)), None)
