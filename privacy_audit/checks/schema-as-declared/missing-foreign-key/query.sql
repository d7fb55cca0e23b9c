-- Each row is a column that should refer to another table, delete with it, and does not.
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

select pg_catalog.current_schema() || '.' || a.table_name || '.' || a.columns as subject
from allowed as a
where
  exists (
    select 1
    from pg_catalog.pg_class as t
    where
      t.relname = a.table_name
      and t.relnamespace::pg_catalog.regnamespace::text = pg_catalog.current_schema()
  )
  and not exists (
    select 1
    from pg_catalog.pg_constraint as con
    inner join pg_catalog.pg_class as c on con.conrelid = c.oid
    inner join pg_catalog.pg_class as p on con.confrelid = p.oid
    inner join pg_catalog.pg_attribute as f on c.oid = f.attrelid and f.attnum = con.conkey[1]
    where
      con.contype = 'f' -- foreign key
      and con.confdeltype = 'c' -- on delete cascade
      and con.convalidated
      and c.relname = a.table_name
      and f.attname = a.columns
      and p.relname = a.parent
      and c.relnamespace::pg_catalog.regnamespace::text = pg_catalog.current_schema()
  )
order by subject
