-- Each row is a table with many deleted rows in its file and no vacuum for a day.
select t.schemaname || '.' || t.relname as subject
from pg_catalog.pg_stat_all_tables as t
where
  t.schemaname = pg_catalog.current_schema()
  and t.relname in (
    'users', 'webauthn_credentials', 'messages', 'device_session_keys', 'message_deliveries',
    'ephemeral_keys', 'messaging_public_keys'
  )
  and t.n_dead_tup >= 1000
  and t.n_dead_tup * 5 > t.n_live_tup + t.n_dead_tup
  and coalesce(greatest(t.last_vacuum, t.last_autovacuum), '-infinity')
  < pg_catalog.clock_timestamp() - interval '1 day'
order by subject
