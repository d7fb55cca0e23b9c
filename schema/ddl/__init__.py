"""The canonical DDL: one .sql file a table or function, loaded in the order of their names.

The files name everything of ours in the schema public, and set the search_path to pg_catalog: so no name in
them is looked up where anybody else may create. Plain psql loads them there:
``cat schema/ddl/*.sql | psql -v ON_ERROR_STOP=1 -1``. For any other schema they are rendered, here or by the
one line of sed in docs/migrations.md.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from importlib import resources
from typing import TYPE_CHECKING

from nosender.errors import NosenderError
from nosender.server.names import require_schema

if TYPE_CHECKING:
    import psycopg

PATH = "pg_catalog, pg_temp"
"""The search_path of every statement and function of ours: pg_temp is named, or it would come first."""


@dataclass(frozen=True)
class DdlFile:
    """One file of the DDL."""

    name: str
    """The file's name, such as ``100_users.sql``."""
    sql: str
    """Its statements, written for the schema public."""


def files() -> tuple[DdlFile, ...]:
    """Every file of the DDL, in the order in which they load."""
    folder = resources.files(__name__)
    found = (entry for entry in folder.iterdir() if entry.name.endswith(".sql"))
    return tuple(
        DdlFile(entry.name, entry.read_text(encoding="utf-8"))
        for entry in sorted(found, key=lambda entry: entry.name)
    )


def script(schema: str) -> str:
    """Everything as one script for `schema`. UsageError: a name that no schema can have."""
    return render("\n".join(file.sql for file in files()), schema)


def load(connection: psycopg.Connection, schema: str) -> None:
    """Create everything in an existing schema, all of it or nothing; the search_path is left as it was.

    Raises psycopg.Error: a schema that does not exist, a table that does, a right that is missing.
    """
    from psycopg import Error

    with connection.transaction():
        before = connection.execute("select pg_catalog.current_setting('search_path')").fetchone()
        for file in files():
            try:
                connection.execute(render(file.sql, schema).encode())
            except Error as error:
                error.add_note(f"schema/ddl/{file.name}")
                raise
        connection.execute("select pg_catalog.set_config('search_path', %s, false)", before)


# ---------------------------------------------------------------------- rendering

_PIECE = re.compile(
    r"""
    --[^\n]* | /\*.*?\*/                                    # comments stay as they are
  | (?P<literal> \b[eE]'(?:[^'\\]|''|\\.)*' | '(?:[^']|'')*' )
  | "(?:[^"]|"")*" (?P<dot> \s*\. )?
  | (?P<before> \b (?: schema | from | to | search_path\s*(?:=|\bto\b) ) \s+ )?
    (?<![\w$.]) (?P<word> public ) (?![\w$]) (?P<after> \s*\. )?
  | (?P<open> ['"] | /\* )
    """,
    re.VERBOSE | re.DOTALL | re.IGNORECASE,
)
_NAMED = re.compile(r"'public\.(?:[a-z_][a-z0-9_]*(?:\([^'%]*\))?)?'")
_WITHIN = re.compile(
    r"""(?:(?<![\w$.])|(?<=\\[a-z]))public\s*\.[\w"'%$]|\bschema\s+public\b""", re.IGNORECASE
)
_REGNAMESPACE = re.compile(r"::(?:pg_catalog\.)?regnamespace\b")


def name_of(schema: str) -> str:
    """The schema as it stands in what is rendered for it. UsageError: a name that no schema can have."""
    if schema == "public":
        return schema
    return '"' + require_schema(schema).replace('"', '""') + '"'


def render(text: str, schema: str) -> str:
    """SQL that is written for the schema public, for `schema`; the bodies of functions like the rest.

    The schema is found before a dot, after the word schema, and in the constants 'public.name' and
    'public'::regnamespace. NosenderError where it stands elsewhere, as within a longer constant: nobody
    can tell what would have to be quoted there. UsageError: a name that no schema can have.
    """
    new = name_of(schema)
    if new == "public":
        return text

    def rendered(match: re.Match[str]) -> str:
        whole = match[0]
        if match["literal"]:
            return _constant(text, match, new.replace("'", "''"))
        if match["open"] or (match["dot"] and whole.lower().startswith('"public"')):
            raise _refused(text, match)
        if not match["word"]:
            return whole
        before, after = (match["before"] or "").lower(), match["after"]
        if after == "." or before.startswith("schema"):
            if match["word"] == "public":
                return f"{match['before'] or ''}{new}{after or ''}"
        elif not after and before.startswith(("from", "to")):
            return whole  # everybody, to whom a right is given
        raise _refused(text, match)

    return _PIECE.sub(rendered, text)


def _constant(text: str, match: re.Match[str], new: str) -> str:
    whole = match[0]
    if _NAMED.fullmatch(whole):
        return f"'{new}" + whole.removeprefix("'public")
    if whole == "'public'" and _REGNAMESPACE.match(text, match.end()):
        return f"'{new}'"
    if whole.lower() == "'public'" or _WITHIN.search(whole):
        raise _refused(text, match)
    return whole


def _refused(text: str, match: re.Match[str]) -> NosenderError:
    line = text.count("\n", 0, match.start()) + 1
    return NosenderError(
        f"line {line} cannot be written for another schema: write public.name, or 'public.name' as a constant"
    )
