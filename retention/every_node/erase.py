"""What lies on one node, part by part, for whoever vacuums it or writes it anew."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from nosender.errors import NosenderError
from nosender.retention.session import statement

if TYPE_CHECKING:
    from nosender.retention.every_node.nodes import NodeSession

_PARTS = """
    select n.nspname::text, c.relname::text, pg_catalog.pg_total_relation_size(c.oid),
      pg_catalog.pg_stat_get_dead_tuples(c.oid), pg_catalog.pg_has_role(c.relowner, 'usage')
    from {}.retention_parts(%s::text) as p
    inner join pg_catalog.pg_class as c on c.oid = p.home
    inner join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
"""


@dataclass(frozen=True, slots=True)
class PartToErase:
    """One part of a table."""

    schema: str
    name: str
    bytes: int
    dead: int


def parts_to_erase(node: NodeSession, tables: Sequence[str]) -> tuple[PartToErase, ...]:
    """The parts of these tables on a node; NosenderError where the session may not vacuum one."""
    node.session.execute("select pg_catalog.set_config('citus.override_table_visibility', 'off', false)")
    found = []
    for table in tables:
        query = statement(node.target.schema, _PARTS)
        for home, name, size, dead, may in node.session.execute(query, [table]).fetchall():
            if not may:
                raise NosenderError(
                    f"{name} on {node.name} is its owner's to vacuum: connect as the role that owns it"
                )
            found.append(PartToErase(home, name, size, dead))
    return tuple(found)
