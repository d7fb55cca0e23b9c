-- Each row is an extended statistics object about a table of the schema.
select sn.nspname || '.' || s.stxname as subject
from pg_catalog.pg_statistic_ext as s
inner join pg_catalog.pg_namespace as sn on s.stxnamespace = sn.oid
inner join pg_catalog.pg_class as c on s.stxrelid = c.oid
inner join pg_catalog.pg_namespace as n on c.relnamespace = n.oid
where n.nspname = pg_catalog.current_schema()
order by subject
