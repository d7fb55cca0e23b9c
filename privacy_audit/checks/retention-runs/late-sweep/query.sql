-- One row when no sweep has ended as done for half an hour; or none ever, though something is overdue.
with done as (
  select pg_catalog.max(e.clock_after) as last
  from retention_runs as e
  where
    e.phase = 'finished'
    and e.status = 'done'
),

clock as (
  select (pg_catalog.now() at time zone 'utc') as moment
)

select pg_catalog.current_schema() || '.retention_runs' as subject
from done as d, clock as c
where
  d.last < c.moment - interval '30 minutes'
  or (
    d.last is null
    and (
      exists (
        select 1 from messages as m
        where m.expires_at < c.moment - interval '1 hour'
      )
      or exists (
        select 1 from device_session_keys as k
        where k.is_active and k.expires_at < c.moment - interval '1 hour'
      )
      or exists (
        select 1 from ephemeral_keys as e
        where
          e.expires_at < c.moment - interval '1 hour'
          or (e.used and e.created_at < c.moment - interval '2 hours')
      )
    )
  )
