"""Who and what must not stand in a schema while revisions run there: others who may create, and their code.

An operator, function or type in the schema can be taken for PostgreSQL's own by a revision that is looked up
there, those before 0006, and then runs in the rights of whoever migrates. A revision after that is safe from
what stands there, but not from a table that somebody puts in the way.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from nosender.errors import NosenderError
from nosender.migrations.revisions import Revision
from nosender.schema.ddl import PATH
from nosender.schema.observe.quoting import literal, quoted
from nosender.schema.observe.reference import PLACEHOLDER
from nosender.terminal_text import visible

if TYPE_CHECKING:
    import psycopg

_CREATORS = """
  select
    case when g.grantee = 0 then 'everybody' else 'role ' || quote_ident(r.rolname) end
    || ' may create there' as what,
    format(
      'revoke create on schema %I from %s;', n.nspname,
      case when g.grantee = 0 then 'public' else quote_ident(r.rolname) end
    ) as mend
  from pg_namespace as n
  cross join lateral aclexplode(coalesce(n.nspacl, acldefault('n', n.nspowner))) as g
  left join pg_roles as r on r.oid = g.grantee
  where
    n.nspname = {schema}
    and g.privilege_type = 'CREATE'
    and g.grantee <> n.nspowner
    -- the database's owner is the one member of pg_database_owner
    and (
      n.nspowner::regrole::text <> 'pg_database_owner'
      or g.grantee <> (select d.datdba from pg_database as d where d.datname = current_database())
    )
    and r.rolsuper is not true
    and r.rolname is distinct from current_user
"""

# What runs code: with each its function, which excuses it where an extension brought both, in C.
_STRANGERS = """
  union all
  select
    identified.type || ' ' || identified.identity || ' is not ours',
    format('drop %s %s;', identified.type, identified.identity)
  from (
    select 'pg_operator'::regclass as class, o.oid as id, o.oprcode::oid as code
    from pg_operator as o
    where o.oprnamespace = {home}::regnamespace
    union all
    select 'pg_proc'::regclass, p.oid, p.oid
    from pg_proc as p
    where
      p.pronamespace = {home}::regnamespace
      and p.proname || '(' || pg_get_function_identity_arguments(p.oid) || ')' <> all ({ours}::text[])
    union all
    select 'pg_type'::regclass, t.oid, t.typinput::oid
    from pg_type as t
    left join pg_class as c on c.oid = t.typrelid
    where
      t.typnamespace = {home}::regnamespace
      and (t.typtype = 'd' or t.typtype = 'b' and t.typcategory <> 'A' or c.relkind = 'c')
    union all
    select 'pg_cast'::regclass, k.oid, k.castfunc
    from pg_cast as k
    inner join pg_proc as p on p.oid = k.castfunc
    where p.pronamespace = {home}::regnamespace
  ) as held
  cross join lateral pg_identify_object(held.class, held.id, 0) as identified
  where not exists (
    select
    from pg_depend as member
    inner join pg_depend as coded on coded.refobjid = member.refobjid
    inner join pg_proc as p on p.oid = coded.objid
    inner join pg_language as l on l.oid = p.prolang
    where
      member.classid = held.class and member.objid = held.id and member.deptype = 'e'
      and coded.classid = 'pg_proc'::regclass and coded.objid = held.code and coded.deptype = 'e'
      and l.lanname = 'c'
  )
"""


# What new objects of this role are given to others; PUBLIC's share is revoked by the revisions themselves.
_GIVEN = """
  from pg_default_acl as d
  inner join pg_roles as me on me.oid = d.defaclrole and me.rolname = current_user
  cross join lateral aclexplode(d.defaclacl) as g
  inner join pg_roles as r on r.oid = g.grantee
  left join pg_namespace as n on n.oid = d.defaclnamespace
  where
    (n.oid is null or n.nspname = {schema})
    and d.defaclobjtype in ('r', 'S', 'f')
    and g.grantee <> d.defaclrole
