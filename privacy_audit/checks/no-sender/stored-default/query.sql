-- Each row is a column of the schema whose former default still stands in the catalog, and that is an
-- identifier, a number, a key or undeclared.
select n.nspname || '.' || c.relname || '.' || a.attname as subject
from pg_catalog.pg_attribute as a
inner join pg_catalog.pg_class as c on a.attrelid = c.oid
inner join pg_catalog.pg_namespace as n on c.relnamespace = n.oid
where
  n.nspname = pg_catalog.current_schema()
  and a.attmissingval is not null
  and not a.attisdropped
  and (c.relname, a.attname) not in (
    -- made from the catalogue: sampled columns
    ('alembic_version', 'version_num'),
    ('device_session_keys', 'created_at'),
    ('device_session_keys', 'expires_at'),
    ('device_session_keys', 'id'),
    ('device_session_keys', 'is_active'),
    ('device_session_keys', 'key_rotation_counter'),
    ('device_session_keys', 'user_id'),
    ('device_session_keys', 'webauthn_credential_id'),
    ('ephemeral_keys', 'created_at'),
    ('ephemeral_keys', 'expires_at'),
    ('ephemeral_keys', 'id'),
    ('ephemeral_keys', 'used'),
    ('message_deliveries', 'delivered_at'),
    ('message_deliveries', 'delivery_status'),
    ('message_deliveries', 'id'),
    ('message_deliveries', 'message_id'),
    ('message_deliveries', 'read_at'),
    ('message_deliveries', 'webauthn_credential_id'),
    ('messages', 'created_at'),
    ('messages', 'expires_at'),
    ('messages', 'id'),
    ('messages', 'message_type'),
    ('messages', 'timestamp'),
    ('messaging_public_keys', 'created_at'),
    ('messaging_public_keys', 'id'),
    ('messaging_public_keys', 'is_active'),
    ('messaging_public_keys', 'key_version'),
    ('messaging_public_keys', 'revoked_at'),
    ('messaging_public_keys', 'user_id'),
    ('migration_journal', 'algorithm'),
    ('migration_journal', 'checksum'),
    ('migration_journal', 'direction'),
    ('migration_journal', 'id'),
    ('migration_journal', 'recorded_at'),
    ('migration_journal', 'revision'),
    ('migration_journal', 'step'),
    ('retention_runs', 'anchor_hash'),
    ('retention_runs', 'anchor_id'),
    ('retention_runs', 'batches'),
    ('retention_runs', 'blocked'),
    ('retention_runs', 'children'),
    ('retention_runs', 'clock_after'),
    ('retention_runs', 'clock_before'),
    ('retention_runs', 'cutoff'),
    ('retention_runs', 'deactivated'),
    ('retention_runs', 'deleted'),
    ('retention_runs', 'dropped_columns'),
    ('retention_runs', 'error_class'),
    ('retention_runs', 'file_number'),
    ('retention_runs', 'id'),
    ('retention_runs', 'oldest_remaining'),
    ('retention_runs', 'phase'),
    ('retention_runs', 'policy_hash'),
    ('retention_runs', 'previous_hash'),
    ('retention_runs', 'row_hash'),
    ('retention_runs', 'run_id'),
    ('retention_runs', 'status'),
    ('retention_runs', 'table_name'),
    ('users', 'created_at'),
    ('users', 'id'),
    ('webauthn_credentials', 'created_at'),
    ('webauthn_credentials', 'id'),
    ('webauthn_credentials', 'is_active'),
    ('webauthn_credentials', 'sign_count'),
    ('webauthn_credentials', 'user_id')
    -- end
  )
order by subject
