-- Each row is an index of the schema that is not valid, not ready or not live.
select n.nspname || '.' || c.relname as subject
from pg_catalog.pg_index as i
inner join pg_catalog.pg_class as c on i.indexrelid = c.oid
inner join pg_catalog.pg_namespace as n on c.relnamespace = n.oid
where
  n.nspname = pg_catalog.current_schema()
  and not (i.indisvalid and i.indisready and i.indislive)
order by subject
