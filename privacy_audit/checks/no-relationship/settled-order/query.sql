-- Each row is what the places of a settled set of a hundred rows and more follow: the correlation times the square
-- root of the number of rows is above 6, which by chance it is once in 500 million sets.
with settles as (
  select
    e.table_name,
    e.xmin as number
  from retention_runs as e
  where e.phase = 'settled' and e.settled >= 100
),

placed (table_name, column_name, number, place, value) as (
  select 'messages', 'id', m.xmin, m.ctid::text::point, m.id::double precision from messages as m
  union all
  select
    'message_deliveries',
    'message_id',
    d.xmin,
    d.ctid::text::point,
    (m.ctid::text::point)[0] * 1000 + (m.ctid::text::point)[1]
  from message_deliveries as d
  inner join messages as m on d.message_id = m.id
  union all
  select 'message_deliveries', 'webauthn_credential_id', d.xmin, d.ctid::text::point, d.webauthn_credential_id
  from message_deliveries as d
  union all
  select 'device_session_keys', 'user_id', k.xmin, k.ctid::text::point, k.user_id from device_session_keys as k
  union all
  select 'messaging_public_keys', 'user_id', p.xmin, p.ctid::text::point, p.user_id from messaging_public_keys as p
)

select pg_catalog.current_schema() || '.' || p.table_name || '.' || p.column_name as subject
from (
  select
    p.table_name,
    p.column_name,
    abs(pg_catalog.corr((p.place)[0] * 1000 + (p.place)[1], p.value)) * sqrt(pg_catalog.count(*) - 1) as score
  from placed as p
  inner join settles as s on p.table_name = s.table_name and p.number = s.number
  group by p.table_name, p.column_name, p.number
  having pg_catalog.count(*) >= 100
) as p
group by p.table_name, p.column_name
having pg_catalog.max(p.score) > 6
order by subject
