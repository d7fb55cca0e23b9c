-- Which indexes are there, over what, and are they whole?
-- The definition opens the table (ACCESS SHARE) where it has expressions or a predicate.
with targets as (
  select
    a.attrelid,
    pg_catalog.array_agg(a.attnum::text || '=' || a.attstattarget::text order by a.attnum) as list
  from pg_catalog.pg_attribute as a
  inner join pg_catalog.pg_index as ti on a.attrelid = ti.indexrelid
  where a.attstattarget >= 0
  group by a.attrelid
),

x as (
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
  n.nspname as schema,
  ic.relname as name,
  tc.relname as table_,
  am.amname as method,
  i.indrelid,
  i.indkey::int2[] as keys,
  i.indnkeyatts as key_columns,
  con.conname as constraint_,
  i.indisunique as unique_,
  i.indisvalid as valid,
  i.indisready as ready,
  i.indislive as live,
  i.indisclustered as clustered,
  i.indisreplident as replica_identity,
  ic.reloptions as options,
  targets.list as statistics_targets,
  ts.spcname as tablespace,
  x.extname as extension,
  -- the index of a plain primary key is written down by whoever has the columns' names
  case
    when not i.indisprimary or i.indisexclusion or i.indnatts <> i.indnkeyatts or ic.reloptions is not null
      then pg_catalog.pg_get_indexdef(i.indexrelid)
  end as definition,
  case when i.indexprs is not null then pg_catalog.pg_get_expr(i.indexprs, i.indrelid) end as expressions,
  i.indpred is not null as partial -- the definition says it
from pg_catalog.pg_index as i
inner join pg_catalog.pg_class as ic on i.indexrelid = ic.oid
inner join pg_catalog.pg_class as tc on i.indrelid = tc.oid
inner join pg_catalog.pg_namespace as n on ic.relnamespace = n.oid
inner join pg_catalog.pg_am as am on ic.relam = am.oid
left join pg_catalog.pg_tablespace as ts on ic.reltablespace = ts.oid
left join pg_catalog.pg_constraint as con
  on i.indexrelid = con.conindid and i.indrelid = con.conrelid and con.contype in ('p', 'u', 'x')
left join targets on i.indexrelid = targets.attrelid
left join x on i.indexrelid = x.objid
where
  i.indexrelid >= 16384
  and tc.relkind <> 't'
