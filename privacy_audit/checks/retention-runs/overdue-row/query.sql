-- Each row is a column by which rows of its table should have been swept an hour ago or earlier.
with clock as (
  select (pg_catalog.now() at time zone 'utc') - interval '1 hour' as due
)

select pg_catalog.current_schema() || '.' || late.subject as subject
from (
  select 'messages.expires_at' as subject
  where
    exists (
      select 1 from messages as m, clock as c
      where m.expires_at < c.due
    )
  union all
  select 'device_session_keys.expires_at' as subject
  where
    exists (
      select 1 from device_session_keys as k, clock as c
      where k.is_active and k.expires_at < c.due
    )
  union all
  select 'ephemeral_keys.expires_at' as subject
  where
    exists (
      select 1 from ephemeral_keys as e, clock as c
      where e.expires_at < c.due
    )
  union all
  select 'ephemeral_keys.used' as subject
  where
    exists (
      select 1
      from ephemeral_keys as e, clock as c
      where e.used and e.created_at + interval '1 hour' < c.due
    )
) as late
order by subject
