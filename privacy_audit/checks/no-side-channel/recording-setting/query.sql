-- Each row is a setting, of the server or of a role or database, that writes rows or their moments somewhere.
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
  (l.name = 'log_statement' and l.value not in ('none', 'ddl'))
  or (l.name in ('log_min_duration_statement', 'log_min_duration_sample') and l.value <> '-1')
  or (l.name = 'log_transaction_sample_rate' and l.value <> '0')
  or (l.name = 'log_parameter_max_length_on_error' and l.value <> '0')
  or (l.name in ('debug_print_parse', 'debug_print_rewritten', 'debug_print_plan') and l.value = 'on')
  or (l.name in ('track_commit_timestamp', 'log_duration') and l.value = 'on')
  or (l.name = 'pgaudit.log' and l.value not in ('none', ''))
  or (l.name in ('pgaudit.log_parameter', 'pgaudit.log_rows') and l.value = 'on')
  or (l.name = 'auto_explain.log_min_duration' and l.value <> '-1')
  or (
    l.name = 'pg_stat_statements.track_utility'
    and l.value = 'on'
    -- what tracks nothing tracks no utility either
    and coalesce(
      (
        select pg_catalog.bool_or(t.value <> 'none')
        from live as t
        where t.name = 'pg_stat_statements.track'
      ),
      true
    )
  )
order by subject
