-- What reaches a relation or a function of somebody's own: views, defaults, constraints, policies, bodies?
-- The body of a function in PL/pgSQL or quoted SQL records nothing here: it must be read.
with links as (
  select
    d.classid,
    d.objid,
    d.objsubid,
    d.refclassid,
    d.refobjid,
    pg_catalog.array_agg(d.refobjsubid order by d.refobjsubid) filter (where d.refobjsubid > 0) as numbers
  from pg_catalog.pg_depend as d
  where
    d.objid >= 16384
    and d.refobjid >= 16384
    and d.deptype in ('n', 'a')
    and (
      -- from anything to a function
      d.refclassid = 'pg_catalog.pg_proc'::pg_catalog.regclass
      -- from a view or rule, a policy, a BEGIN ATOMIC body, a default to a relation
      or (
        d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass
        and d.classid in (
          'pg_catalog.pg_rewrite'::pg_catalog.regclass,
          'pg_catalog.pg_policy'::pg_catalog.regclass,
          'pg_catalog.pg_proc'::pg_catalog.regclass,
          'pg_catalog.pg_publication_rel'::pg_catalog.regclass,
          'pg_catalog.pg_statistic_ext'::pg_catalog.regclass
        )
      )
    )
    -- operators and the like lean on functions; extensions bring hundreds
    and d.classid not in (
      'pg_catalog.pg_operator'::pg_catalog.regclass,
      'pg_catalog.pg_opclass'::pg_catalog.regclass,
      'pg_catalog.pg_opfamily'::pg_catalog.regclass,
      'pg_catalog.pg_amproc'::pg_catalog.regclass,
      'pg_catalog.pg_amop'::pg_catalog.regclass
    )
  group by
    d.classid,
    d.objid,
    d.objsubid,
    d.refclassid,
    d.refobjid
)

select
  o.type as kind,
  o.identity as object,
  n.nspname as referenced_schema,
  columns.names as columns,
  coalesce(rn.nspname, dn.nspname, ownn.nspname, o.schema) as schema,
  coalesce(rc.relname, dc.relname, own.proname, o.name) as name,
  case when f.oid is not null then 'function' else 'relation' end as referenced_kind,
  case
    when f.oid is not null
      then
        pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(f.proname)
        || '(' || pg_catalog.pg_get_function_identity_arguments(f.oid) || ')'
    else pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(c.relname)
  end as referenced,
  coalesce(f.proname, c.relname) as referenced_name
from links
left join pg_catalog.pg_proc as f
  on links.refobjid = f.oid and links.refclassid = 'pg_catalog.pg_proc'::pg_catalog.regclass
left join lateral (
  -- one by one: there are few, and to hash all relations takes longer
  select
    r.oid,
    r.relname,
    r.relnamespace
  from pg_catalog.pg_class as r
  where r.oid = links.refobjid
  order by r.oid
  offset 0
) as c on links.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass
inner join pg_catalog.pg_namespace as n on coalesce(f.pronamespace, c.relnamespace) = n.oid
cross join lateral pg_catalog.pg_identify_object(links.classid, links.objid, links.objsubid) as o
-- a view depends on columns through its rule
left join pg_catalog.pg_rewrite as rw
  on links.objid = rw.oid and links.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass
left join pg_catalog.pg_class as rc on rw.ev_class = rc.oid
left join pg_catalog.pg_namespace as rn on rc.relnamespace = rn.oid
-- pg_identify_object gives a function no name apart from its arguments
left join pg_catalog.pg_proc as own
  on links.objid = own.oid and links.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass
left join pg_catalog.pg_namespace as ownn on own.pronamespace = ownn.oid
-- a default, trigger, constraint or policy belongs to a table
left join pg_catalog.pg_attrdef as ad
  on links.objid = ad.oid and links.classid = 'pg_catalog.pg_attrdef'::pg_catalog.regclass
left join pg_catalog.pg_trigger as tg
  on links.objid = tg.oid and links.classid = 'pg_catalog.pg_trigger'::pg_catalog.regclass
left join pg_catalog.pg_constraint as con
  on links.objid = con.oid and links.classid = 'pg_catalog.pg_constraint'::pg_catalog.regclass
left join pg_catalog.pg_policy as pol
  on links.objid = pol.oid and links.classid = 'pg_catalog.pg_policy'::pg_catalog.regclass
left join pg_catalog.pg_class as dc
  on coalesce(ad.adrelid, tg.tgrelid, con.conrelid, pol.polrelid) = dc.oid
left join pg_catalog.pg_namespace as dn on dc.relnamespace = dn.oid
left join lateral (
  select pg_catalog.array_agg(a.attname::text order by a.attname) as names
  from pg_catalog.pg_attribute as a
  where
    a.attrelid = links.refobjid
    and a.attnum = any(links.numbers)
) as columns on links.numbers is not null
where rc.oid is distinct from c.oid or c.oid is null -- a view's rule depends on the view
