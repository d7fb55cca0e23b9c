-- Which types were made here? Row types of tables, and the arrays that come with a type, are left out.
select
  'type' as kind,
  pg_catalog.jsonb_build_object(
    'schema', n.nspname,
    'name', t.typname,
    'kind',
    case t.typtype
      when 'e' then 'enum'
      when 'd' then 'domain'
      when 'r' then 'range'
      when 'b' then 'base'
      when 'p' then 'pseudo'
    end,
    'owner', pg_catalog.pg_get_userbyid(t.typowner),
    'labels', (
      select pg_catalog.array_agg(e.enumlabel order by e.enumsortorder)
      from pg_catalog.pg_enum as e
      where e.enumtypid = t.oid
    ),
    'base_type',
    case
      when t.typtype = 'd' then pg_catalog.format_type(t.typbasetype, t.typtypmod)
      when t.typtype = 'r' then pg_catalog.format_type(r.rngsubtype, null)
    end,
    'not_null', t.typnotnull,
    'default', coalesce(pg_catalog.pg_get_expr(t.typdefaultbin, 0), t.typdefault),
    'collation',
    case
      when t.typtype = 'd' and t.typcollation <> bt.typcollation
        then pg_catalog.quote_ident(cn.nspname) || '.' || pg_catalog.quote_ident(co.collname)
    end,
    'extension', (
      select x.extname
      from pg_catalog.pg_depend as d
      inner join pg_catalog.pg_extension as x on d.refobjid = x.oid
      where
        d.classid = 'pg_catalog.pg_type'::pg_catalog.regclass
        and d.objid = t.oid
        and d.refclassid = 'pg_catalog.pg_extension'::pg_catalog.regclass
        and d.deptype = 'e'
    )
  ) as facts
from pg_catalog.pg_type as t
inner join pg_catalog.pg_namespace as n on t.typnamespace = n.oid
left join pg_catalog.pg_range as r on t.oid = r.rngtypid
left join pg_catalog.pg_type as bt on t.typbasetype = bt.oid
left join pg_catalog.pg_collation as co on t.typcollation = co.oid
left join pg_catalog.pg_namespace as cn on co.collnamespace = cn.oid
where
  (t.oid >= 16384 or n.nspname not in ('pg_catalog', 'pg_toast', 'information_schema'))
  and t.typtype in ('e', 'd', 'r', 'b', 'p')
  and not exists (
    select 1
    from pg_catalog.pg_type as el
    where el.typarray = t.oid
  )
