"""The comments that the database carries, made from the catalogue: schema/ddl/85_comments.sql."""

from __future__ import annotations

from .model import Catalogue

_HEAD = """\
-- Made from schema/catalogue by `nosender catalogue comments`; change the catalogue, not this file.
"""


def comments_sql(catalogue: Catalogue) -> str:
    """One COMMENT ON for every table, column and function of ours, in the order of the catalogue.

    Tables that Alembic makes are left out: they do not exist where the DDL alone is loaded.
    """
    lines = []
    for table in catalogue.tables:
        if table.made_by != "nosender":
            continue
        lines.append(f"comment on table {table.name} is {_quoted(table.purpose)};")
        lines += [
            f"comment on column {table.name}.{_identifier(column.name)} is {_quoted(column.purpose)};"
            for column in table.columns
        ]
        lines.append("")
    lines += [
        f"comment on routine {function.name} is {_quoted(function.purpose)};"
        for function in catalogue.functions
    ]
    return _HEAD + "\n" + "\n".join(lines).rstrip() + "\n"


def _quoted(text: str) -> str:
    """A SQL string; the server's standard_conforming_strings is on since 9.1, so backslashes are plain."""
    return "'" + text.replace("'", "''") + "'"


def _identifier(name: str) -> str:
    """A column name, quoted where it is also a word of the language."""
    return f'"{name}"' if name in {"timestamp"} else name
