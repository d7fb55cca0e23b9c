"""The comments that the database carries, made from the catalogue: schema/ddl/850_comments.sql."""

from __future__ import annotations

import textwrap

from nosender.schema.catalogue.model import Catalogue

_WIDTH = 108

_HEAD = """\
-- Made from schema/catalogue by `nosender catalogue comments`; change the catalogue, not this file.

set search_path = pg_catalog, pg_temp;
"""


def comments_sql(catalogue: Catalogue) -> str:
    """One COMMENT ON for every table, column and function of ours, in the order of the catalogue.

    Tables that Alembic makes are left out: they do not exist where the DDL alone is loaded.
    """
    lines: list[str] = []
    for table in catalogue.tables:
        if table.made_by != "nosender":
            continue
        lines.append(_comment(f"table public.{table.name}", table.purpose))
        lines += [
            _comment(f"column public.{table.name}.{_identifier(column.name)}", column.purpose)
            for column in table.columns
        ]
        lines.append("")
    lines += [_comment(f"routine public.{each.name}", each.purpose) for each in catalogue.functions]
    return _HEAD + "\n" + "\n".join(lines).rstrip() + "\n"


def _comment(what: str, text: str) -> str:
    """One statement; a long text in pieces, which SQL joins when a line break is between them."""
    whole = f"comment on {what} is '{_escaped(text)}';"
    if len(whole) <= _WIDTH:
        return whole
    pieces = [piece + " " for piece in textwrap.wrap(text, _WIDTH - 10, break_on_hyphens=False)]
    pieces[-1] = pieces[-1].rstrip()
    return f"comment on {what} is\n" + "\n".join(f"'{_escaped(piece)}'" for piece in pieces) + ";"


def _escaped(text: str) -> str:
    """For between quotes; the server's standard_conforming_strings is on since 9.1: backslashes are plain."""
    return text.replace("'", "''")


def _identifier(name: str) -> str:
    """A column name, quoted where it is also a word of the language."""
    return f'"{name}"' if name in {"timestamp"} else name
