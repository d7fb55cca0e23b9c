-- Each row is a column of identifiers or keys with a value under two owners. Reads whole tables.
select pg_catalog.current_schema() || '.' || shared.subject as subject
from (
  select 'device_session_keys.encrypted_session_key' as subject
  where
    exists (
      select 1
      from device_session_keys as k
      group by k.encrypted_session_key
      having pg_catalog.count(distinct k.user_id) > 1
    )
  union all
  select 'device_session_keys.session_key_id' as subject
  where
    exists (
      select 1
      from device_session_keys as k
      group by k.session_key_id
      having pg_catalog.count(distinct k.user_id) > 1
    )
  union all
  select 'messages.encrypted_content' as subject
  where
    exists (
      select 1
      from messages as m
      group by substring(m.encrypted_content from 1 for 8)
      having pg_catalog.count(distinct m.destination_phone) > 1
    )
  union all
  select 'messages.message_type' as subject
  where
    (
      select pg_catalog.count(distinct m.message_type) > 20
      from messages as m
    )
) as shared
order by subject
