-- Each row is a table with rows that have not settled: written before a settle of the table that is three hours
-- old and not by any settle, or, where there is none, three hours past by their own times; or locked before
-- such a settle by somebody whom the row still names.
with settles as (
  select
    r.table_name,
    r.xmin as number,
    pg_catalog.age(r.xmin) as age,
    r.status = 'done' and r.clock_after < (pg_catalog.now() at time zone 'utc') - interval '3 hours' as is_old
  from retention_runs as r
  where r.phase = 'settled'
),

written as (
  select 'messages' as table_name, m.xmin as number, m.created_at as moment from messages as m
  union all
  select 'message_deliveries', d.xmin, coalesce(d.read_at, d.delivered_at, m.created_at)
  from message_deliveries as d
  inner join messages as m on d.message_id = m.id
  union all
  select 'ephemeral_keys', e.xmin, e.created_at from ephemeral_keys as e
  union all
  select 'device_session_keys', k.xmin, k.created_at from device_session_keys as k
  union all
  select 'messaging_public_keys', p.xmin, greatest(p.created_at, p.revoked_at) from messaging_public_keys as p
),

locked as (
  select 'users' as table_name, u.xmin as number, u.xmax as locker from users as u
  union all
  select 'webauthn_credentials', w.xmin, w.xmax from webauthn_credentials as w
)

select distinct pg_catalog.current_schema() || '.' || w.table_name as subject
from written as w
left join lateral (
  select min(s.age) as age from settles as s
  where
    s.table_name = w.table_name
    and s.is_old
) as latest on true
where
  not exists (
    select 1 from settles as s
    where
      s.table_name = w.table_name
      and s.number = w.number
  )
  and case
    when latest.age is null then w.moment < (pg_catalog.now() at time zone 'utc') - interval '3 hours'
    else pg_catalog.age(w.number) > latest.age
  end
union
select pg_catalog.current_schema() || '.' || k.table_name
from locked as k
inner join settles as s
  on
    k.table_name = s.table_name
    and s.is_old
where
  k.locker <> '0'
  and k.locker <> k.number
  and pg_catalog.age(k.locker) between s.age and pg_catalog.age(k.number)
order by subject
