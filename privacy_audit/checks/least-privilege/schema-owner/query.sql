-- One row for the schema, and one for the database, where neither a superuser nor the owner of a table of ours
-- owns it.
with owners as (
  select
    n.nspname as subject,
    case
      when n.nspowner::pg_catalog.regrole::text = 'pg_database_owner' then d.datdba
      else n.nspowner
    end as owner
  from pg_catalog.pg_namespace as n
  cross join pg_catalog.pg_database as d
  where
    n.nspname = pg_catalog.current_schema()
    and d.datname = pg_catalog.current_database()
  union all
  select
    'database' as subject,
    d.datdba as owner
  from pg_catalog.pg_database as d
  where d.datname = pg_catalog.current_database()
)

select o.subject
from owners as o
inner join pg_catalog.pg_roles as r on o.owner = r.oid
where
  not r.rolsuper
  and o.owner not in (
    select c.relowner
    from pg_catalog.pg_class as c
    inner join pg_catalog.pg_namespace as n on c.relnamespace = n.oid
    where n.nspname = pg_catalog.current_schema() and c.relname = 'messages'
  )
order by o.subject