"""
_DEFAULTS = f"""
  union all
  select distinct
    'role ' || quote_ident(r.rolname) || ' is given what is made there, by default privileges',
    'alter default privileges' || coalesce(' in schema ' || quote_ident(n.nspname), '') || ' revoke all on '
    || case d.defaclobjtype when 'r' then 'tables' when 'S' then 'sequences' else 'functions' end
    || ' from ' || quote_ident(r.rolname) || ';'
{_GIVEN}"""  # noqa: S608 (two texts of ours)


def given_by_default(connection: psycopg.Connection[Any], schema: str) -> tuple[str, ...]:
    """Who would be given rights on what this role makes in the schema, by default privileges."""
    query = f"select distinct r.rolname {_GIVEN} order by 1".format(schema="%s")
    return tuple(row[0] for row in connection.execute(query.encode(), (schema,)).fetchall())


def refuse_strangers(
    connection: psycopg.Connection[Any],
    schema: str,
    applied: Sequence[Revision],
    pending: Sequence[Revision],
    *,
    defaults: bool = False,
) -> None:
    """Refuse a schema that is not safe for the pending revisions. NosenderError, with the SQL that clears it.

    `defaults`: also where default privileges would give what is made to others, and nobody looks afterwards.
    A transaction of its own; a schema that does not exist is safe.
    """
    with connection.transaction():
        connection.execute(f"set local search_path to {PATH}".encode())
        if connection.execute("select from pg_namespace where nspname = %s", (schema,)).fetchone() is None:
            return
        found = connection.execute(_query(schema, applied, pending, defaults).encode()).fetchall()
    if found:
        more = f" and {len(found) - 3} more" if len(found) > 3 else ""
        what = ", ".join(each[0] for each in found[:3]) + more
        raise NosenderError(
            f"the schema {visible(schema)} is not safe to migrate: {visible(what)}; nothing was changed: run "
            f"{visible(' '.join(each[1] for each in found))} or name another schema"
        )


def guard(schema: str, applied: Sequence[Revision], pending: Sequence[Revision]) -> str:
    """The same as a statement of a script."""
    body = f"""
declare
  found text;
  mended text;
begin
  select string_agg(each.what, ', '), string_agg(each.mend, ' ') into found, mended
  from ({_query(schema, applied, pending, defaults=True)}) as each;
  if found is not null then
    raise exception 'the schema % is not safe to migrate: %; nothing was changed', {literal(schema)}, found
      using errcode = 'object_not_in_prerequisite_state', hint = 'Run: ' || mended;
  end if;
end
"""  # noqa: S608 (the schema's name, quoted, and names of ours)
    tag = "$guard$"
    while tag in body:
        tag = f"${tag[1:-1]}_$"
    return f"do {tag}{body}{tag};"


_UNPLACED = """
select identified.type || ' ' || identified.identity
from (
  select 'pg_catalog.pg_class'::regclass as class, oid as id, relnamespace as home, xmin as made from pg_class
  union all
  select 'pg_catalog.pg_proc'::regclass, oid, pronamespace, xmin from pg_proc
  union all
  select 'pg_catalog.pg_type'::regclass, oid, typnamespace, xmin from pg_type
  union all
  select 'pg_catalog.pg_operator'::regclass, oid, oprnamespace, xmin from pg_operator
  union all
  select 'pg_catalog.pg_collation'::regclass, oid, collnamespace, xmin from pg_collation
  union all
  select 'pg_catalog.pg_conversion'::regclass, oid, connamespace, xmin from pg_conversion
  union all
  select 'pg_catalog.pg_opclass'::regclass, oid, opcnamespace, xmin from pg_opclass
  union all
  select 'pg_catalog.pg_opfamily'::regclass, oid, opfnamespace, xmin from pg_opfamily
  union all
  select 'pg_catalog.pg_ts_config'::regclass, oid, cfgnamespace, xmin from pg_ts_config
  union all
  select 'pg_catalog.pg_ts_dict'::regclass, oid, dictnamespace, xmin from pg_ts_dict
) as held
cross join lateral pg_identify_object(held.class, held.id, 0) as identified
where
  held.home = 'pg_catalog'::regnamespace
  and held.id >= 16384
  and age(held.made) <= age(pg_current_xact_id()::xid)
  and not exists (
    select from pg_depend as member
    where member.classid = held.class and member.objid = held.id and member.deptype in ('e', 'i')
  )
order by 1
"""
# deptype i: the array of a type, which goes with it


def refuse_unplaced(connection: psycopg.Connection[Any], revision: str) -> None:
    """NosenderError where this transaction made something in pg_catalog: its name had no schema before it.

    The path of a revision is pg_catalog alone, and a superuser may create there: without this, what a
    revision makes would stand where nobody looks for it.
    """
    row = connection.execute(_UNPLACED.encode()).fetchone()
    if row is not None:
        raise NosenderError(
            f"revision {revision} makes {visible(row[0])}: write the name of its schema before its own; "
            "nothing of the revision was kept"
        )


def _query(schema: str, applied: Sequence[Revision], pending: Sequence[Revision], defaults: bool) -> str:
    # what a team adds without saying what it leads to, is the team's to look after
    looking = any(each.written_for is None and each.expected.exists() for each in pending)
    names = ", ".join(literal(name) for name in _functions(schema, applied)) if looking else ""
    return (_CREATORS + _STRANGERS * looking + _DEFAULTS * defaults + "  order by 1\n").format(
        schema=literal(schema), home=literal(quoted(schema)), ours=f"array[{names}]"
    )


def _functions(schema: str, applied: Sequence[Revision]) -> list[str]:
    """The functions that the last applied revision left, with their arguments."""
    promises = [each.expected for each in applied if each.expected.exists()]
    if not promises:
        return []
    functions = json.loads(promises[-1].read_text(encoding="utf-8"))["functions"]
    return [f"{each['name']}({each['identity']})".replace(PLACEHOLDER, quoted(schema)) for each in functions]
