"""What surrounds the schema and moves: sessions, slots, vacuums, other databases. Read in the audit's
snapshot.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from nosender.privacy_audit.snapshot.object_names import without_numbers

if TYPE_CHECKING:
    import psycopg

    from nosender.schema.observe.distribution_model import Distribution


@dataclass(frozen=True, slots=True)
class Holder:
    """Something that keeps deleted rows from being removed for good."""

    kind: str
    """prepared transaction, replication slot or session."""
    name: str
    seconds: int | None
    """How long it has held them; None where the server does not say."""


@dataclass(frozen=True, slots=True)
class Vacuum:
    """What the server counts about one of our tables."""

    schema: str
    table: str
    dead: int
    """Rows that are deleted and still in the file."""
    live: int
    pages: int
    """The size of its file, in pages of the server; 0 holds no byte of anybody's."""
    seconds: int | None
    """Since the last vacuum; None when there was none."""


@dataclass(frozen=True, slots=True)
class SystemRight:
    """A right on something of PostgreSQL's own that somebody was given after initdb."""

    grantee: str
    """A role, or PUBLIC."""
    object: str
    """As PostgreSQL writes it."""
    kind: str
    """function, catalog (a table, view or column of it) or setting."""
    right: str
    """EXECUTE, SELECT, SET and so on."""


@dataclass(frozen=True, slots=True)
class OldCopy:
    """A shard with rows that stands where it is not looked for."""

    schema: str
    table: str
    """Whose shard it is."""
    name: str
    queued: bool
    """Citus will drop it."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """The moving facts of one moment."""

    databases: tuple[str, ...] = ()
    """The other databases of the cluster that can be entered."""
    holders: tuple[Holder, ...] = ()
    vacuums: tuple[Vacuum, ...] = ()
    slots: tuple[tuple[str, str], ...] = ()
    """Replication slots: name, and logical or physical."""
    standbys: int = 0
    """Receivers of the stream of changes at this moment; None of them was looked into."""
    system_rights: tuple[SystemRight, ...] = ()
    """Rights on PostgreSQL's own objects that initdb did not give, superusers' left out."""
    snapshot: str = ""
    """The snapshot's own name for its moment."""
    cluster: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))
    """Which server it was: system identifier, timeline, start, primary or standby, the database's OID."""
    shells: tuple[tuple[str, str, int], ...] = ()
    """Distributed tables that should be empty beside their shards, and are not: schema, name, pages."""
    copies: tuple[OldCopy, ...] = ()
    """Shards that are not the node's any more, or not yet."""
    bootstrap: str = ""
    """The superuser with whom the cluster was made: nobody takes its place without being one."""
    numbered: tuple[tuple[str, str], ...] = ()
    """What belongs to the cluster and has seven digits in a row in its name: kind and name."""


def read(connection: psycopg.Connection, schema: str) -> Surroundings:
    """Ask once, in the caller's transaction; every role may."""
    import psycopg

    text = (Path(__file__).parent / "surroundings.sql").read_bytes()
    row = psycopg.RawCursor(connection).execute(text, [schema]).fetchone()
    if row is None:
        raise AssertionError("a select of one row gives one row")
    databases, holders, vacuums, slots, standbys, rights, snapshot, _, bootstrap, cluster, numbered = row
    return Surroundings(
        databases=tuple(databases),
        holders=tuple(Holder(**each) for each in holders),
        vacuums=tuple(Vacuum(**each) for each in vacuums),
        slots=tuple((each["name"], each["kind"]) for each in slots),
        standbys=standbys,
        system_rights=tuple(SystemRight(**each) for each in rights),
        snapshot=snapshot,
        cluster=MappingProxyType(cluster),
        bootstrap=bootstrap or "",
        numbered=tuple((each["kind"], each["name"]) for each in numbered),
    )


def spread(surroundings: Surroundings, distribution: Distribution) -> Surroundings:
    """The same, with what is counted of shards at their tables."""
    shards = {(each.schema, each.name): each for each in distribution.shards}
    tables: dict[tuple[str, str], Vacuum] = {}
    shells, copies = [], []
    queued = {
        each.name.rpartition(".")[2] for each in distribution.queued if each.group == distribution.group
    }
    # the tables themselves first
    for each in sorted(surroundings.vacuums, key=lambda one: (one.schema, one.table) in shards):
        shard = shards.get((each.schema, each.table))
        if shard is None:
            tables[each.schema, each.table] = each
            if each.pages and distribution.table(each.schema, each.table) is not None:
                shells.append((each.schema, each.table, each.pages))
            continue
        if each.pages and not shard.placed:
            copies.append(OldCopy(each.schema, shard.table, shard.name, queued=shard.name in queued))
        if (table := tables.get((each.schema, shard.table))) is not None:
            since = [one.seconds for one in (table, each) if one.seconds is not None]
            tables[each.schema, shard.table] = replace(
                table,
                dead=table.dead + each.dead,
                live=table.live + each.live,
                pages=table.pages + each.pages,
                seconds=max(since, default=None),
            )
    told = {
        "node": distribution.group,
        "place": distribution.place,
        "nodes": len(distribution.others) + 1,
    }
    return replace(
        surroundings,
        vacuums=tuple(tables.values()),
        shells=tuple(shells),
        copies=tuple(copies),
        cluster=MappingProxyType({**surroundings.cluster, "distributed": told}),
    )


def as_measured(surroundings: Surroundings) -> Mapping[str, Any]:
    """What moves with time and is no finding, for the `run` block of a report."""
    return {
        "dead_rows": {without_numbers(each.table): each.dead for each in surroundings.vacuums},
        "rows": {without_numbers(each.table): each.live for each in surroundings.vacuums},
        "standbys": surroundings.standbys,
    }
