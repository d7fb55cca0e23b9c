"""Where a database stands: Alembic's version table and our journal of what was applied."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import psycopg
from psycopg import sql
from psycopg.pq import TransactionStatus

from nosender.errors import NosenderError
from nosender.migrations.checksum import ALGORITHM, sql_digest
from nosender.schema.observe.quoting import literal, qualified
from nosender.schema.observe.read.distribution import refuse_worker
from nosender.terminal_text import to_paste, visible

if TYPE_CHECKING:
    from nosender.migrations.revisions import Chain, Direction, Revision, Step

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
    read; IncompleteError on a worker of a distributed database, which records none.
    """

    refuse_worker(connection, schema)
    if not exists(connection, schema, VERSION_TABLE):
        return None
    try:
        rows = _read(connection, _in(schema, "select version_num from only {}", VERSION_TABLE))
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
    """Whether the schema has this table; NosenderError where something else has its name.

    Reading a view runs what its author wrote, a foreign table what its wrapper does, and, in a table of
    which columns are read, a column of somebody's own type the casts that come with it. Whoever plans a query
    works out the constants in a table's indexes and statistics: ours are of columns alone.
    """
    query = """
        select
            c.relkind = 'r' and not c.relispartition and (not %s or not exists (
                select from pg_catalog.pg_attribute as a
                inner join pg_catalog.pg_type as t on a.atttypid = t.oid
                inner join pg_catalog.pg_namespace as tn on t.typnamespace = tn.oid
                where
                    a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
                    and tn.nspname <> 'pg_catalog'
            ) and not exists (
                select from pg_catalog.pg_index as i
                where i.indrelid = c.oid and (i.indexprs is not null or i.indpred is not null)
            ) and not exists (select from pg_catalog.pg_statistic_ext as e where e.stxrelid = c.oid))
        from pg_catalog.pg_class as c
        inner join pg_catalog.pg_namespace as n on c.relnamespace = n.oid
        where n.nspname = %s and c.relname = %s
    """
    values = table in (VERSION_TABLE, JOURNAL), schema, table
    row = connection.execute(query, values).fetchone()
    if row is not None and not row[0]:
        raise NosenderError(
            f"{visible(schema)}.{visible(table)} is no ordinary table, so it was not read: that could "
            "run what somebody wrote; drop it, or name another schema with --schema"
        )
    return row is not None


def _read(connection: psycopg.Connection, query: Any, values: tuple[str, ...] = ()) -> list[Any]:
    """The rows of a query over our tables, in the caller's transaction, in which no view is read from now on.

    So nobody can put a view in a table's place between the look at it and this.
    """
    connection.execute(
        """
        select pg_catalog.set_config(s.name, 'view, foreign-table', true)
        from pg_catalog.pg_settings as s where s.name = 'restrict_nonsystem_relation_kind'
        """
    )
    return connection.execute(query, values).fetchall()


_CODE = """
    with home (id) as (
        select c.oid from pg_catalog.pg_class as c
        inner join pg_catalog.pg_namespace as n on c.relnamespace = n.oid
        where n.nspname = %s and c.relname = %s
    ), held (class, id) as (
        select 'pg_catalog.pg_class'::pg_catalog.regclass::pg_catalog.oid, home.id from home
        union all
        select 'pg_catalog.pg_class'::pg_catalog.regclass::pg_catalog.oid, i.indexrelid
        from pg_catalog.pg_index as i, home where i.indrelid = home.id
        union all
        select 'pg_catalog.pg_constraint'::pg_catalog.regclass::pg_catalog.oid, o.oid
        from pg_catalog.pg_constraint as o, home where o.conrelid = home.id
        union all
        select 'pg_catalog.pg_attrdef'::pg_catalog.regclass::pg_catalog.oid, a.oid
        from pg_catalog.pg_attrdef as a, home where a.adrelid = home.id
    )
    select 'trigger ' || t.tgname from pg_catalog.pg_trigger as t, home
    where t.tgrelid = home.id and not t.tgisinternal
    union all
    select 'rule ' || r.rulename from pg_catalog.pg_rewrite as r, home where r.ev_class = home.id
    union all
    select 'policy ' || p.polname from pg_catalog.pg_policy as p, home where p.polrelid = home.id
    union all
    -- what PostgreSQL has of its own is in no dependency
    select pg_catalog.pg_describe_object(d.classid, d.objid, 0)
    from held inner join pg_catalog.pg_depend as d on held.class = d.classid and held.id = d.objid
    where
        d.refclassid in (
            'pg_catalog.pg_proc'::pg_catalog.regclass, 'pg_catalog.pg_operator'::pg_catalog.regclass,
            'pg_catalog.pg_type'::pg_catalog.regclass, 'pg_catalog.pg_opclass'::pg_catalog.regclass,
            'pg_catalog.pg_collation'::pg_catalog.regclass
        )
    limit 1
"""
"""What writing to a table would run that is not PostgreSQL's own."""


def refuse_code(connection: psycopg.Connection, schema: str) -> None:
    """Refuse to write to our two tables where that would run what somebody wrote.

    A trigger, a rule, a policy, or a function, operator or type behind a default or a constraint. Within a
    transaction nobody can add one until it ends.
    """
    for table in (VERSION_TABLE, JOURNAL):
        if not exists(connection, schema, table):
            continue
        if connection.info.transaction_status == TransactionStatus.INTRANS:
            connection.execute(_in(schema, "lock table {} in row exclusive mode", table))
        row = connection.execute(_CODE, (schema, table)).fetchone()
        if row is not None:
            raise NosenderError(
                f"{visible(schema)}.{visible(table)} would run what somebody wrote ({visible(row[0])}), so "
                "nothing was written to it: repair it by what nosender db check prints"
            )


