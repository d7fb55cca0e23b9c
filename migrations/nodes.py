"""The other servers of a database that Citus distributes: each of their shards beside its table.

As `audit run --every-node` does, over connections that the user names: whoever owns the coordinator answers
for all that is asked through it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from nosender.errors import NosenderError
from nosender.schema.observe.citus_own import without_own
from nosender.schema.observe.distribution_model import COORDINATOR, Distribution
from nosender.terminal_text import visible

if TYPE_CHECKING:
    import psycopg

    from nosender.schema.observe import Observation
    from nosender.schema.observe.distribution_model import Node
    from nosender.server.target import Target


@dataclass(frozen=True, slots=True)
class CheckedNode:
    """One server beside the coordinator."""

    node: str
    """Its number, as --node has it."""
    why: str | None
    """Why it was not looked at; None where it was."""
    differences: tuple[str, ...] = ()
    """What is not as its table, or not there, each in a sentence."""


def check_nodes(
    connection: psycopg.Connection, schema: str, named: Mapping[str, Target]
) -> tuple[CheckedNode, ...]:
    """Each node beside the one behind `connection`; UsageError for a name that is no node's."""
    from nosender.schema.observe import observe

    return check_others(observe(connection, schema).distribution, named)


def check_others(spread: Distribution | None, named: Mapping[str, Target]) -> tuple[CheckedNode, ...]:
    """Each node beside the one that was read."""
    here = spread or Distribution(COORDINATOR, standby=False)
    here.refuse_unknown(named)
    return tuple(_checked(each, here, named.get(each.key)) for each in here.others)


def _checked(node: Node, here: Distribution, target: Target | None) -> CheckedNode:
    from nosender.schema.observe import observe

    if target is None:
        return CheckedNode(node.key, f"no --node {node.key}=URL names a connection to it")
    try:
        with target.connect("nosender db", reading=True) as connection:
            live = without_own(observe(connection, target.schema))
    except NosenderError as error:
        return CheckedNode(node.key, str(error))
    if why := here.mistaken(node, live.distribution):
        return CheckedNode(node.key, why)
    return CheckedNode(node.key, None, tuple(differing(live)))


def differing(live: Observation) -> Iterator[str]:
    """What of the shards of one node is not as their tables."""
    spread = live.distribution
    for shard in sorted(spread.missing) if spread is not None else ():
        yield f"the shard {visible(shard)} is not where Citus has it"
    for each in spread.differences if spread is not None else ():
        told = {"beside": "only there", "lacking": "not there", "other": "another one there"}[each.what]
        yield f"{each.kind} {visible(each.object)}: {told}, in the shard {visible(each.shard)}"
