-- Which columns has every relation? Dropped ones too: their name is null, their bytes may remain.
-- A default's text opens the table (ACCESS SHARE), so an exclusive lock makes this question wait.
with base as (
  with recursive chain as (
    select
      d.oid,
      d.typbasetype,
      d.typtypmod
    from pg_catalog.pg_type as d
    where d.typtype = 'd'
    union all
    select
      chain.oid,
      d.typbasetype,
      d.typtypmod
    from chain
    inner join pg_catalog.pg_type as d on chain.typbasetype = d.oid
    where d.typtype = 'd'
  )

  select
    chain.oid,
    pg_catalog.format_type(chain.typbasetype, chain.typtypmod) as name
  from chain
  inner join pg_catalog.pg_type as b on chain.typbasetype = b.oid
  where b.typtype <> 'd'
)

select
  a.attrelid,
  a.attnum,
  case when not a.attisdropped then a.attname end as name,
  case when not a.attisdropped then pg_catalog.format_type(a.atttypid, a.atttypmod) end as type,
  base.name as base_type,
  case
    when t.typelem <> 0 and t.typsubscript = 'pg_catalog.array_subscript_handler'::pg_catalog.regproc
      then pg_catalog.format_type(t.typelem, null)
  end as element_type,
  case
    when a.attcollation <> t.typcollation
      then pg_catalog.quote_ident(cn.nspname) || '.' || pg_catalog.quote_ident(co.collname)
  end as collation,
  a.attnotnull as not_null,
  pg_catalog.pg_get_expr(ad.adbin, ad.adrelid) as default_,
  case a.attidentity
    when 'a' then 'always'
    when 'd' then 'by default'
  end as identity,
  case a.attgenerated
    when 's' then 'stored'
    when 'v' then 'virtual'
  end as generated,
  case a.attstorage
    when 'p' then 'plain'
    when 'e' then 'external'
    when 'm' then 'main'
    when 'x' then 'extended'
  end as storage,
  case a.attcompression
    when 'p' then 'pglz'
    when 'l' then 'lz4'
  end as compression,
  nullif(a.attstattarget, -1) as statistics_target, -- -1 is the default up to 16, null after
  a.attoptions as options,
  a.attfdwoptions as foreign_options,
  a.attinhcount > 0 as inherited,
  a.attmissingval is not null as has_missing_value
from pg_catalog.pg_attribute as a
inner join pg_catalog.pg_class as c on a.attrelid = c.oid
left join pg_catalog.pg_type as t on a.atttypid = t.oid
left join pg_catalog.pg_attrdef as ad on a.attrelid = ad.adrelid and a.attnum = ad.adnum
left join pg_catalog.pg_collation as co on a.attcollation = co.oid
left join pg_catalog.pg_namespace as cn on co.collnamespace = cn.oid
left join base on t.oid = base.oid
where
  c.oid >= 16384
  and c.relkind in ('r', 'p', 'v', 'm', 'f', 'c')
  and a.attnum > 0
order by
  a.attrelid,
  a.attnum
