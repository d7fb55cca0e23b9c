-- Each row is a table with two foreign keys to people that are not allowed ones, or one if it is about people
-- itself.
with allowed (table_name, columns, parent, parent_columns) as (
  values
  -- made from the catalogue: foreign keys
  ('device_session_keys', 'user_id', 'users', 'id'),
  ('device_session_keys', 'webauthn_credential_id', 'webauthn_credentials', 'id'),
  ('message_deliveries', 'message_id', 'messages', 'id'),
  ('message_deliveries', 'webauthn_credential_id', 'webauthn_credentials', 'id'),
  ('messaging_public_keys', 'user_id', 'users', 'id'),
  ('webauthn_credentials', 'user_id', 'users', 'id')
  -- end
),

people (name) as (
  values
  -- made from the catalogue: tables of people
  ('device_session_keys'),
  ('messaging_public_keys'),
  ('users'),
  ('webauthn_credentials')
  -- end
)

select n.nspname || '.' || c.relname as subject
from pg_catalog.pg_constraint as con
inner join pg_catalog.pg_class as c on con.conrelid = c.oid
inner join pg_catalog.pg_namespace as n on c.relnamespace = n.oid
inner join pg_catalog.pg_class as p on con.confrelid = p.oid
inner join pg_catalog.pg_namespace as pn on p.relnamespace = pn.oid
inner join people as person on p.relname = person.name
where
  con.contype = 'f' -- foreign key
  and pn.nspname = pg_catalog.current_schema()
  and not exists (
    select 1
    from allowed as a
    inner join pg_catalog.pg_attribute as f
      on f.attrelid = con.conrelid and f.attnum = con.conkey[1]
    where
      n.nspname = pn.nspname
      and a.table_name = c.relname
      and a.parent = p.relname
      and a.columns = f.attname
      and pg_catalog.array_length(con.conkey, 1) = 1
  )
group by
  n.nspname,
  c.relname
having
  pg_catalog.count(*) >= 2
  or (n.nspname = pg_catalog.current_schema() and c.relname in (select q.name from people as q))
order by subject
