"""From the rows of Citus' own tables to a Distribution: which relation is a shard, and of what."""

import re
from collections import defaultdict
from dataclasses import dataclass
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from nosender.errors import IncompleteError
from nosender.schema.observe.distribution_model import (
    COORDINATOR,
    DistributedTable,
    Distribution,
    Node,
    QueuedCopy,
    Shard,
)
from nosender.schema.observe.observation import Observation
from nosender.schema.observe.quoting import qualified
from nosender.schema.observe.read.definitions import Known, Place
from nosender.schema.observe.read.queries import Ask
from nosender.schema.observe.read.shards import folded

if TYPE_CHECKING:
    import psycopg

EXTENSION = "citus"
_NEEDED = {"pg_dist_node", "pg_dist_local_group", "pg_dist_partition", "pg_dist_shard", "pg_dist_placement"}
_KEY = re.compile(r"^\{VAR .*?:varattno (\d+) ")
_LONGEST = 63  # bytes of a name


def distributed(live: Observation, known: Known, ask: Ask) -> Observation:
    """The Observation with the shards of Citus folded into their tables; as it is where there is no Citus."""
    if all(each.name != EXTENSION for each in live.extensions):
        return live
    members = {name for (name,) in ask("distribution_members")().rows}
    if not members >= _NEEDED:
        raise IncompleteError(
            f"unreadable: there is an extension {EXTENSION} that does not own the tables of Citus, so nobody "
            "can tell which servers hold this database"
        )
    facts: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for kind, fact in ask("distribution")().rows:
        facts[kind].append(fact)
    if not facts["here"]:
        raise IncompleteError("unreadable: Citus does not say which of its nodes this is")
    queue = ask("distribution_queue")().rows if "pg_dist_cleanup" in members else ()
    shards, missing = _shards(facts["shard"], known)
    (here, *_) = facts["here"]
    distribution = Distribution(
        group=here["group"],
        standby=here["standby"],
        nodes=tuple(
            sorted(
                (Node(**each) for each in facts["node"]),
                key=lambda node: (node.group, node.role, node.host, node.port),
            )
        ),
        tables=tuple(sorted(_tables(facts["table"], known), key=lambda table: (table.schema, table.name))),
        shards=tuple(sorted(shards, key=lambda shard: (shard.schema, shard.name))),
        missing=tuple(sorted(missing)),
        queued=tuple(QueuedCopy(group, name) for group, name in sorted(queue)),
    )
    return folded(live, distribution)


def _tables(rows: list[dict[str, Any]], known: Known) -> list[DistributedTable]:
    found = []
    for row in rows:
        place = known.places.get(row["oid"])
        if place is None:  # dropped, and its row stays until somebody looks
            continue
        key = _KEY.match(row["key"] or "")
        column = known.live[row["oid"]][int(key[1]) - 1] if key else None
        found.append(
            DistributedTable(
                *place,
                kind="reference"
                if row["model"] == "t"
                else "distributed"
                if row["method"] != "n" or row["colocation"]
                else "local",
                column=column.name if column else None,
                colocation=row["colocation"],
                shards=row["shards"],
            )
        )
    return found


def _shards(rows: list[dict[str, Any]], known: Known) -> tuple[list[Shard], list[str]]:
    """The relations that are shards, and the names of those that should be here and are not."""
    endings: dict[tuple[str, str], list[str]] = defaultdict(list)
    for oid, (schema, name) in known.places.items():
        if known.kinds[oid] in ("table", "partitioned table", "foreign table"):
            endings[schema, name.rpartition("_")[2]].append(name)
    found, missing = [], []
    for row in rows:
        place: Place | None = known.places.get(row["oid"])
        if place is None:
            continue
        schema, table = place
        names = [each for each in endings[schema, str(row["id"])] if _is_shard(each, table, row["id"])]
        found += [Shard(schema, name, table, placed=row["here"]) for name in names]
        if row["here"] and not names:
            missing.append(qualified(schema, f"{table}_{row['id']}"))
    return found, missing


def _is_shard(name: str, table: str, number: int) -> bool:
    """Whether Citus would call the shard of this number so; a long name is cut, and a hash put between."""
    if name == f"{table}_{number}":
        return True
    head = re.fullmatch(rf"(.+)_[0-9a-f]{{8}}_{number}", name)
    too_long = len(f"{table}_{number}".encode()) > _LONGEST
    return too_long and head is not None and table.startswith(head[1])


@dataclass(frozen=True, slots=True)
class Spread:
    """Where a session stands in a database that Citus distributes."""

    group: int
    """Of the node that it leads to; 0 is the coordinator."""
    nodes: int
    """How many there are, this one and a coordinator that is in no list counted."""
    tables: tuple[str, ...]
    """Those of one schema whose rows stand in shards, by name."""

    @property
    def is_worker(self) -> bool:
        """Whether the coordinator is another node."""
        return self.group != COORDINATOR


def spread(connection: "psycopg.Connection", schema: str) -> Spread | None:
    """Whether Citus distributes the database, asked of its own tables alone; None where it does not."""
    import psycopg

    folder = files(__package__)
    with connection.transaction(), psycopg.RawCursor(connection) as cursor:
        cursor.execute((folder / "distribution_members.sql").read_bytes())
        if not {name for (name,) in cursor.fetchall()} >= _NEEDED:
            return None
        cursor.execute((folder / "spread.sql").read_bytes(), [schema])
        row = cursor.fetchone()
    if row is None:
        return None
    group, nodes, listed, tables = row
    return Spread(group, nodes + (not listed), tuple(tables))


def unseen_nodes(connection: "psycopg.Connection", schema: str) -> int:
    """How many nodes beside this one hold shards of the schema."""
    found = spread(connection, schema)
    return found.nodes - 1 if found is not None and found.tables else 0


def refuse_worker(connection: "psycopg.Connection", schema: str) -> None:
    """IncompleteError where the session leads to a worker: the schema's own books are the coordinator's."""
    found = spread(connection, schema)
    if found is not None and found.is_worker:
        raise IncompleteError(
            f"this is node {found.group}, a worker of a database that Citus distributes over "
            f"{found.nodes} nodes: connect to its coordinator"
        )
