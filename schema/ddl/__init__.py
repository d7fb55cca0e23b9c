"""The canonical DDL: one .sql file a table or function, loaded in the order of their names.

The files name no schema. They create everything in the first schema of the search_path, so they work with
plain psql: ``cat schema/ddl/*.sql | PGOPTIONS='-c search_path=msg' psql -v ON_ERROR_STOP=1``.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib import resources
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import psycopg


@dataclass(frozen=True)
class DdlFile:
    """One file of the DDL."""

    name: str
    """The file's name, such as ``100_users.sql``."""
    sql: str
    """Its statements."""


def files() -> tuple[DdlFile, ...]:
    """Every file of the DDL, in the order in which they load."""
    folder = resources.files(__name__)
    found = (entry for entry in folder.iterdir() if entry.name.endswith(".sql"))
    return tuple(
        DdlFile(entry.name, entry.read_text(encoding="utf-8"))
        for entry in sorted(found, key=lambda entry: entry.name)
    )


def load(connection: psycopg.Connection, schema: str) -> None:
    """Create everything in an existing schema, all of it or nothing; the search_path is left as it was.

    Raises psycopg.Error: a schema that does not exist, a table that does, a right that is missing.
    """
    from psycopg import Error, sql

    with connection.transaction():
        before = connection.execute("select pg_catalog.current_setting('search_path')").fetchone()
        connection.execute(sql.SQL("set search_path to {}").format(sql.Identifier(schema)))
        for file in files():
            try:
                connection.execute(file.sql.encode())
            except Error as error:
                error.add_note(f"schema/ddl/{file.name}")
                raise
        connection.execute("select pg_catalog.set_config('search_path', %s, false)", before)
