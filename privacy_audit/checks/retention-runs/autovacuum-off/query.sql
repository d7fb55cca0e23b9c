-- Each row is a table of the schema that autovacuum passes over, or a setting that switches it off for all.
select n.nspname || '.' || c.relname as subject
from pg_catalog.pg_class as c
inner join pg_catalog.pg_namespace as n on c.relnamespace = n.oid
where
  n.nspname = pg_catalog.current_schema()
  and pg_catalog.array_to_string(c.reloptions, ',') ~* 'autovacuum_enabled=(false|off|0|no)'
union all
select s.name as subject
from pg_catalog.pg_settings as s
where
  s.name in ('autovacuum', 'track_counts')
  and s.reset_val = 'off'
order by subject
