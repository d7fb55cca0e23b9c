"""Where a database stands: Alembic's version table and our journal of what was applied."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import psycopg
from psycopg import sql

from nosender.errors import NosenderError
from nosender.migrations.checksum import ALGORITHM, sql_digest

if TYPE_CHECKING:
    from nosender.migrations.revisions import Direction, Revision, Step

VERSION_TABLE = "alembic_version"
JOURNAL = "migration_journal"


@dataclass(frozen=True, slots=True)
class Entry:
    """The last thing recorded of one revision."""

    revision: str
    direction: str
    algorithm: int
    checksum: str


def current(connection: psycopg.Connection, schema: str) -> str | None:
    """The revision the schema is at, None where none is recorded.

    NosenderError where the version table names several, which only a branch could have done, or may not be
    read.
    """

    if not exists(connection, schema, VERSION_TABLE):
        return None
    try:
        rows = connection.execute(_in(schema, "select version_num from {}", VERSION_TABLE)).fetchall()
    except psycopg.errors.InsufficientPrivilege:
        raise NosenderError(
            f"the role {connection.info.user} may not read {schema}.{VERSION_TABLE}: "
            "connect as the owner of the tables, or have it grant select on that table"
        ) from None
    if len(rows) > 1:
        names = ", ".join(sorted(row[0] for row in rows))
        raise NosenderError(f"the database is at several revisions at once ({names}); delete all but one")
    return str(rows[0][0]) if rows else None


def exists(connection: psycopg.Connection, schema: str, table: str) -> bool:
    """Whether the schema has a relation of this name."""
    # asked before the session has a search_path of ours: not with operators of whoever's stands in it
    query = """
        select 1 from pg_catalog.pg_class as c
        inner join pg_catalog.pg_namespace as n on c.relnamespace operator(pg_catalog.=) n.oid
        where n.nspname operator(pg_catalog.=) %s and c.relname operator(pg_catalog.=) %s
    """
    return connection.execute(query, (schema, table)).fetchone() is not None


def stamp(connection: psycopg.Connection, schema: str, revision: str | None) -> None:
    """Record the revision as the one the schema is at, in the caller's transaction; None for none."""
    connection.execute(
        _in(
            schema,
            "create table if not exists {} (version_num varchar(32) not null,"
            " constraint alembic_version_pkc primary key (version_num))",
            VERSION_TABLE,
        )
    )
    connection.execute(_in(schema, "delete from {}", VERSION_TABLE))
    if revision is not None:
        connection.execute(_in(schema, "insert into {} values (%s)", VERSION_TABLE), (revision,))


def write(
    connection: psycopg.Connection,
    schema: str,
    revision: Revision,
    direction: Direction | Literal["accept"],
    step: Step | None = None,
) -> None:
    """Record a revision or one step of it, in the caller's transaction.

    Nothing to write to before the first revision, or after it was reverted.
    """
    if not exists(connection, schema, JOURNAL):
        return
    connection.execute(
        _in(
            schema,
            "insert into {} (revision, direction, step, algorithm, checksum) values (%s, %s, %s, %s, %s)",
            JOURNAL,
        ),
        (
            revision.revision,
            direction,
            step.number if step else 0,
            ALGORITHM,
            sql_digest(step.sql) if step else revision.checksum,
        ),
    )


def entries(connection: psycopg.Connection, schema: str) -> dict[str, Entry]:
    """What the journal last says of each revision as a whole; empty where there is no journal."""
    if not exists(connection, schema, JOURNAL):
        return {}
    query = "select revision, direction, algorithm, checksum from {} where step = 0 order by id"
    rows = connection.execute(_in(schema, query, JOURNAL)).fetchall()
    return {row[0]: Entry(*row) for row in rows}


def done_steps(
    connection: psycopg.Connection, schema: str, revision: str, direction: Direction
) -> dict[int, str]:
    """The steps of an unfinished revision that were done, with their checksums."""
    if not exists(connection, schema, JOURNAL):
        return {}
    query = """
        select s.step, s.checksum from {0} as s
        where s.revision = %s and s.direction = %s and s.step > 0
          and s.id > (
            select coalesce(max(w.id), 0) from {0} as w
            where w.revision = s.revision and w.step = 0 and w.direction <> 'accept'
          )
        order by s.id
    """
    rows = connection.execute(_in(schema, query, JOURNAL), (revision, direction)).fetchall()
    return {row[0]: row[1] for row in rows}


def _in(schema: str, query: str, table: str) -> Any:

    return sql.SQL(query).format(sql.Identifier(schema, table))
