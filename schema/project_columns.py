"""What the counting functions know of a project's own columns, as the one function holds it: values alone.

Core makes the function once, empty; a revision of the project's puts the rows there that `nosender project
freeze` writes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from nosender.schema.project_policy import are_values, text_of

FUNCTION = "audit_project_declared"

EMPTY = """
  select null::text, null::text, null::text, null::interval, null::text
  where false
"""


@dataclass(frozen=True, slots=True)
class Row:
    """One row of the function: a declared column."""

    table: str
    column: str
    data_class: str
    seconds: int | None
    """How finely a time may be told."""
    leads_to: str | None
    """To whom, where it says whose the row is."""


def body(rows: Sequence[Row]) -> str:
    """The body of the function that holds these rows."""
    if not rows:
        return EMPTY
    return "\n  values\n  " + ",\n  ".join(map(_row, rows)) + "\n"


def of_values(text: str) -> bool:
    """Whether a body is of values alone, so that nothing runs whoever calls it."""
    return text == EMPTY or are_values(text, 5)


def statement(rows: Sequence[Row], schema: str) -> str:
    """The SQL that a revision of the project's runs; `schema` is quoted."""
    return (
        f"create or replace function {schema}.{FUNCTION}()\n"
        "returns table (table_name text, column_name text, class text, resolution interval, leads_to text)\n"
        "language sql immutable\nset search_path = pg_catalog, pg_temp\n"
        f"as $${body(rows)}$$;\n"
    )


def _row(row: Row) -> str:
    seconds = "null" if row.seconds is None else f"'{row.seconds} seconds'"
    words = [text_of(row.table), text_of(row.column), text_of(row.data_class)]
    return f"({', '.join([*words, f'{seconds}::interval', text_of(row.leads_to)])})"
