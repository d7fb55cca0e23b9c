"""A schema in which ours cannot begin: tables of our names without a revision, or a misspelt name."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from nosender.errors import UsageError
from nosender.migrations.revisions import Chain, RevisionError
from nosender.terminal_text import visible

if TYPE_CHECKING:
    import psycopg


def refuse_occupied(connection: psycopg.Connection[Any], schema: str, chain: Chain) -> None:
    """Refuse a schema without a revision in which a table of one of our names stands. RevisionError.

    UsageError where it has to be made and another one holds ours.
    """
    promises = [each.expected for each in chain.revisions if each.expected.exists()]
    if not promises:
        return
    last = json.loads(promises[-1].read_text(encoding="utf-8"))
    names = sorted(relation["name"] for relation in last["relations"])
    rows = connection.execute(
        """
        select c.relname from pg_catalog.pg_class as c
        inner join pg_catalog.pg_namespace as n on c.relnamespace = n.oid
        where n.nspname = %s and c.relname = any(%s)
        order by c.relname
        """,
        (schema, names),
    ).fetchall()
    connection.commit()
    if rows:
        found = ", ".join(row[0] for row in rows)
        raise RevisionError(  # a downgrade that forgot them
            f"schema {schema} already has {'tables' if len(rows) > 1 else 'a table'} of our "
            f"names ({found}) but records no revision; nothing was changed: where a restore left out the row "
            "of alembic_version, write it back as it was, and nosender db check tells whether the tables are "
            "what it says; else move them away, or name an empty schema with --schema"
        )
    _refuse_misspelt(connection, schema)


def _refuse_misspelt(connection: psycopg.Connection[Any], schema: str) -> None:
    """Refuse to make a schema where another one holds ours: who wants two makes the second."""
    rows = connection.execute(
        """
        select n.nspname from pg_catalog.pg_namespace as n
        inner join pg_catalog.pg_class as c on n.oid = c.relnamespace
        where
            c.relname = any(array['messages', 'migration_journal', 'retention_runs']) and c.relkind = 'r'
            and not exists (select from pg_catalog.pg_namespace as named where named.nspname = %s)
        group by n.nspname
        having pg_catalog.count(*) = 3
        order by n.nspname
        """,
        (schema,),
    ).fetchall()
    connection.commit()
    if rows:
        held = " and ".join(visible(row[0]) for row in rows)
        raise UsageError(
            f"there is no schema {visible(schema)}, and {held} holds our tables already: name that one, or "
            "make the other schema first if a second set is meant"
        )
