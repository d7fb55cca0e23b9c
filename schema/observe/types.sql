-- Which types were made here? Row types of tables, and the arrays that come with a type, are left out.
with labels as (
  select
    e.enumtypid,
    pg_catalog.array_agg(e.enumlabel::text order by e.enumsortorder) as list
  from pg_catalog.pg_enum as e
  group by e.enumtypid
),

x as (
  select
    d.objid,
    e.extname
  from pg_catalog.pg_depend as d
  inner join pg_catalog.pg_extension as e on d.refobjid = e.oid
  where
    d.classid = 'pg_catalog.pg_type'::pg_catalog.regclass
    and d.refclassid = 'pg_catalog.pg_extension'::pg_catalog.regclass
    and d.deptype = 'e'
)

select
  n.nspname as schema,
  t.typname as name,
  labels.list as labels,
  t.typnotnull as not_null,
  x.extname as extension,
  case t.typtype
    when 'e' then 'enum'
    when 'd' then 'domain'
    when 'r' then 'range'
    when 'b' then 'base'
    when 'p' then 'pseudo'
  end as kind,
  pg_catalog.pg_get_userbyid(t.typowner) as owner,
  case
    when t.typtype = 'd' then pg_catalog.format_type(t.typbasetype, t.typtypmod)
    when t.typtype = 'r' then pg_catalog.format_type(r.rngsubtype, null)
  end as base_type,
  coalesce(pg_catalog.pg_get_expr(t.typdefaultbin, 0), t.typdefault) as default_,
  case
    when t.typtype = 'd' and t.typcollation <> bt.typcollation
      then pg_catalog.quote_ident(cn.nspname) || '.' || pg_catalog.quote_ident(co.collname)
  end as collation
from pg_catalog.pg_type as t
inner join pg_catalog.pg_namespace as n on t.typnamespace = n.oid
left join pg_catalog.pg_range as r on t.oid = r.rngtypid
left join pg_catalog.pg_type as bt on t.typbasetype = bt.oid
left join pg_catalog.pg_collation as co on t.typcollation = co.oid
left join pg_catalog.pg_namespace as cn on co.collnamespace = cn.oid
left join labels on t.oid = labels.enumtypid
left join x on t.oid = x.objid
where
  t.oid >= 16384
  and t.typtype in ('e', 'd', 'r', 'b', 'p')
  and not exists (
    select 1
    from pg_catalog.pg_type as el
    where el.typarray = t.oid
  )
