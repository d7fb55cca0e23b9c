-- Each row is a column of identifiers of which some are UUIDs that hold a moment, or plain numbers, or hold
-- the destination's number, or end like others. Reads whole tables.
select pg_catalog.current_schema() || '.' || told.subject as subject
from (
  select 'device_session_keys.session_key_id' as subject
  where
    exists (
      select 1
      from device_session_keys as k
      where k.session_key_id ~ '^[0-9]+$'
    )
  union all
  select 'ephemeral_keys.key_exchange_id' as subject
  where
    exists (
      select 1
      from ephemeral_keys as e
      where pg_catalog.strpos(e.key_exchange_id, substring(e.destination_phone from 2)) > 0
    )
  union all
  select 'messages.message_id' as subject
  where
    exists (
      select 1
      from messages as m
      where m.message_id ~* '^[0-9a-f]{8}-[0-9a-f]{4}-[167][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$'
    )
    or exists (
      select 1
      from messages as m
      having
        pg_catalog.count(*) >= 20
        and pg_catalog.count(distinct pg_catalog.right(m.message_id, 6)) < 0.9 * pg_catalog.count(*)
    )
) as told
order by subject
