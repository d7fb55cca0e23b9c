-- Each row is a setting, of the server or of a role or database, under which errors or connections tell too
-- much.
with live (name, value, place) as (
  select
    s.name,
    s.reset_val,
    ''
  from pg_catalog.pg_settings as s
  union all
  select
    pg_catalog.split_part(c.line, '=', 1),
    pg_catalog.substr(c.line, pg_catalog.strpos(c.line, '=') + 1),
    coalesce(r.rolname, d.datname, 'every role') || ': '
  from pg_catalog.pg_db_role_setting as s
  left join pg_catalog.pg_roles as r on s.setrole = r.oid
  left join pg_catalog.pg_database as d on s.setdatabase = d.oid
  cross join lateral pg_catalog.unnest(s.setconfig) as c (line)
)

select l.place || l.name as subject
from live as l
where
  (l.name = 'log_error_verbosity' and l.value <> 'terse')
  or (l.name = 'log_min_error_statement' and l.value not in ('panic', 'fatal'))
  or (l.name = 'log_parameter_max_length' and l.value <> '0')
  or (l.name = 'log_connections' and l.value not in ('off', ''))
  or (l.name in ('log_disconnections', 'log_hostname', 'log_lock_waits', 'log_replication_commands') and l.value = 'on')
  or (l.name = 'log_line_prefix' and l.value ~ '%[hruaL]')
  or (l.name = 'log_temp_files' and l.value <> '-1')
order by subject
