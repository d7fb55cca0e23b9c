-- Each row is a declared column whose default, generation or identity is not the declared one.
with declared (table_name, column_name, expression) as (
  values
  -- made from the ddl: column defaults
  ('device_session_keys', 'created_at', 'date_trunc(''hour''::text, (now() AT TIME ZONE ''utc''::text))'),
  ('device_session_keys', 'encrypted_session_key', ''),
  ('device_session_keys', 'expires_at', ''),
  ('device_session_keys', 'id', 'new_session_key_id()'),
  ('device_session_keys', 'is_active', 'true'),
  ('device_session_keys', 'key_rotation_counter', '0'),
  ('device_session_keys', 'session_key_id', ''),
  ('device_session_keys', 'user_id', ''),
  ('device_session_keys', 'webauthn_credential_id', ''),
  ('ephemeral_keys', 'created_at', 'date_trunc(''hour''::text, (now() AT TIME ZONE ''utc''::text))'),
  ('ephemeral_keys', 'destination_phone', ''),
  ('ephemeral_keys', 'ephemeral_public_key', ''),
  ('ephemeral_keys', 'expires_at', ''),
  ('ephemeral_keys', 'id', 'new_ephemeral_key_id()'),
  ('ephemeral_keys', 'key_exchange_id', ''),
  ('ephemeral_keys', 'used', 'false'),
  ('message_deliveries', 'delivered_at', ''),
  ('message_deliveries', 'delivery_status', '''pending''::character varying'),
  ('message_deliveries', 'id', 'new_delivery_id()'),
  ('message_deliveries', 'message_id', ''),
  ('message_deliveries', 'read_at', ''),
  ('message_deliveries', 'webauthn_credential_id', ''),
  ('messages', 'created_at', 'date_trunc(''hour''::text, (now() AT TIME ZONE ''utc''::text))'),
  ('messages', 'destination_phone', ''),
  ('messages', 'encrypted_content', ''),
  ('messages', 'expires_at', ''),
  ('messages', 'id', 'new_message_id()'),
  ('messages', 'message_id', ''),
  ('messages', 'message_type', '''text''::character varying'),
  ('messages', 'timestamp', 'date_trunc(''hour''::text, (now() AT TIME ZONE ''utc''::text))'),
  ('messaging_public_keys', 'created_at', 'date_trunc(''hour''::text, (now() AT TIME ZONE ''utc''::text))'),
  ('messaging_public_keys', 'ed25519_public_key', ''),
  ('messaging_public_keys', 'ed25519_signature', ''),
  ('messaging_public_keys', 'id', 'new_public_key_id()'),
  ('messaging_public_keys', 'is_active', 'true'),
  ('messaging_public_keys', 'key_version', ''),
  ('messaging_public_keys', 'revoked_at', ''),
  ('messaging_public_keys', 'user_id', ''),
  ('messaging_public_keys', 'x25519_public_key', ''),
  ('migration_journal', 'algorithm', ''),
  ('migration_journal', 'checksum', ''),
  ('migration_journal', 'direction', ''),
  ('migration_journal', 'id', 'nextval(''migration_journal_id_seq''::regclass)'),
  ('migration_journal', 'recorded_at', '(now() AT TIME ZONE ''utc''::text)'),
  ('migration_journal', 'revision', ''),
  ('migration_journal', 'step', '0'),
  ('retention_runs', 'anchor_hash', ''),
  ('retention_runs', 'anchor_id', ''),
  ('retention_runs', 'batches', '0'),
  ('retention_runs', 'blocked', '0'),
  ('retention_runs', 'children', '0'),
  ('retention_runs', 'clock_after', ''),
  ('retention_runs', 'clock_before', ''),
  ('retention_runs', 'cutoff', ''),
  ('retention_runs', 'deactivated', '0'),
  ('retention_runs', 'deleted', '0'),
  ('retention_runs', 'dropped_columns', ''),
  ('retention_runs', 'error_class', ''),
  ('retention_runs', 'file_number', ''),
  ('retention_runs', 'form', ''),
  ('retention_runs', 'id', ''),
  ('retention_runs', 'node', ''),
  ('retention_runs', 'oldest_remaining', ''),
  ('retention_runs', 'phase', ''),
  ('retention_runs', 'policy_hash', ''),
  ('retention_runs', 'previous_hash', ''),
  ('retention_runs', 'row_hash', ''),
  ('retention_runs', 'run_id', ''),
  ('retention_runs', 'schema_name', ''),
  ('retention_runs', 'settled', ''),
  ('retention_runs', 'settled_until', ''),
  ('retention_runs', 'status', ''),
  ('retention_runs', 'table_name', ''),
  ('retention_runs', 'version', ''),
  ('users', 'created_at', 'date_trunc(''hour''::text, (now() AT TIME ZONE ''utc''::text))'),
  ('users', 'id', 'nextval(''users_id_seq''::regclass)'),
  ('users', 'phone_number', ''),
  ('webauthn_credentials', 'created_at', 'date_trunc(''hour''::text, (now() AT TIME ZONE ''utc''::text))'),
  ('webauthn_credentials', 'credential_id', ''),
  ('webauthn_credentials', 'id', 'nextval(''webauthn_credentials_id_seq''::regclass)'),
  ('webauthn_credentials', 'is_active', 'true'),
  ('webauthn_credentials', 'public_key', ''),
  ('webauthn_credentials', 'sign_count', '0'),
  ('webauthn_credentials', 'user_id', '')
  -- end
)

select n.nspname || '.' || c.relname || '.' || a.attname as subject
from pg_catalog.pg_attribute as a
inner join pg_catalog.pg_class as c on a.attrelid = c.oid
inner join pg_catalog.pg_namespace as n on c.relnamespace = n.oid
inner join declared as d on c.relname = d.table_name and a.attname = d.column_name
left join pg_catalog.pg_attrdef as ad on a.attrelid = ad.adrelid and a.attnum = ad.adnum
where
  n.nspname = pg_catalog.current_schema()
  and not a.attisdropped
  and (
    -- The sequence is written with its schema where that is not in the search_path.
    pg_catalog.replace(coalesce(pg_catalog.pg_get_expr(ad.adbin, ad.adrelid), ''), n.nspname || '.', '')
    <> d.expression
    or a.attgenerated <> ''
    or a.attidentity <> ''
  )
order by subject
