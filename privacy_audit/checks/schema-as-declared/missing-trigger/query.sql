-- Each row is a declared trigger that its table does not have.
select n.nspname || '.' || c.relname || '.' || declared.name as subject
from (
  values
  -- made from the ddl: triggers
  ('device_session_keys', 'device_session_keys_guard'),
  ('device_session_keys', 'device_session_keys_own_device'),
  ('device_session_keys', 'device_session_keys_utc'),
  ('ephemeral_keys', 'ephemeral_keys_guard'),
  ('ephemeral_keys', 'ephemeral_keys_utc'),
  ('message_deliveries', 'message_deliveries_destination_only'),
  ('message_deliveries', 'message_deliveries_guard'),
  ('message_deliveries', 'message_deliveries_guard_update'),
  ('message_deliveries', 'message_deliveries_utc'),
  ('messages', 'messages_guard'),
  ('messages', 'messages_utc'),
  ('messaging_public_keys', 'messaging_public_keys_guard'),
  ('messaging_public_keys', 'messaging_public_keys_utc'),
  ('retention_runs', 'retention_runs_append_only'),
  ('retention_runs', 'retention_runs_no_truncate'),
  ('users', 'users_guard'),
  ('users', 'users_utc'),
  ('webauthn_credentials', 'webauthn_credentials_guard'),
  ('webauthn_credentials', 'webauthn_credentials_utc')
  -- end
) as declared (table_name, name)
inner join pg_catalog.pg_class as c on declared.table_name = c.relname
inner join pg_catalog.pg_namespace as n on c.relnamespace = n.oid
where
  n.nspname = pg_catalog.current_schema()
  and not exists (
    select 1
    from pg_catalog.pg_trigger as t
    where t.tgrelid = c.oid and t.tgname = declared.name
  )
order by subject
