"""What the sweep does to a project's own tables, as the one function holds it: values, and nothing that runs.

Core makes the function once, empty, and no revision of ours makes it again; a revision of the project's puts
the rows there that `nosender project freeze` writes.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

FUNCTION = "retention_project_policy"
_COLUMNS = 8
FOLLOWS = "follows"
"""The action of a row that only names whose rows go with those of a table of ours."""

SETTLES = "settles"
"""The action of a row that names a table whose rows are written anew in random order: `flag` is the column by
whose time they settle, and `children` are the times that rise.
"""
XMIN = "xmin"
"""The flag of a table that no column tells the time of: its rows settle by who wrote them. No column can be
called so.
"""

_EMPTY = """
  select
    null::text, null::text, null::text, null::text, null::text, null::interval, null::text, null::text[]
  where false
"""
_VALUE = r"(?:'(?:[^'\\]|'')*'|null)(?:::(?:text|interval|text\[\]))?"


@dataclass(frozen=True, slots=True)
class Row:
    """What happens to the rows of one table; its fields are the columns of retention_policy."""

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


def body(rows: Sequence[Row]) -> str:
    """The body of the function that holds these rows."""
    if not rows:
        return _EMPTY
    return "\n  values\n  " + ",\n  ".join(map(_row, rows)) + "\n"


def of_values(text: str) -> bool:
    """Whether a body is of values alone, so that nothing runs whoever calls it."""
    return text == _EMPTY or are_values(text, _COLUMNS)


def are_values(text: str, columns: int) -> bool:
    """Whether a body is of rows of so many constants each, as `project freeze` writes it."""
    row = rf"\({_VALUE}(?:, {_VALUE}){{{columns - 1}}}\)"
    return re.fullmatch(rf"\n  values\n  {row}(?:,\n  {row})*\n", text) is not None


def statement(rows: Sequence[Row], schema: str) -> str:
    """The SQL that a revision of the project's runs; `schema` is quoted."""
    return (
        f"create or replace function {schema}.{FUNCTION}()\n"
        "returns table (\n  table_name text, expires_column text, action text, flag text, at_once text,\n"
        "  max_age interval, max_age_column text, children text[]\n)\n"
        "language sql immutable\nset search_path = pg_catalog, pg_temp\n"
        f"as $${body(rows)}$$;\n"
    )


def _row(row: Row) -> str:
    age = "null" if row.max_age is None else f"'{int(row.max_age.total_seconds())} seconds'"
    words = [text_of(row.table), text_of(row.expires_column), text_of(row.action), text_of(row.flag)]
    words += [text_of(row.at_once), f"{age}::interval", text_of(row.max_age_column)]
    words.append("'{" + ",".join(row.children) + "}'::text[]")
    return f"({', '.join(words)})"


def text_of(value: str | None) -> str:
    """A constant of SQL."""
    return "null::text" if value is None else "'" + value.replace("'", "''") + "'::text"
