-- Each row is a table or index of the schema with other storage parameters, or a column stored in another way
-- than its type is.
select n.nspname || '.' || c.relname as subject
from pg_catalog.pg_class as c
inner join pg_catalog.pg_namespace as n on c.relnamespace = n.oid
where
  n.nspname = pg_catalog.current_schema()
  and c.relkind in ('r', 'i')
  and c.reloptions is not null
union all
select n.nspname || '.' || c.relname || '.' || a.attname as subject
from pg_catalog.pg_attribute as a
inner join pg_catalog.pg_class as c on a.attrelid = c.oid
inner join pg_catalog.pg_namespace as n on c.relnamespace = n.oid
inner join pg_catalog.pg_type as t on a.atttypid = t.oid
where
  n.nspname = pg_catalog.current_schema()
  and c.relkind = 'r' -- table
  and a.attnum > 0
  and a.attstorage <> t.typstorage
order by subject
