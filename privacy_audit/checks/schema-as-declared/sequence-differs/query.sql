-- Each row is a sequence of the schema with a step, a start or bounds of its own, or one that cycles.
select n.nspname || '.' || c.relname as subject
from pg_catalog.pg_sequence as s
inner join pg_catalog.pg_class as c on s.seqrelid = c.oid
inner join pg_catalog.pg_namespace as n on c.relnamespace = n.oid
where
  n.nspname = pg_catalog.current_schema()
  and (s.seqincrement <> 1 or s.seqstart <> 1 or s.seqmin <> 1 or s.seqcycle)
order by subject
