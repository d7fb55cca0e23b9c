-- Each row is a column in which two wrapped keys are equal, or two ciphertexts have the same first twelve bytes.
-- Reads whole tables.
select pg_catalog.current_schema() || '.' || alike.subject as subject
from (
  select 'device_session_keys.encrypted_session_key' as subject
  where
    exists (
      select 1
      from device_session_keys as k
      group by k.encrypted_session_key
      having pg_catalog.count(*) > 1
    )
  union all
  select 'messages.encrypted_content' as subject
  where
    exists (
      select 1
      from messages as m
      group by substring(m.encrypted_content from 1 for 12)
      having pg_catalog.count(*) > 1
    )
) as alike
order by subject
