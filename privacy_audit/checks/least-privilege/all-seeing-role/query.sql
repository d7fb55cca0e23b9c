-- Each row is a role, no superuser, that is or can become one that reaches past every grant: of those below,
-- the owner of our tables or a superuser, through any number of memberships, or that has such an attribute.
with recursive reach (member, role) as (
  select
    a.member,
    a.roleid
  from pg_catalog.pg_auth_members as a
  union
  select
    r.member,
    a.roleid
  from reach as r
  inner join pg_catalog.pg_auth_members as a on r.role = a.member
)

select m.rolname as subject
from pg_catalog.pg_roles as m
where
  not m.rolsuper
  and m.oid >= 16384
  and (
    m.rolreplication
    or m.rolbypassrls
    or m.rolcreaterole
    or exists (
      select 1
      from reach
      inner join pg_catalog.pg_roles as r on reach.role = r.oid
      where
        reach.member = m.oid
        and (
          r.rolsuper
          or r.rolname in (
            'pg_read_all_data', 'pg_write_all_data', 'pg_read_server_files', 'pg_write_server_files',
            'pg_execute_server_program', 'pg_monitor', 'pg_read_all_stats'
          )
          or r.oid in (
            select c.relowner
            from pg_catalog.pg_class as c
            where
              c.relkind in ('r', 'p')
              and c.relnamespace::pg_catalog.regnamespace::text = pg_catalog.current_schema()
          )
        )
    )
  )
order by subject
