-- Each row is an id column in which numbers of a sequence stand: of messages and deliveries those whose day is
-- none from 2026 to tomorrow, of keys those that the sequence has given out. Of keys the audit allows for chance.
with reached (table_name, value) as (
  select
    t.table_name,
    pg_catalog.pg_sequence_last_value(pg_catalog.pg_get_serial_sequence(t.table_name, 'id')::regclass)
  from (
    values
    ('device_session_keys'),
    ('ephemeral_keys'),
    ('messaging_public_keys')
  ) as t (table_name)
),

ids (table_name, id) as (
  select 'device_session_keys', k.id from device_session_keys as k
  union all
  select 'ephemeral_keys', e.id from ephemeral_keys as e
  union all
  select 'messaging_public_keys', p.id from messaging_public_keys as p
),

days (table_name, day) as (
  select 'messages', m.id >> 39 from messages as m
  union all
  select 'message_deliveries', d.id >> 39 from message_deliveries as d
)

select pg_catalog.current_schema() || '.' || i.table_name || '.id' as subject
from ids as i
inner join reached as r on i.table_name = r.table_name
where i.id <= r.value
union
select pg_catalog.current_schema() || '.' || y.table_name || '.id'
from days as y
where
  y.day not between date '2026-01-01' - date '2020-01-01'
  and (pg_catalog.now() at time zone 'utc')::date - date '2020-01-01' + 1
order by subject
