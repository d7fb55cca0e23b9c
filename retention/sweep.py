"""One sweep: calls the database's own steps until they are finished, and hands out the receipt.

A mistake here cannot delete what has not expired: which rows go is decided in the database, by
`retention_step`. What is decided here is the pace, and when to stop.
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import psycopg

from nosender.errors import NosenderError, UsageError, did_you_mean
from nosender.retention.every_node.nodes import named_nodes
from nosender.retention.every_node.run import NodesRun
from nosender.retention.failures import explain
from nosender.retention.hindrances import hindrances, what_stayed
from nosender.retention.plan import Plan
from nosender.retention.policy import live_plan
from nosender.retention.session import Progress, State, end, refuse_replaced, statement, step
from nosender.retention.settling import Settling
from nosender.retention.stop import Stop
from nosender.retention.workers import share
from nosender.terminal_text import visible

if TYPE_CHECKING:
    from nosender.project import Project
    from nosender.server.target import Target


@dataclass(frozen=True, slots=True)
class Pace:
    """How hard a sweep works."""

    most: int = 5000
    """No batch is larger, in rows."""
    target_ms: float | None = 1.0
    """How long a batch should take; None keeps every batch at `most`."""
    duty: float = 0.5
    """The share of the time spent working; the rest is slept away between batches."""
    rate: int | None = None
    """Rows a second at most."""
    patience_ms: int = 2000
    """How long, in the whole sweep, to wait for rows that somebody else has locked."""


GENTLE = Pace()
FAST = Pace(target_ms=None, duty=1.0)


@dataclass(frozen=True, slots=True)
class SweepReceipt:
    """What one sweep did, as its last row in the ledger says."""

    run: str
    """UUID of the run."""
    status: str
    """done, partial (expired rows stayed), interrupted or failed."""
    error_class: str | None
    cutoff: str
    """The database's clock at the start, in UTC: what had expired by then was to go."""
    policy_hash: str
    deleted: int
    deactivated: int
    children: int
    """Rows of other tables that went by cascade."""
    batches: int
    blocked: int
    """Expired rows that stayed because others had locked them."""
    settled: int
    """Rows that were written anew in random order."""
    passed_over: int
    """Rows that others had locked: they settle with the next set."""
    ledger_id: int
    """The number of the row in retention_runs."""
    ledger_hash: str
    """Its hash, in hexadecimal digits."""
    warnings: tuple[str, ...]
    """Sentences about what made the sweep less than it should be."""


def sweep(
    target: Target,
    *,
    pace: Pace = GENTLE,
    tables: Sequence[str] | None = None,
    canary: bool = False,
    plan: Plan | None = None,
    progress: Progress | None = None,
    stop: Stop | None = None,
    workers: int = 1,
    project: Project | None = None,
    nodes: Mapping[str, Target] | None = None,
) -> SweepReceipt:
    """Delete what has expired in the database of `target`, batch by batch, to the end.

    `plan` is the catalogue's for the foreign keys that are there, unless given; NosenderError where the
    database follows another one. `stop`, once set, ends the sweep at the next boundary of a batch, with a
    receipt. `canary` leaves a row in messages and in ephemeral_keys that the next sweeps have to remove.
    `progress` is called after each batch with the sweep's state, by one thread at a time. With more `workers`
    than one, so many sessions share each table from which rows are deleted, a part at a time; a `rate` is of
    all of them together. `project` has tables of its own, which are swept too. `nodes`: connections to the
    other nodes of a database that Citus distributes, by their numbers: each has a session of its own.
    """

    from nosender.server.pooler import require_session

    with target.connect("nosender retention", autocommit=True) as connection:
        try:
            require_session(target, connection, "a sweep")
            named = named_nodes(connection, target, nodes, all_of_them=True)
            refuse_replaced(connection, target.schema, spread=named is not None)
            policy = _policy_hash(connection, target.schema)
            plan = plan or live_plan(connection, target.schema, project)
            refuse_other_policy(policy, plan)
            _refuse_unknown(tables or (), plan)
            crew = _Crew(target, workers, frozenset(r.table for r in plan.rules if r.action == "delete"))
            hindering = hindrances(connection, target.schema, plan)
            crew.look = frozenset(hindering)
            if named is not None:
                return _sweep_nodes(connection, crew, named, pace, tables, canary, progress, stop or Stop())
            receipt = _run(connection, pace, tables, canary, crew, progress, stop or Stop())
            stayed = what_stayed(connection, target.schema, hindering) if receipt.status == "partial" else ()
            return replace(
                receipt, warnings=receipt.warnings + stayed + _held_back(connection, target.schema)
            )
        except psycopg.Error as error:
            raise explain(error, target) from None


