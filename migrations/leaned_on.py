"""What a schema cannot be copied without: other schemas and extensions of which its objects use something."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import psycopg

_USED = """
    with tables as (
        select c.oid from pg_catalog.pg_class as c
        inner join pg_catalog.pg_namespace as n on c.relnamespace = n.oid
        where n.nspname = any(%(schemas)s)
        -- what an extension put there comes with it, if anything needs it
        and not exists (
            select from pg_catalog.pg_depend as d
            where
                d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass and d.objid = c.oid
                and d.deptype = 'e'::"char"
        )
    ),
    objects (classid, objid) as (
        select 'pg_catalog.pg_class'::pg_catalog.regclass::oid, t.oid from tables as t
        union all
        select a.tableoid, a.oid from pg_catalog.pg_attrdef as a inner join tables as t on a.adrelid = t.oid
        union all
        select k.tableoid, k.oid from pg_catalog.pg_constraint as k
        inner join tables as t on k.conrelid = t.oid
        union all
        select g.tableoid, g.oid from pg_catalog.pg_trigger as g inner join tables as t on g.tgrelid = t.oid
        union all
        select p.tableoid, p.oid from pg_catalog.pg_policy as p inner join tables as t on p.polrelid = t.oid
        union all
        select r.tableoid, r.oid from pg_catalog.pg_rewrite as r inner join tables as t on r.ev_class = t.oid
        union all
        select y.tableoid, y.oid from pg_catalog.pg_type as y
        inner join pg_catalog.pg_namespace as n on y.typnamespace = n.oid
        where
            n.nspname = any(%(schemas)s)
            and (y.typrelid = 0 or y.typrelid in (select t.oid from tables as t))
            -- an array's type comes with that of its elements
            and not exists (select from pg_catalog.pg_type as one where one.typarray = y.oid)
        union all
        select f.tableoid, f.oid from pg_catalog.pg_proc as f
        inner join pg_catalog.pg_namespace as n on f.pronamespace = n.oid
        where n.nspname = any(%(schemas)s)
    )
    select distinct e.extname::text, coalesce(h.nspname::text, (pg_catalog.parse_ident(i.schema))[1])
    from objects as o
    inner join pg_catalog.pg_depend as d on d.classid = o.classid and d.objid = o.objid
    left join pg_catalog.pg_depend as m
        on m.classid = d.refclassid and m.objid = d.refobjid and m.deptype = 'e'::"char"
        and m.refclassid = 'pg_catalog.pg_extension'::pg_catalog.regclass::oid
    left join pg_catalog.pg_extension as e on e.oid = m.refobjid
    left join pg_catalog.pg_namespace as h on h.oid = e.extnamespace
    cross join lateral pg_catalog.pg_identify_object(d.refclassid, d.refobjid, 0) as i
    where
        d.refclassid <> 'pg_catalog.pg_namespace'::pg_catalog.regclass::oid
        and d.refclassid <> 'pg_catalog.pg_extension'::pg_catalog.regclass::oid
        and i.schema !~ '^"?pg_'
"""


@dataclass(frozen=True, slots=True)
class LeanedOn:
    """What has to be there before the schema's own objects are made."""

    schemas: tuple[str, ...]
    """The schema itself, and those that hold an object which one of its objects uses."""
    extensions: tuple[tuple[str, str], ...]
    """Name and schema of each extension that an object uses."""


def leaned_on(connection: psycopg.Connection, schema: str, *more: str) -> LeanedOn:
    """Follow what the objects of the schema use, and what that uses, to its end.

    `more`: a project's own schemas, which go with it where they are there.
    """
    there = connection.execute(
        "select n.nspname from pg_catalog.pg_namespace as n where n.nspname = any(%s::text[])", [list(more)]
    ).fetchall()
    schemas, extensions = {schema, *(name for (name,) in there)}, set[tuple[str, str]]()
    while True:
        used = connection.execute(_USED, {"schemas": sorted(schemas)}).fetchall()
        extensions |= {(name, home) for name, home in used if name is not None}
        new = {home for name, home in used if name is None} - schemas
        if not new:
            return LeanedOn(tuple(sorted(schemas)), tuple(sorted(extensions)))
        schemas |= new
