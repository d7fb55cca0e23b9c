-- Each row is the mark of a column that was dropped from a table with pages.
select n.nspname || '.' || c.relname || '."dropped column ' || a.attnum || '"' as subject
from pg_catalog.pg_attribute as a
inner join pg_catalog.pg_class as c on a.attrelid = c.oid
inner join pg_catalog.pg_namespace as n on c.relnamespace = n.oid
where
  n.nspname = pg_catalog.current_schema()
  and c.relkind in ('r', 'p', 'm', 'f', 'c', 'v')
  and a.attisdropped
  and pg_catalog.pg_relation_size(c.oid) > 0
order by subject
