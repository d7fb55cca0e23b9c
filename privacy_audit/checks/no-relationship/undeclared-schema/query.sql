-- Each row is another schema with a foreign key to the schema, a view of it, a child table of it or a
-- function that calls one of its functions.
select distinct t.subject
from (
  select n.nspname::text as subject
  from pg_catalog.pg_constraint as con
  inner join pg_catalog.pg_class as c on con.conrelid = c.oid
  inner join pg_catalog.pg_namespace as n on c.relnamespace = n.oid
  inner join pg_catalog.pg_class as p on con.confrelid = p.oid
  where p.relnamespace::pg_catalog.regnamespace::text = pg_catalog.current_schema()
  union all
  select n.nspname::text as subject
  from pg_catalog.pg_depend as d
  inner join pg_catalog.pg_rewrite as r on d.objid = r.oid
  inner join pg_catalog.pg_class as v on r.ev_class = v.oid
  inner join pg_catalog.pg_namespace as n on v.relnamespace = n.oid -- noqa: ST09
  inner join pg_catalog.pg_class as p on d.refobjid = p.oid
  where
    d.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass
    and d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass
    and p.relnamespace::pg_catalog.regnamespace::text = pg_catalog.current_schema()
  union all
  select n.nspname::text as subject
  from pg_catalog.pg_inherits as i
  inner join pg_catalog.pg_class as c on i.inhrelid = c.oid
  inner join pg_catalog.pg_namespace as n on c.relnamespace = n.oid
  inner join pg_catalog.pg_class as p on i.inhparent = p.oid
  where
    p.relkind in ('r', 'p')
    and p.relnamespace::pg_catalog.regnamespace::text = pg_catalog.current_schema()
  union all
  select n.nspname::text as subject
  from pg_catalog.pg_proc as p
  inner join pg_catalog.pg_namespace as n on p.pronamespace = n.oid
  inner join pg_catalog.pg_proc as ours
    on p.prosrc ~ (pg_catalog.current_schema()::text || '\s*\.\s*' || ours.proname::text || '\M')
  where
    p.oid >= 16384
    and ours.pronamespace::pg_catalog.regnamespace::text = pg_catalog.current_schema()
    and not exists (
      select 1
      from pg_catalog.pg_depend as d
      where d.objid in (p.oid, ours.oid) and d.deptype = 'e' -- of an extension
    )
) as t
where t.subject <> pg_catalog.current_schema()
order by t.subject
