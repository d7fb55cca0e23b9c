"""Puts the annex of a report together from a snapshot: inventory, diagram, evidence, places, ledger."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import TYPE_CHECKING

from nosender.privacy_audit.result.annex import (
    Annex,
    Evidence,
    InventoryColumn,
    LedgerRow,
    LedgerState,
    OverdueRows,
    RequirementEntry,
    TableEntry,
)
from nosender.privacy_audit.result.source_lines import place_of
from nosender.privacy_audit.snapshot.object_names import dotted, without_numbers
from nosender.privacy_audit.snapshot.snapshot import Row, Snapshot, Unseen
from nosender.privacy_audit.standards import standards, titles
from nosender.schema.catalogue.model import duration_in_words
from nosender.schema.catalogue.places import declared_name
from nosender.schema.catalogue.sides import sides
from nosender.schema.diagram import Edge, Node, Side, parents_first
from nosender.schema.ledger_format import GENESIS

if TYPE_CHECKING:
    from nosender.privacy_audit.check import Loaded
    from nosender.privacy_audit.finding import Finding
    from nosender.schema.catalogue.model import Table
    from nosender.schema.observe.model import Relation

LEDGER_ROWS = 400
"""How much of the ledger's end a report shows."""

_STORED = {"table", "partitioned table", "materialized view", "foreign table"}


def annex_of(snapshot: Snapshot, checks: Iterable[Loaded], findings: Iterable[Finding]) -> Annex:
    """The annex of an audit of this snapshot by these checks."""
    relations = [each for each in snapshot.in_scope("relations") if each.kind in _STORED]
    edges = _edges(snapshot)
    nodes = (_node(snapshot, each) for each in relations)
    return Annex(
        inventory=tuple(_entry(snapshot, each) for each in relations),
        nodes=parents_first(nodes, edges),
        edges=edges,
        evidence={loaded.check.slug: _evidence(loaded) for loaded in checks},
        places={each.object: place_of(each.object) for each in findings},
        standards=titles(),
        requirements=_requirements(),
        retention=_retention(snapshot),
    )


def _entry(snapshot: Snapshot, relation: Relation) -> TableEntry:
    declared = _declared(snapshot, relation)
    return TableEntry(
        name=_name(snapshot, relation.schema, relation.name),
        purpose=declared.purpose if declared else "Nothing declares what this table is for.",
        retention=declared.retention.in_words() if declared else "nothing declares how long its rows stay",
        kept_because=declared.retention.kept_because if declared else None,
        columns=tuple(_columns(snapshot, relation, declared)),
    )


def _columns(snapshot: Snapshot, relation: Relation, declared: Table | None) -> Iterable[InventoryColumn]:
    for column in snapshot.columns_of(relation):
        known = declared.column(column.name) if declared else None
        yield InventoryColumn(
            name=without_numbers(column.name),
            type=column.type,
            data_class=known.data_class.name if known else None,
            personal=known.data_class.personal if known else False,
            purpose=known.purpose if known else "",
            resolution=known.resolution.name if known and known.resolution else "",
            retention=_kept(known.retention) if known else "",
        )


def _kept(retention: str) -> str:
    """`with the row` where the column says no more than its table, whose rule stands above its columns."""
    return "with the row" if retention.startswith("with the row:") else retention


def _node(snapshot: Snapshot, relation: Relation) -> Node:
    declared = _declared(snapshot, relation)
    columns = []
    for column in snapshot.columns_of(relation):
        known = declared.column(column.name) if declared else None
        columns.append((without_numbers(column.name), known.data_class.name if known else None))
    side: Side = sides(snapshot.catalogue)[declared.name] if declared else "undeclared"
    return Node(_name(snapshot, relation.schema, relation.name), side, tuple(columns))


def _edges(snapshot: Snapshot) -> tuple[Edge, ...]:
    allowed = {(key.table, key.columns, key.parent): key for key in snapshot.catalogue.foreign_keys}
    edges = []
    for each in snapshot.live.constraints:
        if each.kind != "foreign key" or each.inherited or each.schema not in snapshot.scope:
            continue
        child = declared_name(each.schema, each.table, snapshot.schema)
        parent = declared_name(each.referenced_schema or "", each.referenced_table or "", snapshot.schema)
        edges.append(
            Edge(
                _name(snapshot, each.schema, each.table),
                tuple(map(without_numbers, each.columns)),
                _name(snapshot, each.referenced_schema or "", each.referenced_table or ""),
                without_numbers(each.name),
                (child, each.columns, parent) in allowed,
            )
        )
    return tuple(sorted(edges, key=lambda edge: (edge.table, edge.columns, edge.parent, edge.name)))


def _declared(snapshot: Snapshot, relation: Relation) -> Table | None:
    return snapshot.catalogue.table(snapshot.declared_name(relation))


def _name(snapshot: Snapshot, schema: str, name: str) -> str:
    return without_numbers(name if schema == snapshot.schema else dotted(schema, name))


def _evidence(loaded: Loaded) -> Evidence:
    query = loaded.example("query.sql")
    paragraphs = (" ".join(part.split()) for part in loaded.explanation.split("\n\n"))
    return Evidence("\n\n".join(paragraphs), query, hashlib.sha256(query.encode()).hexdigest())


def _requirements() -> tuple[RequirementEntry, ...]:
    return tuple(
        RequirementEntry(
            f"{standard.title}, {standard.edition}",
            each.id,
            each.title,
            each.checks,
            each.manual,
            each.deviation,
        )
        for standard in standards()
        for each in standard.requirements
    )


def _retention(snapshot: Snapshot) -> LedgerState | None:
    """What the ledger says; None where it could not be read."""
    tail, overdue = snapshot.probes.get("retention_ledger_tail"), snapshot.probes.get("retention_overdue")
    if tail is None or isinstance(tail, Unseen):
        return None
    rows = tuple(_ledger_row(row) for row in reversed(tail))
    return LedgerState(
        length=int(tail[0]["id"]) if tail else 0,
        head=str(tail[0]["row_hash"]).removeprefix("\\x") if tail else GENESIS,
        rows=_whole_runs(rows) if len(rows) >= LEDGER_ROWS else rows,
        overdue=()
        if overdue is None or isinstance(overdue, Unseen)
        else tuple(
            OverdueRows(str(row["table_name"]), int(row["due"]), bool(row["more"]), _moment(row["oldest"]))
            for row in overdue
        ),
        interval=duration_in_words(snapshot.catalogue.interval),
        grace=duration_in_words(snapshot.catalogue.grace),
    )


def _ledger_row(row: Row) -> LedgerRow:
    return LedgerRow(
        run=str(row["run_id"]),
        event=str(row["phase"]),
        table=row["table_name"],
        status=row["status"],
        at=_moment(row["clock_after"]) or "",
        deleted=int(row["deleted"]),
        deactivated=int(row["deactivated"]),
        left=int(row["blocked"]),
    )


def _whole_runs(rows: tuple[LedgerRow, ...]) -> tuple[LedgerRow, ...]:
    """Without the first run, of which the rows may begin in the middle."""
    return tuple(row for row in rows if row.run != rows[0].run)


def _moment(value: object) -> str | None:
    """A timestamp as PostgreSQL writes it into JSON, without the fraction of the second."""
    return None if value is None else f"{str(value).partition('.')[0].removesuffix('+00:00')}Z"
