"""A project's part of the plan, as the rows that its database has to hold."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nosender.errors import UsageError
from nosender.retention.plan import make_plan, references
from nosender.schema.catalogue.places import place_of
from nosender.schema.project_policy import FOLLOWS, FUNCTION, Row, body, statement

if TYPE_CHECKING:
    from nosender.schema.catalogue.model import Catalogue, Table
    from nosender.schema.observe import Observation


def rows(catalogue: Catalogue, observation: Observation) -> tuple[Row, ...]:
    """The rows of retention_project_policy, for the foreign keys that an Observation has.

    UsageError for a table that the sweep cannot walk through; NosenderError where no order is right.
    """
    own = {table.name: table for table in catalogue.tables if table.whose is not None}
    found: list[Row] = []
    for rule in make_plan(catalogue, references(observation)).rules:
        if rule.table in own:
            _require_walk(own[rule.table], observation)
            found.append(rule)
        elif children := tuple(child for child in rule.children if child in own):
            found.append(Row(rule.table, None, FOLLOWS, None, None, None, None, children))
    return tuple(found)


def _require_walk(table: Table, observation: Observation) -> None:
    """The sweep goes by a number of the row, and by an index that begins with the expiry."""
    column = table.retention.column
    place = place_of(table.name, observation.schema)
    ids = [each for each in observation.columns if (each.schema, each.table, each.name) == (*place, "id")]
    if not ids or ids[0].type not in ("integer", "bigint"):
        raise UsageError(f"{table.place}: rows of {table.name!r} are swept by their number: it needs an id.")
    if column is None:
        return
    indexes = [each for each in observation.indexes if (each.schema, each.table) == place and each.columns]
    if not any(each.columns[0] == column for each in indexes):
        raise UsageError(
            f"{table.place}: rows of {table.name!r} are swept by {column}: it needs an index that begins "
            "with it, such as (expires_at, id)."
        )


def missing(catalogue: Catalogue, observation: Observation) -> str | None:
    """The SQL that a project's next revision has to run, where its function does not hold these rows yet."""
    from nosender.schema.observe.quoting import quoted

    wanted = rows(catalogue, observation)
    live = next((each for each in observation.functions if each.name == FUNCTION), None)
    if live is None or live.body == body(wanted):
        return None
    return statement(wanted, quoted(observation.schema))
