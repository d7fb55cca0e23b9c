-- Each row is a column of numbers, identifiers, keys or ciphertexts that ANALYZE may sample.
select n.nspname || '.' || c.relname || '.' || a.attname as subject
from pg_catalog.pg_attribute as a
inner join pg_catalog.pg_class as c on a.attrelid = c.oid
inner join pg_catalog.pg_namespace as n on c.relnamespace = n.oid
where
  n.nspname = pg_catalog.current_schema()
  and c.relkind in ('r', 'p') -- table, partitioned table
  and not a.attisdropped
  and coalesce(a.attstattarget, -1) <> 0
  and (c.relname, a.attname) in (
    -- made from the catalogue: unsampled columns
    ('device_session_keys', 'encrypted_session_key'),
    ('device_session_keys', 'session_key_id'),
    ('ephemeral_keys', 'destination_phone'),
    ('ephemeral_keys', 'ephemeral_public_key'),
    ('ephemeral_keys', 'key_exchange_id'),
    ('messages', 'destination_phone'),
    ('messages', 'encrypted_content'),
    ('messages', 'message_id'),
    ('messaging_public_keys', 'ed25519_public_key'),
    ('messaging_public_keys', 'ed25519_signature'),
    ('messaging_public_keys', 'x25519_public_key'),
    ('users', 'phone_number'),
    ('webauthn_credentials', 'credential_id'),
    ('webauthn_credentials', 'public_key')
    -- end
  )
order by subject
