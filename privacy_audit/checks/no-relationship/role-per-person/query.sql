-- One row when more than fifty roles are somebody's, or ten of them are named alike but for a number: roles that
-- log in, that a login becomes, or that are in one of our groups.
select 'roles' as subject
from (
  select
    pg_catalog.regexp_replace(r.rolname, '[0-9]+', '0', 'g') as name,
    pg_catalog.count(*) as alike
  from pg_catalog.pg_roles as r
  where
    (r.oid >= 16384 or r.oid = 10)
    and r.rolname not in ('nosender_app', 'nosender_sweeper', 'nosender_auditor', 'nosender_clerk')
    and (
      r.rolcanlogin
      or exists (
        select 1
        from pg_catalog.pg_auth_members as m
        inner join pg_catalog.pg_roles as l on m.member = l.oid
        where
          m.roleid = r.oid
          and l.rolcanlogin
      )
      or exists (
        select 1
        from pg_catalog.pg_auth_members as m
        inner join pg_catalog.pg_roles as g on m.roleid = g.oid
        where
          m.member = r.oid
          and g.rolname in ('nosender_app', 'nosender_sweeper', 'nosender_auditor', 'nosender_clerk')
      )
    )
  group by 1
) as people
having
  pg_catalog.sum(people.alike) > 50
  or pg_catalog.bool_or(pg_catalog.strpos(people.name, '0') > 0 and people.alike >= 10)
