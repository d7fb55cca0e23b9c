-- Each row is a setting stored for a role, or for this database.
select
  coalesce(r.rolname, d.datname, 'every role') || ': ' || pg_catalog.split_part(c.line, '=', 1) as subject
from pg_catalog.pg_db_role_setting as s
left join pg_catalog.pg_roles as r on s.setrole = r.oid
left join pg_catalog.pg_database as d on s.setdatabase = d.oid
cross join lateral pg_catalog.unnest(s.setconfig) as c (line)
where
  s.setdatabase = 0
  or d.datname = pg_catalog.current_database()
order by subject
