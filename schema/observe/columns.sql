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
),

-- Many columns have the same default, and to deparse one costs more than all the rest of its row. Only the
-- expression of a generated column depends on the table that it belongs to.
defaults as (
  select distinct on (written.expression, written.relation)
    written.expression,
    written.relation,
    pg_catalog.pg_get_expr(written.adbin, written.adrelid) as name
  from (
    select
      ad.adbin,
      ad.adrelid,
      ad.adbin::text as expression,
      case when g.attgenerated <> '' then ad.adrelid else 0 end as relation
    from pg_catalog.pg_attrdef as ad
    inner join pg_catalog.pg_attribute as g on ad.adrelid = g.attrelid and ad.adnum = g.attnum
    where ad.adrelid >= 16384
  ) as written
)

select
  a.attrelid,
  a.attnum,
  case when not a.attisdropped then a.attname end as name,
  case when not a.attisdropped then pg_catalog.format_type(a.atttypid, a.atttypmod) end as type,
  a.attnotnull as not_null,
  defaults.name as default_,
  case a.attstorage
    when 'p' then 'plain'
    when 'e' then 'external'
    when 'm' then 'main'
    when 'x' then 'extended'
  end as storage,
  -- what few columns have travels in one value, null for all the others
  case
    when
      a.attcollation <> t.typcollation
      or base.oid is not null
      or a.attidentity <> ''
      or a.attgenerated <> ''
      or a.attcompression <> ''
      or a.attstattarget >= 0
      or a.attoptions is not null
      or a.attfdwoptions is not null
      or a.attinhcount > 0
      or a.attmissingval is not null
      or t.typsubscript = 'pg_catalog.array_subscript_handler'::pg_catalog.regproc
      then
        pg_catalog.jsonb_build_object(
          'base_type', base.name,
          'element_type', case
            when t.typsubscript = 'pg_catalog.array_subscript_handler'::pg_catalog.regproc
              then pg_catalog.format_type(t.typelem, null)
          end,
          'collation', case
            when a.attcollation <> t.typcollation
              then pg_catalog.quote_ident(cn.nspname) || '.' || pg_catalog.quote_ident(co.collname)
          end,
          'identity', case a.attidentity
            when 'a' then 'always'
            when 'd' then 'by default'
          end,
          'generated', case a.attgenerated
            when 's' then 'stored'
            when 'v' then 'virtual'
          end,
          'compression', case a.attcompression
            when 'p' then 'pglz'
            when 'l' then 'lz4'
          end,
          -- -1 is the default up to 16, null after
          'statistics_target', nullif(a.attstattarget, -1),
          'options', pg_catalog.to_jsonb(a.attoptions),
          'foreign_options', pg_catalog.to_jsonb(a.attfdwoptions),
          'inherited', a.attinhcount > 0,
          'has_missing_value', a.attmissingval is not null
        )
  end as rare
from pg_catalog.pg_attribute as a
inner join pg_catalog.pg_class as c on a.attrelid = c.oid
left join pg_catalog.pg_type as t on a.atttypid = t.oid
left join pg_catalog.pg_attrdef as ad on a.attrelid = ad.adrelid and a.attnum = ad.adnum
left join defaults
  on
    ad.adbin::text = defaults.expression
    and defaults.relation = case when a.attgenerated <> '' then ad.adrelid else 0 end
left join pg_catalog.pg_collation as co on a.attcollation = co.oid
left join pg_catalog.pg_namespace as cn on co.collnamespace = cn.oid
left join base on t.oid = base.oid
where
  c.oid >= 16384
  and c.relkind in ('r', 'p', 'v', 'm', 'f', 'c')
  and a.attnum > 0
