"""What a sweep has to do, made from the catalogue and the foreign keys of an Observation: pure.

The database carries the same policy in its function `retention_policy`, because its procedure sweeps without
this program. Both are reduced to one text and its hash; a sweep is refused where they differ.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import timedelta
from graphlib import CycleError, TopologicalSorter
from typing import TYPE_CHECKING

from nosender.errors import NosenderError, UsageError
from nosender.schema.catalogue.aged import aged
from nosender.schema.catalogue.places import declared_name
from nosender.schema.knobs import Knobs
from nosender.schema.project_policy import Row

if TYPE_CHECKING:
    from nosender.schema.catalogue.model import Catalogue, Table
    from nosender.schema.observe import Observation


class Rule(Row):
    """What happens to the rows of one table, as the policy's text says it."""

    __slots__ = ()

    def text(self) -> str:
        """The line of the policy's text; the database writes the same one."""
        age = str(int(self.max_age.total_seconds())) if self.max_age is not None else ""
        words = (
            *(self.table, self.expires_column or "", self.action, self.flag or "", self.at_once or ""),
            *(age, self.max_age_column or "", ",".join(self.children)),
        )
        return "|".join(words) + "\n"


@dataclass(frozen=True, slots=True)
class Plan:
    """The rules of every table that is swept, in the order in which they are swept."""

    rules: tuple[Rule, ...]
    knobs: Knobs = field(default_factory=Knobs)
    """What the operator decided."""

    def text(self) -> str:
        """The text that the hash is taken of: a line a rule, and one for the knobs."""
        return "".join(rule.text() for rule in self.rules) + self.knobs.line()

    @property
    def hash(self) -> str:
        """SHA-256 of the text, in hexadecimal digits; every receipt carries it."""
        return hashlib.sha256(self.text().encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Reference:
    """A foreign key, as far as a sweep has to know it."""

    child: str
    """The table that refers; with its schema and a dot before it where that is another one."""
    parent: str
    """The table that it refers to."""
    cascades: bool
    """Whether deleting there deletes here: ON DELETE CASCADE."""


def references(observation: Observation) -> tuple[Reference, ...]:
    """The foreign keys of an Observation, whose tables go by the names that a catalogue gives them."""
    home = observation.schema
    return tuple(
        Reference(
            declared_name(each.schema, each.table, home),
            declared_name(each.referenced_schema or "", each.referenced_table or "", home),
            # What follows the columns: everything before may be a name, and say anything.
            "ON DELETE CASCADE" in each.definition.rpartition(")")[2],
        )
        for each in observation.constraints
        if each.kind == "foreign key"
    )


def make_plan(catalogue: Catalogue, keys: Iterable[Reference], knobs: Knobs | None = None) -> Plan:
    """The plan of a catalogue, for the foreign keys and knobs that an Observation or a live database has.

    Tables come after those that refer to them, and the ledger last. UsageError, with file and line, for a
    rule under which a row would go that has not expired; NosenderError for keys with which no order is right:
    a circle, a cascade that the catalogue does not declare, a key that forbids the delete, or one that is
    declared and missing.
    """
    knobs = knobs or Knobs()
    catalogue = aged(catalogue, knobs)
    swept = [
        table
        for table in catalogue.tables
        if table.retention.rule == "expires" or table.retention.max_age is not None
    ]
    for table in swept:
        _refuse_unsafe(table)
    edges = tuple(sorted(set(keys), key=lambda key: (key.parent, key.child)))
    deleted = {table.name for table in swept if _deletes(table)}
    _refuse_circles({table.name for table in swept}, edges)
    for name in sorted(deleted):
        _refuse_undeclared(catalogue, name, edges)
    return Plan(tuple(_rule(table, edges) for table in _children_first(swept, edges)), knobs)


def _rule(table: Table, edges: tuple[Reference, ...]) -> Rule:
    retention = table.retention
    return Rule(
        table=table.name,
        expires_column=retention.column,
        action=retention.action or "delete",
        flag=retention.flag,
        at_once=retention.at_once,
        max_age=retention.max_age,
        max_age_column=retention.max_age_column,
        children=_descendants(table.name, edges) if _deletes(table) else (),
    )


def _deletes(table: Table) -> bool:
    """Whether a sweep ever deletes a row: one that it marks inactive may still grow too old."""
    return table.retention.action != "deactivate" or table.retention.max_age is not None


def _refuse_unsafe(table: Table) -> None:
    retention = table.retention
    if retention.column is not None:
        column = table.column(retention.column)
        if column is None or column.data_class.name != "expiry":
            raise UsageError(
                f"{table.place}: the sweep of {table.name} would go by {retention.column}, which is not a "
                'moment of expiry, and delete what has not expired; name a column of the class "expiry"'
            )
    if retention.max_age_column is not None:
        column = table.column(retention.max_age_column)
        if column is None or not column.data_class.time or column.data_class.name == "expiry":
            raise UsageError(
                f"{table.place}: the age of a row of {table.name} cannot be counted from "
                f"{retention.max_age_column}, which is not a moment in its past"
            )
        seconds = column.resolution.seconds if column.resolution is not None else 0
        if retention.max_age is not None and retention.max_age <= timedelta(seconds=seconds):
            raise UsageError(
                f"{table.place}: a maximum age within the resolution of {retention.max_age_column} would "
                f"delete rows of {table.name} as they are stored"
            )


def _refuse_undeclared(catalogue: Catalogue, swept: str, edges: tuple[Reference, ...]) -> None:
    """Whatever a delete from `swept` reaches is declared to go with it; whatever is declared, it reaches."""
    for parent in (swept, *_descendants(swept, edges)):
        declared = {table.name for table in catalogue.tables if parent in table.retention.parents}
        for key in (key for key in edges if key.parent == parent):
            if not key.cascades:
                raise NosenderError(
                    f"rows of {swept} cannot be swept, because {key.child} refers to {parent} without ON "
                    "DELETE CASCADE: drop that foreign key, or declare it and let it cascade"
                )
            if key.child not in declared:
                raise NosenderError(
                    f"a sweep of {swept} would delete rows of {key.child} by cascade, which the catalogue "
                    f"does not declare: drop the foreign key to {parent}, or name {parent} among its parents"
                )
        missing = declared - {key.child for key in edges if key.parent == parent}
        if missing:
            raise NosenderError(
                f"rows of {min(missing)} should go with those of {parent}, but no foreign key takes them: "
                "run `nosender db check` to see what differs"
            )


def _refuse_circles(names: set[str], edges: tuple[Reference, ...]) -> None:
    """Only circles that a sweep would run into count."""
    reached = names.union(*(_descendants(name, edges) for name in names))
    graph: dict[str, set[str]] = {name: set() for name in reached}
    for key in edges:
        if key.child in reached and key.parent in reached:
            graph[key.parent].add(key.child)
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        circle = " to ".join(error.args[1])
        raise NosenderError(
            f"the foreign keys go round in a circle, from {circle}, so a sweep could not tell what has "
            "expired from what goes with it: drop one of them"
        ) from None


def _descendants(table: str, edges: tuple[Reference, ...]) -> tuple[str, ...]:
    """Every table whose rows a cascade from `table` reaches."""
    found: set[str] = set()
    waiting = [table]
    while waiting:
        parent = waiting.pop()
        for key in edges:
            if key.parent == parent and key.cascades and key.child not in found:
                found.add(key.child)
                waiting.append(key.child)
    return tuple(sorted(found))


def _children_first(swept: list[Table], edges: tuple[Reference, ...]) -> list[Table]:
    """A table after those that refer to it, so that what expires of itself counts as that; then by name."""
    names = {table.name for table in swept}

    def depth(name: str) -> int:
        below = {key.child for key in edges if key.parent == name and key.child in names}
        return max((depth(child) + 1 for child in below), default=0)

    # The ledger comes last: it tells what the others lost. A project's tables refer to ours, never the other
    # way, and come first, as the database has them.
    return sorted(
        swept,
        key=lambda each: (each.name == "retention_runs", each.whose is None, depth(each.name), each.name),
    )
