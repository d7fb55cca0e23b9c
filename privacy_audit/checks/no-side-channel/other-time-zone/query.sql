-- Each row is a role or database with a time zone of its own.
select coalesce(r.rolname, d.datname, 'every role') || ': TimeZone' as subject
from pg_catalog.pg_db_role_setting as s
left join pg_catalog.pg_roles as r on s.setrole = r.oid
left join pg_catalog.pg_database as d on s.setdatabase = d.oid
cross join lateral pg_catalog.unnest(s.setconfig) as c (line)
where
  c.line ~* '^timezone='
  and c.line !~* '^timezone=(etc/)?(utc|gmt|uct|zulu|universal)$'
order by subject
