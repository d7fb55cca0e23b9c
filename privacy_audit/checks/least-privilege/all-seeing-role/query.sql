-- Each row is a role, no superuser, that is a member of one of these.
select distinct m.rolname as subject
from pg_catalog.pg_auth_members as a
inner join pg_catalog.pg_roles as r on a.roleid = r.oid
inner join pg_catalog.pg_roles as m on a.member = m.oid
where
  not m.rolsuper
  and m.oid >= 16384
  and r.rolname in (
    'pg_read_all_data', 'pg_write_all_data', 'pg_read_server_files', 'pg_write_server_files',
    'pg_execute_server_program', 'pg_monitor', 'pg_read_all_stats'
  )
order by subject