def stamp(connection: psycopg.Connection, schema: str, revision: str | None) -> None:
    """Record the revision as the one the schema is at, in the caller's transaction; None for none."""
    refuse_code(connection, schema)
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
    revisions: Sequence[Revision],
    direction: Direction | Literal["accept"],
    step: Step | None = None,
) -> None:
    """Record revisions or one step of one, in the caller's transaction.

    Nothing to write to before the first revision, or after it was reverted.
    """
    refuse_code(connection, schema)
    if not exists(connection, schema, JOURNAL):
        return
    query = "insert into {} (revision, direction, step, algorithm, checksum) values (%s, %s, %s, %s, %s)"
    done, text = (step.number, sql_digest(step.sql)) if step else (0, None)
    for each in revisions:
        row = (each.revision, direction, done, ALGORITHM, text or each.checksum)
        connection.execute(_in(schema, query, JOURNAL), row)


def write_step(
    connection: psycopg.Connection, schema: str, name: str, statement: str, direction: Direction = "up"
) -> None:
    """Record a statement of no revision, under a name of its own, in the caller's transaction."""
    refuse_code(connection, schema)
    query = "insert into {} (revision, direction, algorithm, checksum) values (%s, %s, %s, %s)"
    row = (name, direction, ALGORITHM, sql_digest(statement))
    connection.execute(_in(schema, query, JOURNAL), row)


def step_line(schema: str, name: str, statement: str, direction: Direction = "up") -> str:
    """The same as a statement of a script."""
    return (
        f"insert into {qualified(schema, JOURNAL)} (revision, direction, algorithm, checksum)"  # noqa: S608
        f" values ({literal(name)}, '{direction}', {ALGORITHM}, '{sql_digest(statement)}');"
    )


def line(schema: str, revision: Revision, direction: Direction) -> str:
    """What records a revision as a whole, as a statement of a script."""
    return (
        f"insert into {qualified(schema, JOURNAL)} (revision, direction, algorithm, checksum)"  # noqa: S608
        f" values ({literal(revision.revision)}, '{direction}', {ALGORITHM}, '{revision.checksum}');"
    )


def stamped(schema: str, applied: Sequence[Revision], others: Sequence[Revision]) -> str:
    """A statement that records what a stamp declares: `accept` of what counts as applied, `down` of the rest.

    What the journal says already stays, and nothing happens where there is none.
    """
    table = qualified(schema, JOURNAL)
    said = [(each, "accept", "coalesce(({}), 'down') = 'down'") for each in applied]
    said += [(each, "down", "({}) <> 'down'") for each in others]
    lines = []
    for revision, direction, condition in said:
        name = literal(revision.revision)
        last = f"select direction from {table} where revision = {name} and step = 0 order by id desc limit 1"  # noqa: S608
        lines.append(
            f"insert into {table} (revision, direction, algorithm, checksum) select {name}, '{direction}',"
            f" {ALGORITHM}, '{revision.checksum}' where {condition.format(last)};"
        )
    body = f"if pg_catalog.to_regclass({literal(table)}) is not null then\n" + "\n".join(lines)
    tag = "$stamp$"
    while tag in body:
        tag = f"${tag[1:-1]}_$"
    return f"do {tag} begin {body}\nend if; end {tag};"


def entries(connection: psycopg.Connection, schema: str) -> dict[str, Entry]:
    """What the journal last says of each revision as a whole; empty where there is no journal."""
    if not exists(connection, schema, JOURNAL):
        return {}
    query = "select revision, direction, algorithm, checksum from only {} where step = 0 order by id"
    rows = _read(connection, _in(schema, query, JOURNAL))
    return {row[0]: Entry(*row) for row in rows}


def refuse_behind(connection: psycopg.Connection, schema: str, revision: str | None, chain: Chain) -> None:
    """Refuse a version table that is behind the journal: restored alone, or written by hand."""
    said = entries(connection, schema)
    later = chain.revisions[chain.position_of(revision) :]
    applied = [
        each.revision for each in later if each.revision in said and said[each.revision].direction != "down"
    ]
    if applied:
        table = qualified(schema, VERSION_TABLE)
        back = "insert into {} values ('{}')" if revision is None else "update {} set version_num = '{}'"
        raise NosenderError(
            f"{VERSION_TABLE} says {revision or 'nothing'}, and {JOURNAL} that {applied[-1]} was applied: "
            "where the row was restored alone, write it back "
            f"({to_paste(back.format(table, applied[-1]))}); nothing was done"
        )


def done_steps(
    connection: psycopg.Connection, schema: str, revision: str, direction: Direction
) -> dict[int, str]:
    """The steps of an unfinished revision that were done, with their checksums."""
    if not exists(connection, schema, JOURNAL):
        return {}
    query = """
        select s.step, s.checksum from only {0} as s
        where s.revision = %s and s.direction = %s and s.step > 0
          and s.id > (
            select coalesce(pg_catalog.max(w.id), 0) from only {0} as w
            where w.revision = s.revision and w.step = 0 and w.direction <> 'accept'
          )
        order by s.id
    """
    rows = _read(connection, _in(schema, query, JOURNAL), (revision, direction))
    return {row[0]: row[1] for row in rows}


def _in(schema: str, query: str, table: str) -> Any:

    return sql.SQL(query).format(sql.Identifier(schema, table))
