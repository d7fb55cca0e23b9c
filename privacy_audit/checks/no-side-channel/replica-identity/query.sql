-- Each row is a table whose deleted rows are logged by more than their key.
select n.nspname || '.' || c.relname as subject
from pg_catalog.pg_class as c
inner join pg_catalog.pg_namespace as n on c.relnamespace = n.oid
where
  n.nspname = pg_catalog.current_schema()
  and c.relkind in ('r', 'p', 'm')
  and c.relreplident in ('f', 'i') -- full, index
order by subject