def _sweep_nodes(
    connection: psycopg.Connection,
    crew: _Crew,
    named: Mapping[str, Target | None],
    pace: Pace,
    tables: Sequence[str] | None,
    canary: bool,
    progress: Progress | None,
    stop: Stop,
) -> SweepReceipt:
    if crew.workers > 1:
        raise UsageError("--workers share a table of one server; here each node has a session of its own")
    state = _begin(connection, crew.target.schema, pace, tables, canary)
    run = NodesRun(connection, crew.target.schema, state, stop)
    receipt = _receipt(run.run(named, crew.look, progress))
    return replace(receipt, warnings=(*run.warnings, *receipt.warnings))


def _policy_hash(connection: psycopg.Connection, schema: str) -> str:
    query = "select pg_catalog.encode({}.retention_policy_hash(), 'hex')"
    row = connection.execute(statement(schema, query)).fetchone()
    return str(row[0]) if row is not None else ""


def refuse_other_policy(policy_hash: str, plan: Plan) -> None:
    """NosenderError where the database's own policy is not the plan."""
    if policy_hash != plan.hash:
        raise NosenderError(
            "the catalogue and the database's function retention_policy declare different retention: nothing "
            "was swept; `nosender retention plan` shows the catalogue's, and a migration brings the database "
            "to it; where a project's tables are swept, name its folder with --project"
        )


def _refuse_unknown(tables: Sequence[str], plan: Plan) -> None:
    """UsageError where a table is asked for that no rule names."""
    known = [rule.table for rule in plan.rules]
    for table in tables:
        if table not in known:
            raise UsageError(
                f"no sweep goes to the table {visible(table)}; it goes to {', '.join(known)}."
                f"{did_you_mean(table, known)}"
            )


@dataclass(slots=True)
class _Crew:
    """Who else works on a table."""

    target: Target
    workers: int
    tables: frozenset[str]
    """That can be shared."""
    lost: int = 0
    look: frozenset[str] = frozenset()
    """Tables at whose end it is looked whether anything stayed, though it was deleted."""

    def look_at_the_end(self, state: State) -> State:
        """Have the database look before it writes the receipt of a table, where rows can have stayed.

        Nothing gone of what was due is a reason; a look costs a page for each row that is gone, so where
        nothing can hinder a delete none is taken.
        """
        if state["pass"] != "end" or state["tables"][state["at"]] == "retention_runs":  # noqa: S105 (a word of the walk)
            return state
        gone = state["deleted"] + state["deactivated"]
        return {**state, "left": True} if not gone or state["tables"][state["at"]] in self.look else state

    def takes(self, state: State) -> bool:
        """Whether the pass that `state` is in is for all of them; no table is for them twice."""
        name = state["tables"][state["at"]] if state["at"] < len(state["tables"]) else None
        if self.workers < 2 or name not in self.tables or state["pass"] not in ("keys", "blocks"):
            return False
        self.tables -= {name}
        return True


# The very types of the function: an overload that fits better would be somebody else's.
_BEGIN = (
    "select {}.retention_begin(%s::integer, %s::numeric, %s::numeric, %s::integer, %s::integer, %s::text[],"
    " %s::boolean)"
)


