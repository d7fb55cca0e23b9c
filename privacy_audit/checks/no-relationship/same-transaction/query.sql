-- Each row is a table with rows that another person's session keys or devices share a transaction with.
with own as (
  select
    k.xmin::text as transaction,
    k.user_id
  from device_session_keys as k
  union all
  select
    w.xmin::text as transaction,
    w.user_id
  from webauthn_credentials as w
)

select distinct pg_catalog.current_schema() || '.messages' as subject
from messages as m
inner join own on m.xmin::text = own.transaction
inner join users as u on own.user_id = u.id
where u.phone_number <> m.destination_phone
