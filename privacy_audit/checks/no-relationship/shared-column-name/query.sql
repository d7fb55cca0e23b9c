-- Each row is a column outside the declared tables that has the name and type of an identifier of ours.
with declared (table_name, column_name, type) as (
  values
  -- made from the ddl: column types
  ('device_session_keys', 'created_at', 'timestamp without time zone'),
  ('device_session_keys', 'encrypted_session_key', 'bytea'),
  ('device_session_keys', 'expires_at', 'timestamp without time zone'),
  ('device_session_keys', 'id', 'integer'),
  ('device_session_keys', 'is_active', 'boolean'),
  ('device_session_keys', 'key_rotation_counter', 'bigint'),
  ('device_session_keys', 'session_key_id', 'text'),
  ('device_session_keys', 'user_id', 'integer'),
  ('device_session_keys', 'webauthn_credential_id', 'integer'),
  ('ephemeral_keys', 'created_at', 'timestamp without time zone'),
  ('ephemeral_keys', 'destination_phone', 'character varying(20)'),
  ('ephemeral_keys', 'ephemeral_public_key', 'bytea'),
  ('ephemeral_keys', 'expires_at', 'timestamp without time zone'),
  ('ephemeral_keys', 'id', 'integer'),
  ('ephemeral_keys', 'key_exchange_id', 'text'),
  ('ephemeral_keys', 'used', 'boolean'),
  ('message_deliveries', 'delivered_at', 'timestamp without time zone'),
  ('message_deliveries', 'delivery_status', 'character varying(20)'),
  ('message_deliveries', 'id', 'bigint'),
  ('message_deliveries', 'message_id', 'bigint'),
  ('message_deliveries', 'read_at', 'timestamp without time zone'),
  ('message_deliveries', 'webauthn_credential_id', 'integer'),
  ('messages', 'created_at', 'timestamp without time zone'),
  ('messages', 'destination_phone', 'character varying(20)'),
  ('messages', 'encrypted_content', 'bytea'),
  ('messages', 'expires_at', 'timestamp without time zone'),
  ('messages', 'id', 'bigint'),
  ('messages', 'message_id', 'text'),
  ('messages', 'message_type', 'character varying(20)'),
  ('messages', 'timestamp', 'timestamp without time zone'),
  ('messaging_public_keys', 'created_at', 'timestamp without time zone'),
  ('messaging_public_keys', 'ed25519_public_key', 'bytea'),
  ('messaging_public_keys', 'ed25519_signature', 'bytea'),
  ('messaging_public_keys', 'id', 'integer'),
  ('messaging_public_keys', 'is_active', 'boolean'),
  ('messaging_public_keys', 'key_version', 'integer'),
  ('messaging_public_keys', 'revoked_at', 'timestamp without time zone'),
  ('messaging_public_keys', 'user_id', 'integer'),
  ('messaging_public_keys', 'x25519_public_key', 'bytea'),
  ('migration_journal', 'algorithm', 'smallint'),
  ('migration_journal', 'checksum', 'character varying(64)'),
  ('migration_journal', 'direction', 'character varying(10)'),
  ('migration_journal', 'id', 'bigint'),
  ('migration_journal', 'recorded_at', 'timestamp without time zone'),
  ('migration_journal', 'revision', 'character varying(64)'),
  ('migration_journal', 'step', 'integer'),
  ('retention_runs', 'anchor_hash', 'bytea'),
  ('retention_runs', 'anchor_id', 'bigint'),
  ('retention_runs', 'batches', 'bigint'),
  ('retention_runs', 'blocked', 'bigint'),
  ('retention_runs', 'children', 'bigint'),
  ('retention_runs', 'clock_after', 'timestamp without time zone'),
  ('retention_runs', 'clock_before', 'timestamp without time zone'),
  ('retention_runs', 'cutoff', 'timestamp without time zone'),
  ('retention_runs', 'deactivated', 'bigint'),
  ('retention_runs', 'deleted', 'bigint'),
  ('retention_runs', 'dropped_columns', 'smallint[]'),
  ('retention_runs', 'error_class', 'character varying(40)'),
  ('retention_runs', 'file_number', 'bigint'),
  ('retention_runs', 'form', 'smallint'),
  ('retention_runs', 'id', 'bigint'),
  ('retention_runs', 'node', 'character varying(40)'),
  ('retention_runs', 'oldest_remaining', 'timestamp without time zone'),
  ('retention_runs', 'phase', 'character varying(20)'),
  ('retention_runs', 'policy_hash', 'bytea'),
  ('retention_runs', 'previous_hash', 'bytea'),
  ('retention_runs', 'row_hash', 'bytea'),
  ('retention_runs', 'run_id', 'uuid'),
  ('retention_runs', 'schema_name', 'character varying(63)'),
  ('retention_runs', 'settled', 'bigint'),
  ('retention_runs', 'settled_until', 'timestamp without time zone'),
  ('retention_runs', 'status', 'character varying(20)'),
  ('retention_runs', 'table_name', 'character varying(63)'),
  ('retention_runs', 'version', 'character varying(40)'),
  ('users', 'created_at', 'timestamp without time zone'),
  ('users', 'id', 'integer'),
  ('users', 'phone_number', 'character varying(20)'),
  ('webauthn_credentials', 'created_at', 'timestamp without time zone'),
  ('webauthn_credentials', 'credential_id', 'bytea'),
  ('webauthn_credentials', 'id', 'integer'),
  ('webauthn_credentials', 'is_active', 'boolean'),
  ('webauthn_credentials', 'public_key', 'bytea'),
  ('webauthn_credentials', 'sign_count', 'bigint'),
  ('webauthn_credentials', 'user_id', 'integer')
  -- end
)

select distinct n.nspname || '.' || c.relname || '.' || a.attname as subject
from pg_catalog.pg_attribute as a
inner join pg_catalog.pg_class as c on a.attrelid = c.oid
inner join pg_catalog.pg_namespace as n on c.relnamespace = n.oid
inner join declared as d
  on a.attname = d.column_name and pg_catalog.format_type(a.atttypid, a.atttypmod) = d.type
where
  c.oid >= 16384
  and c.relkind in ('r', 'p', 'v', 'm', 'f', 'c')
  and n.nspname !~ '^pg_toast'
  and a.attnum > 0
  and not a.attisdropped
  and a.attname in (
    'user_id', 'phone_number', 'destination_phone', 'webauthn_credential_id', 'credential_id', 'message_id',
    'session_key_id', 'key_exchange_id'
  )
  and not (n.nspname = pg_catalog.current_schema() and c.relname in (select t.table_name from declared as t))
order by subject
