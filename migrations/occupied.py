"""Tables of our names in a schema that records no revision: somebody else's, or a downgrade's leavings."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from nosender.migrations.revisions import Chain, RevisionError

if TYPE_CHECKING:
    import psycopg


def refuse_occupied(connection: psycopg.Connection[Any], schema: str, chain: Chain) -> None:
    """Refuse a schema without a revision in which a table of one of our names stands. RevisionError."""
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
            f"names ({found}) but records no revision; nothing was changed: move them away, or name an "
            "empty schema with --schema"
        )
