"""What is to be expected of one node of a database that Citus distributes, and which nodes were not seen."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from nosender.schema.catalogue.places import place_of

if TYPE_CHECKING:
    from nosender.privacy_audit.snapshot.snapshot import Snapshot
    from nosender.schema.catalogue.model import Catalogue
    from nosender.schema.observe import Observation
    from nosender.schema.observe.distribution_model import Node
    from nosender.schema.observe.model import Sequence

_WORKERS = re.compile(r"^worker_nextval\(")
_RANGE = 48
"""Bits that the ids of one group may have."""


def is_worker(live: Observation) -> bool:
    """Whether the node that was read is a worker of a distributed database."""
    return live.distribution is not None and not live.distribution.is_coordinator


def unseen_nodes(snapshot: Snapshot, seen: Collection[Node] = ()) -> tuple[str, ...]:
    """The nodes beside the one that was read, and beside those seen."""
    spread = snapshot.live.distribution
    return () if spread is None else tuple(each.name for each in spread.others if each not in seen)


def on_node(
    live: Observation, declared: Observation, catalogue: Catalogue
) -> tuple[Observation, Observation, Catalogue]:
    """The same for the node that was read: a worker has the distributed tables, and what they need."""
    spread = live.distribution
    if spread is None or spread.is_coordinator:
        return live, declared, catalogue
    tables = {(each.schema, each.name) for each in spread.tables}
    tables |= {(each.schema, each.name) for each in live.relations}
    functions = {(each.schema, each.name, each.identity) for each in live.functions}
    sequences = {(each.schema, each.name) for each in live.sequences}
    lists: dict[str, Any] = {
        "relations": (each for each in declared.relations if (each.schema, each.name) in tables),
        "functions": (
            each for each in declared.functions if (each.schema, each.name, each.identity) in functions
        ),
        "sequences": (each for each in declared.sequences if (each.schema, each.name) in sequences),
    }
    for kind in ("columns", "constraints", "indexes", "triggers", "rules", "policies", "statistics"):
        lists[kind] = (each for each in getattr(declared, kind) if (each.schema, each.table) in tables)
    parts: dict[str, Any] = {kind: tuple(records) for kind, records in lists.items()}
    declared = replace(declared, **parts)
    live = replace(
        live,
        # numbers of a table with a copy on every node are drawn on the coordinator
        columns=tuple(
            replace(each, default=_WORKERS.sub("nextval(", each.default)) if each.default else each
            for each in live.columns
        ),
        sequences=tuple(_of_coordinator(each, spread.group) for each in live.sequences),
    )
    catalogue = replace(
        catalogue,
        tables=tuple(each for each in catalogue.tables if place_of(each.name, live.schema) in tables),
    )
    return live, declared, catalogue


def _of_coordinator(sequence: Sequence, group: int) -> Sequence:
    """A sequence of a worker, which begins with the number of its group, as the coordinator's."""
    first = (group << _RANGE) + 1
    if (sequence.minimum, sequence.maximum) != (first, first + (1 << _RANGE)) or sequence.type != "bigint":
        return sequence
    start = sequence.start - first + 1 if sequence.start >= first else sequence.start
    return replace(sequence, start=start, minimum=1, maximum=(1 << 63) - 1)
