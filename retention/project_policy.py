"""A project's part of the plan, as the rows that its database has to hold."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nosender.errors import UsageError
from nosender.retention.plan import make_plan, references
from nosender.schema.catalogue.places import place_of
from nosender.schema.project_policy import FOLLOWS, FUNCTION, SETTLES, Row, body, statement

if TYPE_CHECKING:
    from nosender.schema.catalogue.model import Catalogue, Table
    from nosender.schema.observe import Observation

WRITTEN_ANEW = (
    "smallint", "integer", "bigint", "boolean", "real", "double precision", "date", "interval", "uuid",
    "timestamp without time zone", "timestamp with time zone", "bytea", "text", "character varying",
)  # fmt: skip
"""The types whose values a settle stores anew, or which are never stored out of line."""


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
    for table in sorted(own.values(), key=lambda each: each.name):
        if (by := table.retention.settled_by) is not None:
            _require_settles(table, observation)
            found.append(Row(table.name, None, SETTLES, by, None, None, None, table.retention.raised))
    return tuple(found)


def _require_settles(table: Table, observation: Observation) -> None:
    """A settle goes by places in one file and by a number of the row, and writes each value anew."""
    place = place_of(table.name, observation.schema)

    def refuse(sentence: str) -> UsageError:
        return UsageError(f"{table.place}: rows of {table.name!r} cannot settle: {sentence}.")

    kinds = {each.kind for each in observation.relations if (each.schema, each.name) == place}
    if kinds != {"table"}:
        raise refuse("they have to lie in one file, of a table that has no partitions")
    columns = [each for each in observation.columns if (each.schema, each.table) == place]
    numbers = [each for each in columns if each.name == "id" and each.type in ("integer", "bigint")]
    indexes = [each for each in observation.indexes if (each.schema, each.table) == place and each.unique]
    if not any(each.columns[:1] == ("id",) for each in indexes) or not numbers:
        raise refuse("that goes by an id, an integer or bigint with which a unique index begins")
    if numbers[0].identity == "always":
        raise refuse("their id is generated always, so nothing may write it; let it be by default")
    for column in columns:
        if column.generated is None and column.type.partition("(")[0] not in WRITTEN_ANEW:
            raise refuse(
                f"a value of {column.type} keeps its number out of line ({column.name}); the types are "
                f"{', '.join(WRITTEN_ANEW)}"
            )


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
