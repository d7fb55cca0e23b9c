-- Each row is a row security policy on a table of the schema.
select n.nspname || '.' || c.relname || '.' || p.polname as subject
from pg_catalog.pg_policy as p
inner join pg_catalog.pg_class as c on p.polrelid = c.oid
inner join pg_catalog.pg_namespace as n on c.relnamespace = n.oid
where n.nspname = pg_catalog.current_schema()
order by subject
