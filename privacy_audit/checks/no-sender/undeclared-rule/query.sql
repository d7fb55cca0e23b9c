-- Each row is a rewrite rule on a table of the schema.
select n.nspname || '.' || c.relname || '.' || r.rulename as subject
from pg_catalog.pg_rewrite as r
inner join pg_catalog.pg_class as c on r.ev_class = c.oid
inner join pg_catalog.pg_namespace as n on c.relnamespace = n.oid
where
  n.nspname = pg_catalog.current_schema()
  and r.rulename <> '_RETURN' -- what makes a view a view
order by subject
