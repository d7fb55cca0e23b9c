"""The settling of a distributed database: each node writes its own parts anew.

What a table is settled up to, and by which transactions, stands in the coordinator's ledger, a node's own
receipts. A receipt follows the transaction of its set, so it is never of rows that were not written; a set
that lost its receipt is written once more.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import psycopg

from nosender.retention.every_node.nodes import Nodes, NodeSession, lost, parts
from nosender.retention.failures import explain
from nosender.retention.session import State, call, statement
from nosender.retention.settling import (
    LOCKED_TABLES,
    NOT_VACUUMED,
    let_go,
    next_transaction,
    snapshot_holder,
    why_not_vacuumed,
)

if TYPE_CHECKING:
    from nosender.retention.stop import Stop

_MOST = 3000
"""So many rows a transaction, of all parts of a table together; more where the sweep does not pause."""
_MOST_WITHOUT_PAUSE = 20_000
_ALL = 2**62
"""Without a held snapshot a set is one transaction, however large."""
_TARGETS = """
    select until::text, settled::text[], rising::text[], last_one
    from {}.retention_part_targets(%s::text, %s::text)
    order by until
"""
_SETTLE = """
    select {}.retention_settle_part(
      %s::text, %s::timestamp, %s::xid[], %s::xid[], %s::boolean, %s::bigint, %s::text[]
    )
"""
_RECEIPT = """
    select {}.retention_part_settled(
      %s, %s::text, %s::text, %s::timestamp, %s::text, %s::bigint, %s::bigint, %s::bigint
    )
"""


@dataclass(slots=True)
class Settle:
    """What the sessions have in common; touched under `lock` only."""

    coordinator: psycopg.Connection
    schema: str
    state: State
    stop: Stop
    lock: threading.Lock = field(default_factory=threading.Lock)
    failure: BaseException | None = None
    warnings: dict[str, str] = field(default_factory=dict)
    """By node, why its old rows are not gone."""

    @property
    def most(self) -> int:
        """How many rows a transaction writes."""
        return _MOST_WITHOUT_PAUSE if self.state["target_ms"] is None else _MOST

    @property
    def over(self) -> bool:
        return self.stop.is_set() or self.failure is not None

    def targets(self, node: NodeSession, table: str) -> Sequence[tuple[Any, ...]]:
        """What is to be settled there, the oldest first."""
        with self.lock:
            query = statement(self.schema, _TARGETS)
            return self.coordinator.execute(query, [table, node.place]).fetchall()

    def note(self, node: NodeSession, table: str, until: str, answer: dict[str, Any]) -> None:
        """The receipt of a set that is written."""
        with self.lock:
            self.state = call(
                self.coordinator,
                self.schema,
                _RECEIPT,
                self.state,
                *(table, node.place, until, answer["outcome"], int(answer["transaction"])),
                *(answer["settled"], answer["blocked"]),
            )


def settle_nodes(nodes: Nodes, settle: Settle) -> None:
    """Settle every live node, all at the same time, and vacuum what was written anew."""
    tables = [
        name
        for (name,) in settle.coordinator.execute(
            statement(settle.schema, "select table_name from {}.retention_settling_tables()")
        ).fetchall()
    ]
    before: dict[str, str] = {}
    written: dict[str, list[str]] = {}

    def write(node: NodeSession) -> None:
        before[node.key] = next_transaction(node.session)
        here = [table for table in tables if parts(node, table)]
        holder = snapshot_holder(node.target)
        try:
            most = settle.most if holder is not None else _ALL
            if sum(_settled_table(node, table, most, settle) for table in here):
                written[node.key] = here
        finally:
            if holder is not None:
                let_go(holder)

    def clean(node: NodeSession) -> None:
        if node.key in written:
            _vacuum(node, written[node.key], before[node.key], settle)

    # One after the other: a node that shares its server with another would wait for that one's snapshot.
    for act in (write, clean):
        _on_each(nodes, settle, act)


def _on_each(nodes: Nodes, settle: Settle, act: Callable[[NodeSession], None]) -> None:
    """A thread a node. One whose connection breaks is lost; any other error is raised once all have ended."""

    def run(node: NodeSession) -> None:
        try:
            if not settle.over:
                act(node)
        except psycopg.Error as error:
            if lost(node):
                node.lose(error)
                return
            with settle.lock:
                settle.failure = settle.failure or explain(error, node.target)
        except BaseException as error:
            with settle.lock:
                settle.failure = settle.failure or error

    threads = [threading.Thread(target=run, args=(node,), name=f"settle-{node.name}") for node in nodes.live]
    try:
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    except BaseException as error:
        settle.failure = error
        for thread in threads:
            if thread.ident is not None:
                thread.join()
        raise
    if settle.failure is not None:
        raise settle.failure


def _settled_table(node: NodeSession, table: str, most: int, settle: Settle) -> bool:
    """Set after set until none is left; whether any row was written."""
    wrote = False
    while not settle.over:
        for target in settle.targets(node, table):
            if (written := _settled_set(node, table, target, most, settle)) is not None:
                wrote = wrote or written > 0
                break
        else:
            return wrote
    return wrote


def _settled_set(
    node: NodeSession, table: str, target: tuple[Any, ...], most: int, settle: Settle
) -> int | None:
    """One set, in as many transactions as it takes; how many rows, None where there is nothing to settle.

    A part is done when a sample of it is not full: what comes meanwhile settles with the next set.
    """
    until, settled, rising, last_one = target
    wrote, parts_left = 0, None
    while not settle.over:
        row = node.session.execute(
            statement(node.target.schema, _SETTLE),
            [table, until, settled, rising, last_one, most, parts_left],
        ).fetchone()
        if row is None or (answer := row[0]) is None:
            return None
        settle.note(node, table, until, answer)
        wrote += answer["settled"]
        duty = settle.state["duty"]
        settle.stop.wait(float(answer["seconds"]) * (1 - duty) / duty)
        parts_left = answer["left"]
        if not parts_left:
            break
        settled = [*settled, str(int(answer["transaction"]) % 2**32)]
    return wrote


def _vacuum(node: NodeSession, tables: list[str], before: str, settle: Settle) -> None:
    query = """
        select n.nspname::text, c.relname::text
        from {}.retention_parts(%s::text) as p
        inner join pg_catalog.pg_class as c on c.oid = p.home
        inner join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
    """
    node.session.execute("set citus.override_table_visibility to off")
    places = {
        (home, name): table in LOCKED_TABLES
        for table in tables
        for home, name in node.session.execute(statement(settle.schema, query), [table]).fetchall()
    }
    if (why := why_not_vacuumed(node.session, settle.schema, places, before)) is not None:
        with settle.lock:
            settle.warnings[node.name] = NOT_VACUUMED + why
