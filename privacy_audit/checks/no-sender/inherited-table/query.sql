-- Each row is a table, of any schema, that inherits from a table of the schema or is a partition of one.
select cn.nspname || '.' || c.relname as subject
from pg_catalog.pg_inherits as i
inner join pg_catalog.pg_class as c on i.inhrelid = c.oid
inner join pg_catalog.pg_namespace as cn on c.relnamespace = cn.oid
inner join pg_catalog.pg_class as p on i.inhparent = p.oid
inner join pg_catalog.pg_namespace as pn on p.relnamespace = pn.oid
where
  pn.nspname = pg_catalog.current_schema()
  and p.relkind in ('r', 'p') -- table, partitioned table
order by subject
