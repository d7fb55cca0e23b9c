-- Each row is an undeclared column of any schema whose name holds one of these words by itself.
select n.nspname || '.' || c.relname || '.' || a.attname as subject
from pg_catalog.pg_attribute as a
inner join pg_catalog.pg_class as c on a.attrelid = c.oid
inner join pg_catalog.pg_namespace as n on c.relnamespace = n.oid
where
  c.oid >= 16384
  and c.relkind in ('r', 'p', 'v', 'm', 'f', 'c')
  and n.nspname !~ '^pg_toast'
  and a.attnum > 0
  and not a.attisdropped
  and pg_catalog.lower(pg_catalog.regexp_replace(a.attname, '([a-z0-9])([A-Z])', '\1_\2', 'g'))
  ~ '(^|_)(sender|from|src|source|origin|author|creator|caller|peer|jid|contact|friend|owner|userid|ip)(_|$)'
  and not (
    n.nspname = pg_catalog.current_schema()
    and (c.relname, a.attname) in (
      -- made from the catalogue: columns
      ('alembic_version', 'version_num'),
      ('device_session_keys', 'created_at'),
      ('device_session_keys', 'encrypted_session_key'),
      ('device_session_keys', 'expires_at'),
      ('device_session_keys', 'id'),
      ('device_session_keys', 'is_active'),
      ('device_session_keys', 'key_rotation_counter'),
      ('device_session_keys', 'session_key_id'),
      ('device_session_keys', 'user_id'),
      ('device_session_keys', 'webauthn_credential_id'),
      ('ephemeral_keys', 'created_at'),
      ('ephemeral_keys', 'destination_phone'),
      ('ephemeral_keys', 'ephemeral_public_key'),
      ('ephemeral_keys', 'expires_at'),
      ('ephemeral_keys', 'id'),
      ('ephemeral_keys', 'key_exchange_id'),
      ('ephemeral_keys', 'used'),
      ('message_deliveries', 'delivered_at'),
      ('message_deliveries', 'delivery_status'),
      ('message_deliveries', 'id'),
      ('message_deliveries', 'message_id'),
      ('message_deliveries', 'read_at'),
      ('message_deliveries', 'webauthn_credential_id'),
      ('messages', 'created_at'),
      ('messages', 'destination_phone'),
      ('messages', 'encrypted_content'),
      ('messages', 'expires_at'),
      ('messages', 'id'),
      ('messages', 'message_id'),
      ('messages', 'message_type'),
      ('messages', 'timestamp'),
      ('messaging_public_keys', 'created_at'),
      ('messaging_public_keys', 'ed25519_public_key'),
      ('messaging_public_keys', 'ed25519_signature'),
      ('messaging_public_keys', 'id'),
      ('messaging_public_keys', 'is_active'),
      ('messaging_public_keys', 'key_version'),
      ('messaging_public_keys', 'revoked_at'),
      ('messaging_public_keys', 'user_id'),
      ('messaging_public_keys', 'x25519_public_key'),
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
      ('retention_runs', 'form'),
      ('retention_runs', 'id'),
      ('retention_runs', 'node'),
      ('retention_runs', 'oldest_remaining'),
      ('retention_runs', 'phase'),
      ('retention_runs', 'policy_hash'),
      ('retention_runs', 'previous_hash'),
      ('retention_runs', 'row_hash'),
      ('retention_runs', 'run_id'),
      ('retention_runs', 'schema_name'),
      ('retention_runs', 'settled'),
      ('retention_runs', 'settled_until'),
      ('retention_runs', 'status'),
      ('retention_runs', 'table_name'),
      ('retention_runs', 'version'),
      ('users', 'created_at'),
      ('users', 'id'),
      ('users', 'phone_number'),
      ('webauthn_credentials', 'created_at'),
      ('webauthn_credentials', 'credential_id'),
      ('webauthn_credentials', 'id'),
      ('webauthn_credentials', 'is_active'),
      ('webauthn_credentials', 'public_key'),
      ('webauthn_credentials', 'sign_count'),
      ('webauthn_credentials', 'user_id')
      -- end
    )
  )
order by subject
