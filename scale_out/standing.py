"""Where a database stands between the core on one server and the layout on several."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from nosender.errors import IncompleteError
from nosender.schema.layouts.standing import stands
from nosender.terminal_text import visible

if TYPE_CHECKING:
    from nosender.schema.layouts.layout import Layout
    from nosender.schema.observe import Observation

Standing = Literal["core", "keys", "distributed", "between"]
"""keys: the layout's, on one server, as after a dump was restored; between: some tables and not others."""


def standing_of(live: Observation, layout: Layout) -> Standing:
    """Of the schema that the Observation is about. IncompleteError where it holds none of our tables."""
    names = {each.name for each in live.relations if each.schema == live.schema}
    if not any(each.name in names for each in layout.tables):
        raise IncompleteError(
            f"schema {visible(live.schema)} of this database holds none of our tables; run `nosender db "
            "upgrade`, or name the right schema with --schema"
        )
    moved = [each for each in layout.tables if each.kind != "local"]
    found = [
        (placed.kind, placed.column)
        if live.distribution is not None
        and (placed := live.distribution.table(live.schema, each.name)) is not None
        else None
        for each in moved
    ]
    if found == [(each.kind, each.column) for each in moved]:
        return "distributed" if stands(live) else "between"
    if any(found):
        return "between"
    return "keys" if stands(live) else "core"