def _begin(
    connection: psycopg.Connection, schema: str, pace: Pace, tables: Sequence[str] | None, canary: bool
) -> State:
    """The sweep's locks, its first row in the ledger, and its state."""
    begun = connection.execute(
        statement(schema, _BEGIN),
        [
            *(pace.most, pace.target_ms, pace.duty, pace.rate, pace.patience_ms),
            list(tables) if tables is not None else None,
            canary,
        ],
    ).fetchone()
    assert begun is not None  # noqa: S101  # a function call answers with one row
    state: State = begun[0]
    return state


def _run(
    connection: psycopg.Connection,
    pace: Pace,
    tables: Sequence[str] | None,
    canary: bool,
    crew: _Crew,
    progress: Progress | None,
    stop: Stop,
) -> SweepReceipt:

    schema = crew.target.schema
    state = _begin(connection, schema, pace, tables, canary)
    settling = Settling(crew.target, connection)
    try:
        while not state["finished"]:
            if stop.wait(float(state["pause_ms"]) / 1000):
                state = end(connection, schema, state, "interrupted", None)
                break
            if crew.takes(state):
                crew.lost += share(crew.target, connection, state, crew.workers, progress=progress, stop=stop)
                continue
            state = step(connection, schema, settling.step(crew.look_at_the_end(state)))
            if progress is not None:
                progress(state)
    except psycopg.Error as error:
        # The receipt that says so; where even that fails, the started run without an end stays visible.
        with contextlib.suppress(psycopg.Error):
            end(connection, schema, state, "failed", error.sqlstate or "connection-lost")
        raise
    except BaseException:
        with contextlib.suppress(psycopg.Error):
            end(connection, schema, state, "interrupted", None)
        raise
    finally:
        settling.release()
    receipt = _receipt(state)
    if settling.warning is not None:
        receipt = replace(receipt, warnings=(*receipt.warnings, settling.warning))
    if crew.lost:
        told = f"{crew.lost} of the workers' connections broke; the others did their part"
        receipt = replace(receipt, warnings=(told, *receipt.warnings))
    return receipt


def _held_back(connection: psycopg.Connection, schema: str) -> tuple[str, ...]:
    """Who makes deletes free nothing: whoever has had an old snapshot for a minute or longer."""
    rows = connection.execute(
        statement(
            schema, "select kind, name, seconds from {}.retention_holders() where coalesce(seconds, 60) >= 60"
        )
    ).fetchall()
    return tuple(
        f"{kind} {name} keeps deleted rows from being vacuumed away"
        + (f", for {seconds} seconds now" if seconds is not None else "")
        for kind, name, seconds in rows
    )


def _receipt(state: State) -> SweepReceipt:
    total = state["total"]
    warnings = []
    if state["clock_back"]:
        warnings.append(
            "the database's clock is behind the last receipt in the ledger: what had expired by the earlier "
            "clock may still be there"
        )
    if total["blocked"]:
        warnings.append(
            f"{total['blocked']} expired rows are locked by other sessions and stay: "
            "sweep again when they are free"
        )
    elif state["status"] == "partial" and not state["clock_back"]:
        warnings.append("expired rows are still there: others moved, locked or kept them; sweep again")
    if state["passed_over"]:
        warnings.append(f"{state['passed_over']} rows are in use and settle with the next set")
    return SweepReceipt(
        run=state["run"],
        status=state["status"],
        error_class=state["error_class"],
        cutoff=state["cutoff"],
        policy_hash=state["policy"],
        deleted=total["deleted"],
        deactivated=total["deactivated"],
        children=total["children"],
        batches=total["batches"],
        blocked=total["blocked"],
        settled=state["settled"],
        passed_over=state["passed_over"],
        ledger_id=state["ledger_id"],
        ledger_hash=state["ledger_hash"],
        warnings=tuple(warnings),
    )
