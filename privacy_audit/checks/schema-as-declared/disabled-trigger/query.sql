-- Each row is a trigger of the schema that does not fire on ordinary writes; internal ones enforce foreign
-- keys.
select n.nspname || '.' || c.relname || '.' || t.tgname as subject
from pg_catalog.pg_trigger as t
inner join pg_catalog.pg_class as c on t.tgrelid = c.oid
inner join pg_catalog.pg_namespace as n on c.relnamespace = n.oid
where
  n.nspname = pg_catalog.current_schema()
  and t.tgenabled in ('D', 'R') -- disabled, replica
order by subject
