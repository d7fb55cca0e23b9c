-- Each row is a foreign key that opens a way from a message or a key exchange to a user, other than the one
-- through deliveries. The keys that touch messages or people directly are enough to tell, for up to one table
-- in between.
with keys as (
  select
    con.oid,
    n.nspname || '.' || c.relname || '.' || con.conname as subject,
    c.relname as child,
    p.relname as parent
  from pg_catalog.pg_constraint as con
  inner join pg_catalog.pg_class as c on con.conrelid = c.oid
  inner join pg_catalog.pg_namespace as n on c.relnamespace = n.oid
  inner join pg_catalog.pg_class as p on con.confrelid = p.oid
  where
    con.contype = 'f' -- foreign key
    and n.nspname = pg_catalog.current_schema()
    and (c.relname, p.relname) <> ('message_deliveries', 'webauthn_credentials')
),

steps as (
  select oid, subject, child as a, parent as b from keys
  union all
  select oid, subject, parent as a, child as b from keys
),

people (name) as (
  values
  -- made from the catalogue: tables of people
  ('device_session_keys'),
  ('messaging_public_keys'),
  ('users'),
  ('webauthn_credentials')
  -- end
),

messages (name) as (
  values
  -- made from the catalogue: tables of messages
  ('ephemeral_keys'),
  ('message_deliveries'),
  ('messages')
  -- end
)

select distinct first.subject
from steps as first
left join steps as second on first.b = second.a and first.oid <> second.oid
where
  first.a in (select m.name from messages as m)
  and (
    first.b in (select p.name from people as p)
    or (
      first.b not in (select m.name from messages as m)
      and second.b in (select p.name from people as p)
    )
  )
order by first.subject
