"""Which nodes a distributed database has, and a session of its own on each."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING

import psycopg

from nosender.errors import IncompleteError, NosenderError, UsageError
from nosender.retention.session import refuse_replaced, refuse_spread, statement
from nosender.schema.observe.distribution_model import COORDINATOR
from nosender.schema.observe.read.distribution import refuse_worker, spread
from nosender.server.sqlstates import in_words

if TYPE_CHECKING:
    from nosender.server.pinned_connection import PinnedConnection
    from nosender.server.target import Target

NODE_DOWN = "node-down"
"""What the receipt says of a node that did not answer, or no longer."""
OTHER_NODE = "node-differs"
"""Of one that is not the node named, or has other functions than the coordinator."""

_NODES = """
    select groupid, nodename, nodeport
    from pg_catalog.pg_dist_node
    where noderole = 'primary' and isactive
    order by groupid, nodename, nodeport
"""
_HAS = """
    select exists (
      select from pg_catalog.pg_proc as p
      inner join pg_catalog.pg_namespace as n on p.pronamespace = n.oid
      where n.nspname = %s and p.proname = 'retention_part_step' and p.prosecdef
    )
"""


@dataclass(slots=True)
class NodeSession:
    """One node, and what is known of it."""

    key: str
    """As --node names it: the number of its group."""
    target: Target
    connection: PinnedConnection | None = None
    """None where there is none, or no longer."""
    place: str = ""
    """What its receipts call it: the group, the cluster's identifier, its timeline."""
    why: str | None = None
    """Why it is not, or not wholly, worked on, in a sentence; None where all is well."""
    error_class: str | None = None

    @property
    def name(self) -> str:
        """As a sentence calls it."""
        return "the coordinator" if self.key == str(COORDINATOR) else f"node {self.key}"

    @property
    def session(self) -> PinnedConnection:
        """Its connection; asked of live nodes alone."""
        if self.connection is None:
            raise NosenderError(f"the connection to {self.name} is gone")
        return self.connection

    @property
    def receipt_name(self) -> str:
        """As the ledger calls it: its number alone where it never answered."""
        return self.place or self.key

    def lose(self, error: Exception) -> None:
        """Nothing more comes from this node."""
        self.why = in_words(error) if isinstance(error, psycopg.Error) else str(error)
        self.error_class = self.error_class or NODE_DOWN
        if self.connection is not None:
            self.connection.close()
            self.connection = None


@dataclass(slots=True)
class Nodes:
    """All of them, the coordinator first."""

    sessions: list[NodeSession]

    @property
    def live(self) -> list[NodeSession]:
        return [each for each in self.sessions if each.connection is not None]

    @property
    def lost(self) -> list[NodeSession]:
        return [each for each in self.sessions if each.why is not None]


def named_nodes(
    connection: psycopg.Connection, target: Target, named: Mapping[str, Target] | None, *, all_of_them: bool
) -> dict[str, Target | None] | None:
    """The connection of each node, by its number, or None for one without; None where there is one server.

    IncompleteError where rows stand in shards and the nodes are not named, where this is a worker, and where
    the tables are not in the layout of this version; UsageError for names that are no nodes, and where
    `all_of_them` have to be named and are not.
    """
    found = spread(connection, target.schema)
    if found is None or not found.tables:
        if named:
            raise UsageError("there is no other node: Citus distributes no table of this database")
        return None
    if found.is_worker:
        refuse_worker(connection, target.schema)
    if named is None:
        refuse_spread(connection, target.schema)
        return None
    row = connection.execute(_HAS.encode(), [target.schema]).fetchone()
    if row is None or not row[0]:
        raise IncompleteError(
            f"the tables of schema {target.schema} are distributed, but not in the layout that this version "
            "knows, so nothing was done: `nosender db scale-out status` says where they stand"
        )
    keys = {str(group) for group, _, _ in connection.execute(_NODES.encode()).fetchall()} - {"0"}
    if unknown := sorted({*named} - keys):
        raise UsageError(
            f"--node {unknown[0]} names no node of this database; the others are {', '.join(sorted(keys))}"
        )
    if all_of_them and (missing := sorted(keys - {*named})):
        raise UsageError(
            f"no --node {missing[0]}=URL names a connection to node {missing[0]}: nothing was done"
        )
    return {"0": target, **{key: named.get(key) for key in sorted(keys, key=int)}}


def opened(
    coordinator: psycopg.Connection,
    targets: Mapping[str, Target | None],
    stack: ExitStack,
    *,
    what: str,
    reading: bool = False,
) -> Nodes:
    """A session on each node, seen to be that node of this database, with our functions and policy."""
    known = coordinator.execute(_NODES.encode()).fetchall()
    here = targets["0"]
    if here is None:
        raise AssertionError("the coordinator is always named")
    nodes = Nodes([NodeSession(key, target or here) for key, target in targets.items()])
    policy = _policy(coordinator, here.schema)

    unforeseen: list[BaseException] = []

    def open_one(node: NodeSession) -> None:
        if targets[node.key] is None:
            node.lose(NosenderError(f"no --node {node.key}=URL names a connection to it"))
            return
        try:
            node.connection = node.target.connect(what, autocommit=not reading, reading=reading)
            if why := _mistaken(node.session, node, known, policy):
                node.error_class = OTHER_NODE
                node.lose(NosenderError(why))
        except (psycopg.Error, NosenderError) as error:
            if node.connection is not None and not node.connection.closed:
                node.error_class = OTHER_NODE
            node.lose(error)
        except BaseException as error:
            unforeseen.append(error)

    threads = [threading.Thread(target=open_one, args=(each,)) for each in nodes.sessions]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for each in nodes.live:
        stack.enter_context(each.session)
    if unforeseen:
        raise unforeseen[0]
    return nodes


def _mistaken(
    connection: psycopg.Connection, node: NodeSession, known: list[tuple[object, ...]], policy: str
) -> str | None:
    """Why this is not the node that it is said to be, or cannot be worked on."""
    schema = node.target.schema
    found = spread(connection, schema)
    if found is None or connection.execute(_NODES.encode()).fetchall() != known:
        return "what answered is no node of this database, or knows of other nodes"
    if str(found.group) != node.key:
        return f"what answered is node {found.group}"
    row = connection.execute("select pg_catalog.pg_is_in_recovery()").fetchone()
    if row is None or row[0]:
        return "what answered is a standby"
    row = connection.execute(_HAS.encode(), [schema]).fetchone()
    if row is None or not row[0]:
        return "the functions of the sweep are not there"
    refuse_replaced(connection, schema, spread=True)
    if _policy(connection, schema) != policy:
        return "its retention policy is another one than the coordinator's"
    row = connection.execute(statement(schema, "select {}.retention_node()")).fetchone()
    node.place = str(row[0]) if row is not None else ""
    return None


def _policy(connection: psycopg.Connection, schema: str) -> str:
    row = connection.execute(
        statement(schema, "select pg_catalog.encode({}.retention_policy_hash(), 'hex')")
    ).fetchone()
    return str(row[0]) if row is not None else ""


def parts(node: NodeSession, table: str) -> list[tuple[str, str]]:
    """The parts of a table that stand on a node: which, and the name of each there."""
    query = "select part, home::text from {}.retention_parts(%s::text) where home is not null"
    return node.session.execute(statement(node.target.schema, query), [table]).fetchall()


def lost(node: NodeSession) -> bool:
    """Whether its connection is gone."""
    return node.connection is None or node.connection.closed or node.connection.broken
