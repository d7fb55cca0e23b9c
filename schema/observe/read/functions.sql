-- Which functions are there, in what language, with whose rights, and what do they say?
-- A BEGIN ATOMIC function has an empty prosrc: its text is pg_get_function_sqlbody.
with x as (
  select
    d.objid,
    e.extname
  from pg_catalog.pg_depend as d
  inner join pg_catalog.pg_extension as e on d.refobjid = e.oid
  where
    d.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass
    and d.refclassid = 'pg_catalog.pg_extension'::pg_catalog.regclass
    and d.deptype = 'e'
)

select
  n.nspname as schema,
  p.proname as name,
  l.lanname as language,
  p.prosecdef as security_definer,
  p.proleakproof as leakproof,
  p.proisstrict as strict,
  p.proconfig as config,
  p.prosrc as body,
  p.probin as library,
  p.procost::float8 as cost,
  p.prorows::float8 as rows,
  -- An aggregate is the extension's own where one of its functions is, or a superuser alone could make it.
  case
    when ag.aggfnoid is null or n.nspname = 'pg_catalog' or exists (
      select 1 from x as own
      where own.extname = x.extname and own.objid in (ag.aggtransfn, ag.aggfinalfn)
    ) then x.extname
  end as extension,
  pg_catalog.pg_get_function_identity_arguments(p.oid) as identity,
  pg_catalog.pg_get_function_arguments(p.oid) as arguments,
  pg_catalog.pg_get_function_result(p.oid) as result,
  case p.prokind
    when 'f' then 'function'
    when 'p' then 'procedure'
    when 'a' then 'aggregate'
    when 'w' then 'window'
  end as kind,
  pg_catalog.pg_get_userbyid(p.proowner) as owner,
  case p.provolatile
    when 'i' then 'immutable'
    when 's' then 'stable'
    when 'v' then 'volatile'
  end as volatility,
  case p.proparallel
    when 's' then 'safe'
    when 'r' then 'restricted'
    when 'u' then 'unsafe'
  end as parallel,
  pg_catalog.pg_get_function_sqlbody(p.oid) as sql_body,
  case
    when ag.aggfnoid is not null
      then
        pg_catalog.concat_ws(
          ' ',
          'sfunc', ag.aggtransfn::text,
          'stype', pg_catalog.format_type(ag.aggtranstype, null),
          'finalfunc', nullif(ag.aggfinalfn::text, '-'),
          'combinefunc', nullif(ag.aggcombinefn::text, '-'),
          'initcond', ag.agginitval
        )
  end as aggregate,
  case when p.prosupport <> 0 then p.prosupport::text end as support
from pg_catalog.pg_proc as p
inner join pg_catalog.pg_namespace as n on p.pronamespace = n.oid
inner join pg_catalog.pg_language as l on p.prolang = l.oid
left join pg_catalog.pg_aggregate as ag on p.oid = ag.aggfnoid
left join x on p.oid = x.objid
where p.oid >= 16384 or n.nspname not in ('pg_catalog', 'pg_toast', 'information_schema')
