-- Each row is a column of ciphertext or keys with values that are printable nearly throughout. Reads whole
-- tables; the audit counts other signs too.
select pg_catalog.current_schema() || '.' || plain.subject as subject
from (
  select 'device_session_keys.encrypted_session_key' as subject
  where
    exists (
      select 1
      from device_session_keys as k
      where pg_catalog.encode(substring(k.encrypted_session_key from 1 for 128), 'escape') ~ '^[ -~\s]*$'
    )
  union all
  select 'ephemeral_keys.ephemeral_public_key' as subject
  where
    exists (
      select 1
      from ephemeral_keys as e
      where
        pg_catalog.encode(e.ephemeral_public_key, 'hex')
        ~ '^(..)\1{31}$' -- one byte, 32 times
    )
  union all
  select 'messages.encrypted_content' as subject
  where
    exists (
      select 1
      from messages as m
      where
        pg_catalog.encode(substring(m.encrypted_content from 1 for 128), 'escape') !~ '\\[0-7]{3}'
    )
) as plain
order by subject
