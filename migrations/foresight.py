"""What an upgrade would refuse, and what it would take back, asked before anything is tried."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from nosender.errors import NosenderError
from nosender.migrations.occupied import refuse_occupied
from nosender.migrations.promise import breaches
from nosender.migrations.revisions import Chain, Revision
from nosender.migrations.strangers import refuse_strangers
from nosender.schema.observe.reference import CLERK, OUR_ROLES
from nosender.terminal_text import to_paste

if TYPE_CHECKING:
    import psycopg

# Whoever migrates, and what PostgreSQL will ask of that role: each row a sentence and what mends it.
_MISSING_RIGHTS = """
  with
    me as (
      select r.oid, r.rolname, r.rolsuper, r.rolcreaterole from pg_roles as r where r.rolname = current_user
    ),
    home as (select n.oid, n.nspname, n.nspowner from pg_namespace as n where n.nspname = %(schema)s)
  select
    format('the role %%I may not create a schema in this database', me.rolname),
    format('grant create on database %%I to %%I;', current_database(), me.rolname)
  from me
  where not exists (select from home) and not has_database_privilege(current_database(), 'CREATE')
  union all
  select
    format('the role %%I may not create in schema %%I', me.rolname, home.nspname),
    format('grant create on schema %%I to %%I;', home.nspname, me.rolname)
  from me cross join home
  where not has_schema_privilege(home.oid, 'CREATE')
  union all
  select
    format('the role %%I is missing, and the role %%I may create none', wanted.name, me.rolname),
    format('create role %%I nologin;', wanted.name)
    || case
      when exists (select from pg_roles as o where o.rolname = 'streaming_replica')
        then ' Under CloudNativePG they stand in managed.roles: nosender platform setup cnpg'
      else ''
    end
  from me cross join unnest(%(roles)s::name[]) as wanted (name)
  where
    not (me.rolsuper or me.rolcreaterole)
    and not exists (select from pg_roles as r where r.rolname = wanted.name)
  union all
  select 'the extension btree_gist is not installed on this server', 'install PostgreSQL''s contrib'
  where not exists (select from pg_available_extensions as e where e.name = 'btree_gist')
  union all
  select
    format('the role %%I may not create the extension btree_gist in this database', me.rolname),
    'create extension btree_gist;'
  from me
  where
    not exists (select from pg_extension as e where e.extname = 'btree_gist')
    and not me.rolsuper
    and not (
      has_database_privilege(current_database(), 'CREATE')
      and exists (select from pg_available_extension_versions as v where v.name = 'btree_gist' and v.trusted)
    )
  union all
  select
    'the extension btree_gist is not in azure.extensions',
    'az postgres flexible-server parameter set --name azure.extensions --value btree_gist'
  where
    not exists (select from pg_extension as e where e.extname = 'btree_gist')
    and current_setting('azure.extensions', true) not ilike '%%btree_gist%%'
  union all
  select
    format(
      'the role %%I does not own the schema %%I and cannot open it to %%I',
      me.rolname, home.nspname, wanted.name
    ),
    format('grant usage on schema %%I to %%I;', home.nspname, wanted.name)
  from me cross join home cross join unnest(%(roles)s::name[]) as wanted (name)
  where
    not pg_has_role(home.nspowner, 'USAGE')
    and not exists (
      select from pg_namespace as n
      cross join lateral aclexplode(n.nspacl) as g
      inner join pg_roles as r on r.oid = g.grantee
      where n.oid = home.oid and r.rolname = wanted.name and g.privilege_type = 'USAGE'
    )
  union all
  select
    format('the role %%I does not own %%I.%%I', me.rolname, home.nspname, c.relname),
    format('grant %%I to %%I;', pg_get_userbyid(c.relowner), me.rolname)
  from me cross join home inner join pg_class as c on c.relnamespace = home.oid
  where c.relkind = 'r' and c.relname = any(%(tables)s::name[]) and not pg_has_role(c.relowner, 'USAGE')
"""


def refused(
    connection: psycopg.Connection[Any],
    schema: str,
    chain: Chain,
    first: int,
    pending: Sequence[Revision],
    *,
    whole: bool,
) -> tuple[str, ...]:
    """What an upgrade of a database with `first` revisions would refuse, a sentence each.

    `whole`: the canonical DDL would be loaded at once.
    """
    if not pending:
        return ()
    found = []
    try:
        if first == 0:
            refuse_occupied(connection, schema, chain)
    except NosenderError as error:
        found.append(str(error))
    try:
        refuse_strangers(connection, schema, chain.revisions[:first], () if whole else pending)
    except NosenderError as error:
        found.append(str(error))
    tables = [table for each in chain.revisions[:first] for table in each.loses]
    values = {"schema": schema, "roles": [role for role in OUR_ROLES if role != CLERK], "tables": tables}
    rows = connection.execute(_MISSING_RIGHTS, values).fetchall()
    found += [f"{what}: have an administrator run: {mend}" for what, mend in rows]
    if first and pending[0].transactional:
        last = chain.revisions[first - 1]
        wrong = breaches(connection, schema, last)
        if wrong:
            more = f" and {len(wrong) - 1} more" if len(wrong) > 1 else ""
            found.append(f"the schema is not what revision {last.revision} left: {wrong[0].line}{more}")
    connection.rollback()
    return tuple(to_paste(each) for each in found)  # with statements in them
