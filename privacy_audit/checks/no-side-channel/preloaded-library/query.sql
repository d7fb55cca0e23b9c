-- Each row is a list of libraries, of the server or of a role or database, that is not empty.
select s.name as subject
from pg_catalog.pg_settings as s
where
  s.name in ('shared_preload_libraries', 'session_preload_libraries', 'local_preload_libraries')
  and s.reset_val <> ''
union all
select coalesce(r.rolname, d.datname, 'every role') || ': ' || pg_catalog.split_part(c.line, '=', 1) as subject
from pg_catalog.pg_db_role_setting as s
left join pg_catalog.pg_roles as r on s.setrole = r.oid
left join pg_catalog.pg_database as d on s.setdatabase = d.oid
cross join lateral pg_catalog.unnest(s.setconfig) as c (line)
where
  c.line ~ '^(session|local)_preload_libraries='
  and c.line !~ '=$'
order by subject
