"""One sweep of a distributed database, from its beginning in the ledger to its end there."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import psycopg

from nosender.retention.every_node.nodes import NODE_DOWN, Nodes, opened
from nosender.retention.every_node.settle import Settle, settle_nodes
from nosender.retention.every_node.sweep import LEDGER, Work, receipts, sweep_nodes
from nosender.retention.session import Progress, State, end, statement, step

if TYPE_CHECKING:
    from nosender.retention.stop import Stop
    from nosender.server.target import Target

Targets = Mapping[str, "Target | None"]
NODE_FAILED = "node-failed"


@dataclass(slots=True)
class NodesRun:
    """A run that has begun, on the coordinator's connection."""

    coordinator: psycopg.Connection
    schema: str
    state: State
    """As retention_begin has returned it; what the ledger says of the run so far."""
    stop: Stop
    warnings: list[str] = field(default_factory=list)

    def run(self, targets: Targets, look: frozenset[str], progress: Progress | None) -> State:
        """Sweep and settle each node; the state at the end.

        However this ends, the ledger says so, unless the coordinator itself is gone.
        """
        if self.state["rate"] is not None:
            self.state["rate"] = max(1, self.state["rate"] // len(targets))
        try:
            with ExitStack() as stack:
                nodes = opened(self.coordinator, targets, stack, what="nosender retention node")
                self._sweep(nodes, Work(self.state, progress, self.stop, look))
                self._cut_ledger()
                if self.state["settling"] and not self.stop.is_set():
                    self._settle(nodes)
                self._end(nodes)
                self._look_back(nodes)
        except BaseException as error:
            outcome = "failed" if isinstance(error, Exception) else "interrupted"
            with contextlib.suppress(psycopg.Error):
                self._ends(outcome, NODE_FAILED if outcome == "failed" else None)
            raise
        return self.state

    def _sweep(self, nodes: Nodes, work: Work) -> None:
        try:
            sweep_nodes(nodes, work)
        finally:
            self.state = receipts(self.coordinator, self.schema, self.state, work, nodes)

    def _cut_ledger(self) -> None:
        """As at the end of every sweep; no other node has a part of it."""
        tables = self.state["tables"]
        if LEDGER in tables and not self.stop.is_set():
            self.state = {**self.state, "at": tables.index(LEDGER), "pass": "begin"}
            while self.state["at"] < len(tables):
                self.state = step(self.coordinator, self.schema, self.state)

    def _settle(self, nodes: Nodes) -> None:
        settle = Settle(self.coordinator, self.schema, self.state, self.stop)
        try:
            settle_nodes(nodes, settle)
        finally:
            self.state = {**settle.state, "vacuumed": not settle.warnings}
        self.warnings += [f"{why}, on {name}" for name, why in sorted(settle.warnings.items())]

    def _end(self, nodes: Nodes) -> None:
        if self.stop.is_set():
            self._ends("interrupted", None)
        elif nodes.lost:
            # A canary needs every node: nobody knows on which it would stand.
            self.state = {**self.state, "partial": True, "canary": False}
            self._ends("done", next((each.error_class for each in nodes.lost), None) or NODE_DOWN)
        else:
            self._ends("done", None)

    def _ends(self, outcome: str, error_class: str | None) -> None:
        if not self.state["finished"]:
            # behind the last table, or it would have a receipt of its own
            state: State = {**self.state, "at": len(self.state["tables"]), "settling": False}
            self.state = end(self.coordinator, self.schema, state, outcome, error_class)

    def _look_back(self, nodes: Nodes) -> None:
        """Which nodes were lost; who makes deletes free nothing: an old snapshot, for a minute or longer."""
        self.warnings[:0] = [f"{each.name} was not swept to its end: {each.why}" for each in nodes.lost]
        query = "select kind, name, seconds from {}.retention_holders() where coalesce(seconds, 60) >= 60"
        for node in nodes.live:
            with contextlib.suppress(psycopg.Error):
                for kind, name, seconds in node.session.execute(statement(self.schema, query)).fetchall():
                    told = f"{kind} {name} keeps deleted rows from being vacuumed away on {node.name}"
                    self.warnings.append(
                        told + (f", for {seconds} seconds now" if seconds is not None else "")
                    )
