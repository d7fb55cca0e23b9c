-- Each row is one of the three groups with an attribute or membership that it should not have.
select r.rolname as subject
from pg_catalog.pg_roles as r
where
  r.rolname in ('nosender_app', 'nosender_sweeper', 'nosender_auditor')
  and (
    r.rolsuper
    or r.rolcanlogin
    or r.rolcreaterole
    or r.rolcreatedb
    or r.rolreplication
    or r.rolbypassrls
    or exists (
      select 1
      from pg_catalog.pg_auth_members as m
      inner join pg_catalog.pg_roles as g on m.roleid = g.oid
      where
        m.member = r.oid
        and (g.rolname, r.rolname) <> ('pg_read_all_settings', 'nosender_auditor')
    )
  )
order by subject
