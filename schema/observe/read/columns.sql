-- Which columns has every relation? Dropped ones too: their name is null, their bytes may remain.
-- Defaults are the answer of attached.sql.
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
  a.attnotnull as not_null,
  a.attstorage, -- p: plain, e: external, m: main, x: extended
  -- what few columns have travels in one value, null for all the others
  case
    when
      a.attcollation <> t.typcollation
      or t.typtype = 'd'
      or a.attidentity <> ''
      or a.attgenerated <> ''
      or a.attcompression <> ''
      or a.attstattarget >= 0
      or a.attoptions is not null
      -- Minor releases of November 2026 note here when a column was made: nobody's option, on every column.
      and not (pg_catalog.cardinality(a.attoptions) = 1 and a.attoptions[1] ~ '^pg_attver=[0-9]+$')
      or a.attfdwoptions is not null
      or a.attinhcount > 0
      or a.attmissingval is not null
      or t.typsubscript = 'pg_catalog.array_subscript_handler'::pg_catalog.regproc
      then
        pg_catalog.jsonb_build_object(
          'base_type', (
            select base.name
            from base
            where base.oid = t.oid
          ),
          'element_type', case
            when t.typsubscript = 'pg_catalog.array_subscript_handler'::pg_catalog.regproc
              then pg_catalog.format_type(t.typelem, null)
          end,
          'collation', case
            when a.attcollation <> t.typcollation
              then (
                select pg_catalog.quote_ident(cn.nspname) || '.' || pg_catalog.quote_ident(co.collname)
                from pg_catalog.pg_collation as co
                inner join pg_catalog.pg_namespace as cn on co.collnamespace = cn.oid
                where co.oid = a.attcollation
              )
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
          'options', (
            select pg_catalog.jsonb_agg(o.option order by o.place)
            from pg_catalog.unnest(a.attoptions) with ordinality as o (option, place)
            where o.option !~ '^pg_attver=[0-9]+$'
          ),
          'foreign_options', pg_catalog.to_jsonb(a.attfdwoptions),
          'inherited', a.attinhcount > 0,
          'has_missing_value', a.attmissingval is not null
        )
  end as rare
from pg_catalog.pg_attribute as a
inner join pg_catalog.pg_class as c on a.attrelid = c.oid
left join pg_catalog.pg_type as t on a.atttypid = t.oid
where
  (
    a.attrelid >= 16384
    or c.relnamespace <> all(
      array(
        select s.oid
        from pg_catalog.pg_namespace as s
        where s.nspname in ('pg_catalog', 'pg_toast', 'information_schema')
      )
    )
  )
  and c.relkind in ('r', 'p', 'v', 'm', 'f', 'c')
  and a.attnum > 0
order by
  a.attrelid,
  a.attnum
