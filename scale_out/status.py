"""How a database is distributed, beside what the layout says: read from one server, in one snapshot."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from nosender.errors import IncompleteError
from nosender.migrations.nodes import check_others, differing
from nosender.schema.layouts import layout as layouts
from nosender.terminal_text import visible

if TYPE_CHECKING:
    from nosender.schema.layouts.layout import Layout
    from nosender.schema.observe.distribution_model import Distribution
    from nosender.server.target import Target


@dataclass(frozen=True, slots=True)
class Status:
    """The whole answer."""

    lines: tuple[str, ...]
    differing: tuple[str, ...]
    """What is not as the layout says, or not as Citus says, each in a sentence."""
    unseen: int
    """How many nodes were not looked at."""

    @property
    def exit_code(self) -> int:
        """1 where something differs, 3 where nodes were not looked at, else 0."""
        return 1 if self.differing else 3 if self.unseen else 0


def read_status(target: Target, named: Mapping[str, Target] | None = None) -> Status:
    """How the database of `target` is distributed; IncompleteError where it is a worker's.

    `named`: connections to the other nodes, by their numbers, which are then looked at.
    """
    from nosender.schema.observe import observe
    from nosender.schema.observe.citus_own import without_own
    from nosender.schema.observe.read.distribution import refuse_worker

    layout = layouts.read()
    with target.connect("nosender db scale-out", reading=True) as connection:
        refuse_worker(connection, target.schema)
        live = without_own(observe(connection, target.schema))
    others = check_others(live.distribution, named) if named is not None else ()
    names = {each.name for each in live.relations if each.schema == target.schema}
    if not any(each.name in names for each in layout.tables):
        raise IncompleteError(f"schema {target.schema} of this database holds none of our tables")
    spread = live.distribution
    if spread is None:
        return Status(("one server: Citus is not in this database",), (), 0)
    if not spread.tables:
        return Status(("one server: Citus is there, and distributes no table",), (), 0)
    looked = [each.node for each in others if each.why is None]
    return Status(
        (
            *_lines(spread, looked),
            *(f"not looked at: node {each.node}: {visible(each.why)}" for each in others if each.why),
        ),
        (
            *_differing(spread, layout, target.schema, names),
            *differing(live),
            *(f"{line}, on node {each.node}" for each in others for line in each.differences),
        ),
        len(spread.others) - len(looked),
    )


def _lines(spread: Distribution, looked: list[str]) -> Iterator[str]:
    seen = ", ".join((spread.place, *(f"node {each}" for each in looked)))
    yield f"{len(spread.others) + 1} nodes; looked at: {seen}"
    for node in spread.nodes:
        state = "" if node.active else ", not active"
        shards = "" if node.holds_shards else ", holds no shards"
        yield f"  {node.name}: {visible(node.host)}:{node.port}{state}{shards}"
    for table in spread.tables:
        where = f"distributed by {table.column}" if table.column else table.kind
        yield f"  {visible(table.schema)}.{visible(table.name)}: {visible(where)}, {table.shards} shards"
    for copy in spread.queued:
        yield f"  old copy that Citus will drop, on node {copy.group}: {visible(copy.name)}"


def _differing(spread: Distribution, layout: Layout, schema: str, names: set[str]) -> Iterator[str]:
    """Where tables stand elsewhere than the layout says."""
    for each in layout.tables:
        if each.name not in names:
            yield f"{each.name} is not there"
            continue
        found = spread.table(schema, each.name)
        # a key to a table with a copy on every node makes Citus know a table that stays where it is
        stands = ("local", None) if found is None else (found.kind, found.column)
        if stands != (each.kind, each.column):
            yield f"{each.name} is {_words(*stands)}, and the layout says {_words(each.kind, each.column)}"


def _words(kind: str, column: str | None) -> str:
    return f"distributed by {column}" if column else "a copy on every node" if kind == "reference" else kind
