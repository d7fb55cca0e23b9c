-- Each row is a table of the schema with more than a thousand deleted rows, and more of them than others,
-- unvacuumed.
select t.schemaname || '.' || t.relname as subject
from pg_catalog.pg_stat_all_tables as t
where
  t.schemaname = pg_catalog.current_schema()
  and t.n_dead_tup > greatest(1000, t.n_live_tup)
  and (
    coalesce(t.last_vacuum, t.last_autovacuum) is null
    or greatest(t.last_vacuum, t.last_autovacuum) < pg_catalog.now() - interval '1 day'
  )
order by subject
