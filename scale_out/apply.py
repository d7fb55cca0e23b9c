"""Distributes a database: asks whether anything stands in the way, then moves the tables, all or nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import psycopg

from nosender.errors import IncompleteError, NosenderError
from nosender.migrations.session import Options, open_session
from nosender.scale_out import move
from nosender.scale_out.plan import plan_of
from nosender.scale_out.plan_text import size
from nosender.scale_out.servers import Server, read_server
from nosender.scale_out.standing import standing_of
from nosender.scale_out.status import read_status
from nosender.schema.layouts import layout as layouts
from nosender.schema.layouts.scripts import whole
from nosender.schema.layouts.standing import beside, nothing
from nosender.schema.observe.distribution_model import COORDINATOR, Distribution
from nosender.schema.observe.read.distribution import refuse_worker
from nosender.terminal_text import to_paste, visible

if TYPE_CHECKING:
    from nosender.migrations.session import Session
    from nosender.scale_out.plan import Plan
    from nosender.schema.observe import Observation
    from nosender.server.target import Target

WHAT = "db scale-out apply"

_ROOM = "select available_disk_size from pg_catalog.citus_local_disk_space_stats()"


@dataclass(frozen=True, slots=True)
class Applied:
    """The whole answer."""

    moved: move.Moved | None
    """None where nothing was done."""
    refused: tuple[str, ...] = ()
    """What stands in the way, each in a sentence."""
    unseen: tuple[str, ...] = ()
    """What could not be looked at, each in a sentence: nothing is done before it is."""
    differing: tuple[str, ...] = ()
    """What is not as it should be afterwards, on any node."""

    @property
    def exit_code(self) -> int:
        """1 where something stands in the way or is not right, 3 where one was not looked at, else 0."""
        return 1 if self.refused or self.differing else 3 if self.unseen else 0


def apply(target: Target, named: Mapping[str, Target], options: Options | None = None) -> Applied:
    """Distribute the database of `target` over its nodes; done already is done.

    `named`: a connection to each node, by its group. NosenderError where a statement is refused or a lock is
    not won, with nothing changed; IncompleteError where the schema is not at the last revision.
    """
    options, layout = options or Options(), layouts.read()
    live, servers, unseen = _looked(target, named)
    stands = standing_of(live, layout)
    if stands == "between":
        return Applied(None, ("some tables are distributed and others not: db scale-out status says which",))
    if stands == "distributed":
        return Applied(None, **_afterwards(target, named))
    plan = plan_of(target, live, servers)
    refused = (*_cluster(live), *_in_the_way(plan))
    if not (refused or unseen):
        refused, unseen = _room(plan, {"this server": target, **_by_name(named)})
    if refused or unseen:
        return Applied(None, refused, unseen)
    with open_session(target, options) as session:
        require_head(session)
        session.refuse_read_only()
        move.require_promised(session)
        _tell(session, plan)
        done = move.run(session, move_of(target.schema, session.revision, keys=stands == "core"), _nothing)
    return Applied(done, **_afterwards(target, named))


def move_of(schema: str, revision: str | None, *, keys: bool) -> move.Move:
    """What is run; without `keys` where they stand already."""
    return move.Move(
        WHAT,
        "up",
        whole(schema, keys=keys),
        beside(schema, revision) if keys else nothing(schema),
    )


def require_head(session: Session) -> None:
    """IncompleteError where the schema is not at the revision that the layout was made of."""
    if session.revision != session.chain.head:
        raise IncompleteError(
            f"the schema is at revision {visible(str(session.revision))}, and the layout was made of "
            f"{session.chain.head}: run `nosender db upgrade`"
        )


def _nothing(_work: psycopg.Connection) -> None:
    """Refuse nothing."""


def _looked(
    target: Target, named: Mapping[str, Target]
) -> tuple[Observation, tuple[Server, ...], tuple[str, ...]]:
    """The database, it and its nodes as servers, and what of them could not be looked at."""
    layout = layouts.read()
    with target.connect("nosender db scale-out", reading=True) as connection:
        refuse_worker(connection, target.schema)
    here, live = read_server("this server", target, layout)
    if live is None:
        raise IncompleteError(here.unseen[0])
    servers, unseen = [here], [f"{here.name}: {each}" for each in here.unseen]
    spread = live.distribution or Distribution(COORDINATOR, standby=False)
    spread.refuse_unknown(named if live.distribution is not None else ())
    for node in spread.others:
        if node.key not in named:
            unseen.append(f"{node.name}: no --node {node.key}=URL names a connection to it")
            continue
        server, there = read_server(f"node {node.key}", named[node.key], layout)
        servers.append(server)
        unseen += [f"{server.name}: {each}" for each in server.unseen]
        if there is not None and (why := spread.mistaken(node, there.distribution)):
            unseen.append(f"{node.name}: {why}")
    return live, tuple(servers), tuple(unseen)


def _cluster(live: Observation) -> Iterator[str]:
    """What of Citus itself is missing."""
    if live.distribution is None:
        yield "Citus is not in this database: create extension citus here and on each node"
        return
    if not live.distribution.others:
        yield (
            "no node is known to this database: select pg_catalog.citus_set_coordinator_host('HOST', PORT) "
            "here, then select pg_catalog.citus_add_node('HOST', PORT) for each"
        )
    elif not any(each.holds_shards for each in live.distribution.nodes):
        yield "no node holds shards: select pg_catalog.citus_set_node_property(...) lets one"
    for node in live.distribution.others:
        if not node.active:
            yield f"{node.name} is not active: select pg_catalog.citus_activate_node('HOST', PORT)"


def _in_the_way(plan: Plan) -> Iterator[str]:
    """What the plan found, in sentences."""
    yield from plan.differing
    for server in plan.servers:
        for loud in server.loud:
            of = f" for {visible(loud.where)}" if loud.where else ""
            yield (
                f"{server.name}: {loud.name} is '{visible(loud.value)}'{of}: {loud.leaks}; "
                f"{to_paste(loud.statement)}"
            )
        if server.version is not None and not server.created:
            yield f"{server.name}: Citus is not in its database"
    for each in plan.problems:
        name = f"{visible(each.table)}{'.' * bool(each.name)}{visible(each.name)}"
        yield f"{name} {visible(each.sentence)}"


def _by_name(named: Mapping[str, Target]) -> dict[str, Target]:
    return {f"node {name}": each for name, each in named.items()}


def _room(plan: Plan, targets: Mapping[str, Target]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Which servers have too little free, and of which it could not be told."""
    refused, unseen = [], []
    for server in plan.servers:
        needed = _needed(plan, server)
        try:
            with targets[server.name].connect("nosender db scale-out", reading=True) as connection:
                row = connection.execute(_ROOM.encode()).fetchone()
        except (psycopg.Error, NosenderError):
            row = None
        if row is None or row[0] is None:
            unseen.append(f"{server.name}: how much is free there could not be asked")
        elif row[0] < needed:
            refused.append(f"{server.name}: {size(row[0])} are free, and {size(needed)} are needed")
    return tuple(refused), tuple(unseen)


def _needed(plan: Plan, server: Server) -> int:
    """On the coordinator all is written anew for the keys; a node gets its share, and each copy whole."""
    if server is plan.servers[0]:
        return plan.bytes
    nodes = max(1, len(plan.servers) - 1)
    return sum(each.bytes if each.kind == "reference" else -(-each.bytes // nodes) for each in plan.moved)


def _tell(session: Session, plan: Plan) -> None:
    rows = sum(each.rows for each in plan.moved)
    tables = ", ".join(each.name for each in plan.moved)
    session.options.say(
        f"from now on nobody reads or writes {tables}, for about {plan.seconds:,} s: {rows:,} rows are "
        "written anew for the keys, then copied to the nodes"
    )


def _afterwards(target: Target, named: Mapping[str, Target]) -> dict[str, tuple[str, ...]]:
    """How the nodes stand: each shard beside its table, and which of them did not answer."""
    found = read_status(target, named)
    return {
        "differing": found.differing,
        "unseen": tuple(each for each in found.lines if each.startswith("not looked at")),
    }
