-- A row is the column, where it may be null.
select n.nspname || '.' || c.relname || '.' || a.attname as subject
from pg_catalog.pg_attribute as a
inner join pg_catalog.pg_class as c on a.attrelid = c.oid
inner join pg_catalog.pg_namespace as n on c.relnamespace = n.oid
where
  n.nspname = pg_catalog.current_schema() and c.relname = 'push_tokens' and a.attname = 'expires_at'
  and not a.attnotnull
order by subject
