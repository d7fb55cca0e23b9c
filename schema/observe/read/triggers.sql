-- What fires on a write? Internal triggers enforce foreign keys; they are named only where changed.
with x as (
  select
    d.objid,
    e.extname
  from pg_catalog.pg_depend as d
  inner join pg_catalog.pg_extension as e on d.refobjid = e.oid
  where
    d.classid = 'pg_catalog.pg_trigger'::pg_catalog.regclass
    and d.refclassid = 'pg_catalog.pg_extension'::pg_catalog.regclass
    and d.deptype = 'e'
)

select
  n.nspname as schema,
  c.relname as table_,
  case
    -- an internal trigger's own name holds an OID
    when tg.tgisinternal
      then
        'internal trigger ' || tg.tgtype::text || ' of ' || coalesce(con.conname, '?')
        || ' calling ' || p.proname
    else tg.tgname::text
  end as name,
  case when not tg.tgisinternal then pg_catalog.pg_get_triggerdef(tg.oid) else '' end as definition,
  case tg.tgenabled
    when 'O' then 'origin'
    when 'A' then 'always'
    when 'R' then 'replica'
    when 'D' then 'disabled'
  end as enabled,
  pg_catalog.quote_ident(pn.nspname) || '.' || pg_catalog.quote_ident(p.proname)
  || '(' || pg_catalog.pg_get_function_identity_arguments(p.oid) || ')' as function,
  pg_catalog.encode(tg.tgargs, 'escape') as arguments, -- ended by \000 each
  tg.tgconstraint <> 0 as constraint_,
  tg.tgisinternal as internal,
  x.extname as extension
from pg_catalog.pg_trigger as tg
inner join pg_catalog.pg_class as c on tg.tgrelid = c.oid
inner join pg_catalog.pg_namespace as n on c.relnamespace = n.oid
inner join pg_catalog.pg_proc as p on tg.tgfoid = p.oid
inner join pg_catalog.pg_namespace as pn on p.pronamespace = pn.oid
left join pg_catalog.pg_constraint as con on tg.tgconstraint = con.oid
left join x on tg.oid = x.objid
where
  tg.oid >= 16384
  and (not tg.tgisinternal or tg.tgenabled <> 'O')
