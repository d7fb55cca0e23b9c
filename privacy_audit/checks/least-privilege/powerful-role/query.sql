-- Each row is one of the four groups with an attribute or membership that it should not have, or a role in two
-- of them, or one that may let others in; superusers, who create roles, and owners of our tables are left out.
with recursive groups (oid, name) as (
  select r.oid, r.rolname
  from pg_catalog.pg_roles as r
  where r.rolname in ('nosender_app', 'nosender_sweeper', 'nosender_auditor', 'nosender_clerk')
),

bound (oid, name) as (
  select r.oid, r.rolname
  from pg_catalog.pg_roles as r
  where
    (r.oid >= 16384 or r.oid = 10)
    and not r.rolsuper
    and not r.rolcreaterole
    and r.oid not in (select g.oid from groups as g)
    and not exists (
      select 1
      from pg_catalog.pg_class as c
      where
        c.relowner = r.oid
        and c.relkind in ('r', 'p')
        and c.relnamespace = pg_catalog.current_schema()::pg_catalog.regnamespace
    )
),

reached (member, role) as (
  select b.oid, m.roleid
  from bound as b
  inner join pg_catalog.pg_auth_members as m on b.oid = m.member
  union
  select a.member, m.roleid
  from reached as a
  inner join pg_catalog.pg_auth_members as m on a.role = m.member
)

select r.rolname as subject
from pg_catalog.pg_roles as r
where
  r.oid in (select g.oid from groups as g)
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
  or (
    select pg_catalog.count(distinct a.role)
    from reached as a
    inner join groups as g on a.role = g.oid
    where a.member = r.oid
  ) > 1
  or exists (
    select 1
    from pg_catalog.pg_auth_members as m
    inner join bound as b on m.member = b.oid
    inner join groups as g on m.roleid = g.oid
    where m.member = r.oid and m.admin_option
  )
order by subject
