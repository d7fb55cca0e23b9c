-- Each row is a trigger on a table of the schema that the DDL does not have.
select n.nspname || '.' || c.relname || '.' || t.tgname as subject
from pg_catalog.pg_trigger as t
inner join pg_catalog.pg_class as c on t.tgrelid = c.oid
inner join pg_catalog.pg_namespace as n on c.relnamespace = n.oid
where
  n.nspname = pg_catalog.current_schema()
  and not t.tgisinternal
  and (c.relname, t.tgname) not in (
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
  )
order by subject
