-- Each row is a column of expiries in which a lifetime stands that is none of the thirteen, rounding allowed for.
with usual (hours) as (
  values (1), (2), (4), (8), (16), (24), (48), (96), (168), (336), (744), (2208), (8784)
),

lives (table_name, beginning, ending) as (
  select 'messages', m.created_at, m.expires_at from messages as m
  union all
  select 'device_session_keys', k.created_at, k.expires_at
  from device_session_keys as k
  where k.is_active
),

moved (table_name, beginning, ending, most) as (
  select
    l.table_name,
    l.beginning,
    l.ending,
    case
      when l.beginning = date_trunc('day', l.beginning) then interval '24 hours'
      when l.beginning = date_bin('6 hours', l.beginning, timestamp '2000-01-01') then interval '6 hours'
      else interval '1 hour'
    end + case
      when l.ending = date_trunc('day', l.ending) then interval '24 hours'
      when l.ending = date_bin('6 hours', l.ending, timestamp '2000-01-01') then interval '6 hours'
      else interval '1 hour'
    end
  from lives as l
  where isfinite(l.beginning) and isfinite(l.ending)
)

select distinct pg_catalog.current_schema() || '.' || m.table_name || '.expires_at' as subject
from moved as m
where
  m.ending > m.beginning
  and not exists (
    select 1
    from usual as u
    where
      m.ending - m.beginning >= u.hours * interval '1 hour'
      and m.ending - m.beginning < u.hours * interval '1 hour' + m.most
  )
order by subject
