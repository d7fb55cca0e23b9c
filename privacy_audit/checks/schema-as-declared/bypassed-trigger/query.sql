-- Each row is a role or database whose sessions do not fire ordinary triggers.
select coalesce(r.rolname, d.datname, 'every role') || ': session_replication_role' as subject
from pg_catalog.pg_db_role_setting as s
left join pg_catalog.pg_roles as r on s.setrole = r.oid
left join pg_catalog.pg_database as d on s.setdatabase = d.oid
cross join lateral pg_catalog.unnest(s.setconfig) as c (line)
where
  c.line ~ '^session_replication_role='
  and c.line <> 'session_replication_role=origin'
order by subject
