-- Which indexes are there, over what, and are they whole?
-- Nothing here opens a table; only what cannot be written down from names is deparsed, by definitions.sql.
with x as (
  select
    d.objid,
    e.extname
  from pg_catalog.pg_depend as d
  inner join pg_catalog.pg_extension as e on d.refobjid = e.oid
  where
    d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass
    and d.refclassid = 'pg_catalog.pg_extension'::pg_catalog.regclass
    and d.deptype = 'e'
)

select
  i.indexrelid,
  i.indrelid,
  ic.relname,
  n.nspname,
  am.amname,
  i.indkey::text as keys, -- 1 2; 0 is an expression
  i.indclass::text as classes,
  i.indcollation::text as collations,
  i.indoption::text as options_, -- 1: descending, 2: nulls first
  i.indnkeyatts,
  i.indpred::text as predicate, -- as PostgreSQL parsed it
  i.indisunique,
  i.indisvalid,
  i.indisready,
  i.indislive,
  i.indisclustered,
  i.indisreplident,
  i.indnullsnotdistinct or i.indisexclusion or i.indexprs is not null or ic.reloptions is not null
  or ic.relkind <> 'i' as special,
  ic.reloptions,
  ts.spcname,
  x.extname,
  case when i.indexprs is not null then pg_catalog.pg_get_expr(i.indexprs, i.indrelid) end as expressions,
  case
    when i.indexprs is not null
      then (
        select pg_catalog.array_agg(a.attnum::text || '=' || a.attstattarget::text order by a.attnum)
        from pg_catalog.pg_attribute as a
        where
          a.attrelid = i.indexrelid
          and a.attstattarget >= 0
      )
  end as statistics_targets,
  case
    when i.indrelid < 16384
      then (
        select tc.relname
        from pg_catalog.pg_class as tc
        where tc.oid = i.indrelid
      )
  end as table_
from pg_catalog.pg_index as i
inner join pg_catalog.pg_class as ic on i.indexrelid = ic.oid
inner join pg_catalog.pg_namespace as n on ic.relnamespace = n.oid
inner join pg_catalog.pg_am as am on ic.relam = am.oid
left join pg_catalog.pg_tablespace as ts on ic.reltablespace = ts.oid
left join x on i.indexrelid = x.objid
left join pg_catalog.pg_class as toast on i.indrelid = toast.oid and toast.relkind = 't'
where
  i.indexrelid >= 16384
  and toast.oid is null
