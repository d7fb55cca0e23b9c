-- Each row is a composite type, enum, domain, range or base type of the schema.
select n.nspname || '.' || t.typname as subject
from pg_catalog.pg_type as t
inner join pg_catalog.pg_namespace as n on t.typnamespace = n.oid
left join pg_catalog.pg_class as c on t.typrelid = c.oid
where
  n.nspname = pg_catalog.current_schema()
  and t.oid >= 16384
  -- enum, domain, range, base type; a composite type that is not the row type of a table
  and (t.typtype in ('e', 'd', 'r', 'b') or c.relkind = 'c')
  and not exists ( -- nor the array of another type
    select 1
    from pg_catalog.pg_type as e
    where e.typarray = t.oid
  )
  and not exists ( -- nor what an extension brought
    select 1
    from pg_catalog.pg_depend as d
    where
      d.objid = t.oid
      and d.classid = 'pg_catalog.pg_type'::pg_catalog.regclass
      and d.deptype = 'e'
  )
order by subject
