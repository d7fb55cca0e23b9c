-- Each row is a function of the schema that PUBLIC, or a role other than the four groups, may call.
select distinct
  n.nspname || '.' || p.proname || '(' || pg_catalog.pg_get_function_identity_arguments(p.oid) || ')' as subject
from pg_catalog.pg_proc as p
inner join pg_catalog.pg_namespace as n on p.pronamespace = n.oid
cross join
  lateral pg_catalog.aclexplode(
    coalesce(p.proacl, pg_catalog.acldefault('f', p.proowner))
  ) as x
left join pg_catalog.pg_roles as r on x.grantee = r.oid
where
  n.nspname = pg_catalog.current_schema()
  and x.grantee <> p.proowner
  and coalesce(r.rolname, 'public') not in ('nosender_app', 'nosender_sweeper', 'nosender_auditor', 'nosender_clerk')
  and not exists (
    select 1
    from pg_catalog.pg_depend as d
    where
      d.objid = p.oid
      and d.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass
      and d.deptype = 'e'
  )
order by subject
