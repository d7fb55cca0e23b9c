-- Each row is an operator of the schema, or a cast or language of the database, that is nobody's extension's.
select o.identity as subject
from (
  select
    'pg_catalog.pg_operator'::pg_catalog.regclass as class,
    p.oid as object
  from pg_catalog.pg_operator as p
  where p.oprnamespace::pg_catalog.regnamespace::text = pg_catalog.current_schema()
  union all
  select
    'pg_catalog.pg_cast'::pg_catalog.regclass as class,
    c.oid as object
  from pg_catalog.pg_cast as c
  union all
  select
    'pg_catalog.pg_language'::pg_catalog.regclass as class,
    l.oid as object
  from pg_catalog.pg_language as l
) as t
cross join lateral pg_catalog.pg_identify_object(t.class, t.object, 0) as o
where
  t.object >= 16384
  and not exists (
    select 1
    from pg_catalog.pg_depend as d
    where
      d.classid = t.class
      and d.objid = t.object
      and d.deptype = 'e'
  )
order by subject
