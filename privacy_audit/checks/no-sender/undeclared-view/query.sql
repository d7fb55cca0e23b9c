-- Each row is a view or materialized view of the schema, or of another one that reads a table of the schema.
select n.nspname || '.' || c.relname as subject
from pg_catalog.pg_class as c
inner join pg_catalog.pg_namespace as n on c.relnamespace = n.oid
where
  c.relkind in ('v', 'm') -- view, materialized view
  and c.oid >= 16384
  and (
    n.nspname = pg_catalog.current_schema()
    or exists (
      select 1
      from pg_catalog.pg_rewrite as r
      inner join pg_catalog.pg_depend as d on r.oid = d.objid
      inner join pg_catalog.pg_class as t on d.refobjid = t.oid
      inner join pg_catalog.pg_namespace as tn on t.relnamespace = tn.oid
      where
        r.ev_class = c.oid
        and d.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass
        and d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass
        and tn.nspname = pg_catalog.current_schema()
    )
  )
order by subject
