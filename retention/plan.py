"""What a sweep has to do, made from the catalogue alone: pure, without a database.

The database carries the same policy in its function `retention_policy`, because its procedure sweeps without
this program. Both are reduced to one text and its hash; a sweep is refused where they differ.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from nosender.errors import UsageError

if TYPE_CHECKING:
    from nosender.schema.catalogue.model import Catalogue, Table


@dataclass(frozen=True, slots=True)
class Rule:
    """What happens to the rows of one table."""

    table: str
    expires_column: str | None
    """A row has expired once this moment has passed; NULL never expires. None: only the age counts."""
    action: str
    """`delete`, or `deactivate`: set the flag to false and keep the row."""
    flag: str | None
    at_once: str | None
    """A row where this column is true goes with the next sweep."""
    max_age: timedelta | None
    """A row that is this old goes, unless its expiry still lies ahead."""
    max_age_column: str | None
    children: tuple[str, ...]
    """Tables whose rows go with it by ON DELETE CASCADE, in order of their names."""

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

    def text(self) -> str:
        """The text that the hash is taken of: a line a rule."""
        return "".join(rule.text() for rule in self.rules)

    @property
    def hash(self) -> str:
        """SHA-256 of the text, in hexadecimal digits; every receipt carries it."""
        return hashlib.sha256(self.text().encode()).hexdigest()


Reference = tuple[str, str, bool]
"""A foreign key: the table that refers, the table it refers to, whether deletes cascade."""


def make_plan(catalogue: Catalogue, references: Iterable[Reference]) -> Plan:
    """The plan of a catalogue, for the foreign keys that there are.

    UsageError, with file and line, for a rule under which a row would go that has not expired.
    """
    edges = tuple(references)
    swept = [
        table
        for table in catalogue.tables
        if table.retention.rule == "expires" or table.retention.max_age is not None
    ]
    for table in swept:
        _refuse_unsafe(table, edges)
    return Plan(tuple(_rule(table, edges) for table in _children_first(swept, edges)))


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
        children=_descendants(table.name, edges),
    )


def _refuse_unsafe(table: Table, edges: tuple[Reference, ...]) -> None:
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
    if retention.action != "deactivate":
        for child, parent, cascades in edges:
            if parent == table.name and child != table.name and not cascades:
                raise UsageError(
                    f"{table.place}: rows of {table.name} cannot be swept, because {child} refers to them "
                    "without ON DELETE CASCADE"
                )


def _descendants(table: str, edges: tuple[Reference, ...]) -> tuple[str, ...]:
    """Every table whose rows a cascade from `table` reaches."""
    found: set[str] = set()
    waiting = [table]
    while waiting:
        parent = waiting.pop()
        for child, of, cascades in edges:
            if of == parent and cascades and child not in found and child != table:
                found.add(child)
                waiting.append(child)
    return tuple(sorted(found))


def _children_first(swept: list[Table], edges: tuple[Reference, ...]) -> list[Table]:
    """A table after those that refer to it, so that what expires of itself counts as that; then by name."""
    names = {table.name for table in swept}

    def depth(name: str, above: frozenset[str]) -> int:
        below = {child for child, parent, _ in edges if parent == name and child in names - above - {name}}
        return max((depth(child, above | {name}) + 1 for child in below), default=0)

    # The ledger comes last: it tells what the others lost.
    return sorted(
        swept, key=lambda each: (each.name == "retention_runs", depth(each.name, frozenset()), each.name)
    )
