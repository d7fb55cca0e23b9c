-- Each row is a column of numbers, identifiers, keys or ciphertexts of which the statistics keep values.
-- Shows the columns that the reader owns or may read.
select s.schemaname || '.' || s.tablename || '.' || s.attname as subject
from pg_catalog.pg_stats as s
where
  s.schemaname = pg_catalog.current_schema()
  and (s.most_common_vals is not null or s.histogram_bounds is not null)
  and (s.tablename, s.attname) in (
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
