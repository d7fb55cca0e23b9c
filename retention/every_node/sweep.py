"""A sweep of a distributed database: every node by itself, at the same time, on the parts that it holds.

Which rows go is decided on each node, in `retention_part_step`. The coordinator holds the locks of the sweep
and its ledger: a receipt for each table and node. A node that does not answer is named there, and the others
are swept.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import psycopg

from nosender.retention.every_node.nodes import Nodes, NodeSession, lost, parts
from nosender.retention.failures import explain
from nosender.retention.session import COUNTS, NOTHING, Counts, Progress, State, call

if TYPE_CHECKING:
    from nosender.retention.stop import Stop

LEDGER = "retention_runs"
_ROUNDS = 5
"""So often it is looked again for parts that have moved meanwhile."""


@dataclass(slots=True)
class TableOnNode:
    """What a sweep did to the parts of one table on one node."""

    table: str
    node: NodeSession
    counts: Counts = field(default_factory=lambda: NOTHING.copy())
    oldest: str | None = None
    """The oldest moment of what stayed."""
    outcome: str = "done"
    error_class: str | None = None
    parts: set[str] = field(default_factory=set)
    """Those that were walked to their end."""

    def add(self, before: State, after: State) -> None:
        """Count what one batch did."""
        for name in COUNTS:
            self.counts[name] += after[name] - before[name]


@dataclass(slots=True)
class Work:
    """What the sessions of one sweep have in common; touched under `lock` only."""

    state: State
    """The sweep's own, as the coordinator began it."""
    progress: Progress | None
    stop: Stop
    look: frozenset[str]
    """Tables at whose end it is looked whether anything stayed."""
    done: dict[tuple[str, str], TableOnNode] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)
    failure: BaseException | None = None
    error_class: str | None = None
    """Of the failure, as a receipt has it."""

    @property
    def over(self) -> bool:
        return self.stop.is_set() or self.failure is not None

    @property
    def swept(self) -> list[str]:
        """The tables of the sweep, beside the ledger, which the coordinator cuts by itself."""
        return [each for each in self.state["tables"] if each != LEDGER]

    def of(self, table: str, node: NodeSession) -> TableOnNode:
        with self.lock:
            return self.done.setdefault((table, node.key), TableOnNode(table, node))

    def count(self, of: TableOnNode, before: State, after: State) -> None:
        with self.lock:
            of.add(before, after)
            if self.progress is not None:
                shown: State = {**after, **NOTHING, "total": self.total(), "tables": [of.table], "at": 0}
                self.progress(shown)

    def total(self) -> Counts:
        found = NOTHING.copy()
        for each in self.done.values():
            for name in COUNTS:
                found[name] += each.counts[name]
        return found


def sweep_nodes(nodes: Nodes, work: Work) -> None:
    """Sweep what every live node holds, and look again until no part stands where it was not swept.

    What a node lost, and how far it came, is in `work` and in its session; an error that is no lost
    connection is raised once all have ended.
    """
    for again in range(_ROUNDS + 1):
        found = {each.key: _open_parts(each, work) for each in nodes.live}
        if work.over or not any(found.values()):
            break
        if again == _ROUNDS:  # somebody moves them about without an end
            for node in nodes.live:
                for table, _ in found[node.key]:
                    work.of(table, node).outcome = "partial"
            break
        threads = [
            threading.Thread(target=_sweep, args=(each, found[each.key], work), name=f"sweep-{each.name}")
            for each in nodes.live
            if found[each.key]
        ]
        try:
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
        except BaseException as error:
            work.failure = error
            for thread in threads:
                if thread.ident is not None:
                    thread.join()
            raise
    if work.failure is not None:
        raise work.failure


def _open_parts(node: NodeSession, work: Work) -> list[tuple[str, list[str]]]:
    """By table in the order of the policy, the parts on this node that were not swept on it."""
    found = []
    try:
        for table in work.swept:
            here = [part for part, _ in parts(node, table)]
            if here and (left := [each for each in here if each not in work.of(table, node).parts]):
                found.append((table, left))
    except psycopg.OperationalError as error:
        node.lose(error)
        return []
    return found


def _sweep(node: NodeSession, tables: list[tuple[str, list[str]]], work: Work) -> None:
    """A thread: the parts of one node, each to its end."""
    for table, found in tables:
        of = work.of(table, node)
        try:
            for part in found:
                _sweep_part(node, part, of, work)
        except psycopg.Error as error:
            if lost(node):
                node.lose(error)
                return
            of.outcome, of.error_class = "failed", error.sqlstate or "unknown"
            with work.lock:
                work.error_class = work.error_class or of.error_class
                work.failure = work.failure or explain(error, node.target)
            return
        except BaseException as error:
            of.outcome = "interrupted"
            with work.lock:
                work.failure = work.failure or error
            return
        if work.over:
            return


def _sweep_part(node: NodeSession, part: str, of: TableOnNode, work: Work) -> None:
    state = _begin(work.state, of.table, part)
    state["look"] = of.table in work.look
    while state["pass"] != "end":  # noqa: S105 (a word of the walk)
        if work.stop.wait(float(state["pause_ms"]) / 1000) or work.over:
            of.outcome = "interrupted"
            return
        then = call(node.session, node.target.schema, "select {}.retention_part_step(%s)", state)
        work.count(of, state, then)
        state = then
    if not state.get("moved"):
        of.parts.add(part)
        oldest = state.get("oldest")
        of.oldest = min(filter(None, (of.oldest, oldest)), default=None)


def _begin(state: State, table: str, part: str) -> State:
    begin: State = {**state, **NOTHING, "left": False, "skip": False, "pause_ms": 0, "pass": "begin"}
    begin |= {"tables": [table], "at": 0, "taken": part, "settling": False}
    return begin


def receipts(coordinator: psycopg.Connection, schema: str, state: State, work: Work, nodes: Nodes) -> State:
    """A receipt for each table and node; of a node that was lost, for each table that it has a part of."""
    query = "select {}.retention_part_swept(%s, %s::text, %s::text, %s::text, %s::text, %s::timestamp)"
    for node in nodes.lost:
        for table in placed(coordinator, schema, node, work.swept):
            of = work.of(table, node)
            if of.outcome == "done":
                of.outcome, of.error_class = "partial", node.error_class
    order = {table: place for place, table in enumerate(state["tables"])}
    for of in sorted(work.done.values(), key=lambda each: (order[each.table], int(each.node.key))):
        if of.outcome == "done" and work.over and not of.parts:
            of.outcome = "interrupted"
        state = {**state, **of.counts}
        state = call(
            coordinator,
            schema,
            query,
            state,
            of.table,
            of.node.receipt_name,
            of.outcome,
            of.error_class,
            of.oldest,
        )
    return state


_PLACED = """
    select distinct c.relname::text
    from pg_catalog.pg_dist_placement as p
    inner join pg_catalog.pg_dist_shard as s on s.shardid = p.shardid
    inner join pg_catalog.pg_class as c on c.oid = s.logicalrelid
    inner join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
    where p.groupid = %s and n.nspname = %s
"""


def placed(
    coordinator: psycopg.Connection, schema: str, node: NodeSession, tables: Sequence[str]
) -> list[str]:
    """The tables of ours that a node has a part of, as the coordinator has it."""
    with contextlib.suppress(psycopg.Error):
        rows = coordinator.execute(_PLACED.encode(), [int(node.key), schema]).fetchall()
        found = {name for (name,) in rows}
        return [each for each in tables if each in found]
    return []
