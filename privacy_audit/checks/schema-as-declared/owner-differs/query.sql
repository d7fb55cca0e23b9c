-- Each row is a table, sequence or function of the schema that does not belong to the owner of the table
-- messages.
with owners as (
  select c.relowner as id
  from pg_catalog.pg_class as c
  where
    c.relname = 'messages'
    and c.relnamespace::pg_catalog.regnamespace::text = pg_catalog.current_schema()
)

select n.nspname || '.' || c.relname as subject
from pg_catalog.pg_class as c
inner join pg_catalog.pg_namespace as n on c.relnamespace = n.oid
cross join owners as o
where
  n.nspname = pg_catalog.current_schema()
  and c.relkind in ('r', 'p', 'v', 'm', 'f', 'S')
  and c.relowner <> o.id
union all
select
  n.nspname
  || '.'
  || p.proname
  || '('
  || pg_catalog.pg_get_function_identity_arguments(p.oid)
  || ')' as subject
from pg_catalog.pg_proc as p
inner join pg_catalog.pg_namespace as n on p.pronamespace = n.oid
cross join owners as o
where
  n.nspname = pg_catalog.current_schema()
  and p.proowner <> o.id
order by subject
