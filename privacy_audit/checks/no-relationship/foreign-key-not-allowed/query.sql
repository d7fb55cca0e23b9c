-- Each row is a foreign key from or to a table of the schema that is not one of the allowed ones.
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
)

select n.nspname || '.' || c.relname || '.' || con.conname as subject
from pg_catalog.pg_constraint as con
inner join pg_catalog.pg_class as c on con.conrelid = c.oid
inner join pg_catalog.pg_namespace as n on c.relnamespace = n.oid
inner join pg_catalog.pg_class as p on con.confrelid = p.oid
inner join pg_catalog.pg_namespace as pn on p.relnamespace = pn.oid
where
  con.contype = 'f' -- foreign key
  and pg_catalog.current_schema() in (n.nspname, pn.nspname)
  and not exists (
    select 1
    from allowed as a
    where
      n.nspname = pn.nspname
      and c.relname = a.table_name
      and p.relname = a.parent
      and a.columns = (
        select pg_catalog.string_agg(f.attname, ',' order by k.place)
        from pg_catalog.unnest(con.conkey) with ordinality as k (number, place)
        inner join pg_catalog.pg_attribute as f on f.attrelid = con.conrelid and k.number = f.attnum
      )
      and a.parent_columns = (
        select pg_catalog.string_agg(f.attname, ',' order by k.place)
        from pg_catalog.unnest(con.confkey) with ordinality as k (number, place)
        inner join pg_catalog.pg_attribute as f on f.attrelid = con.confrelid and k.number = f.attnum
      )
  )
order by subject
