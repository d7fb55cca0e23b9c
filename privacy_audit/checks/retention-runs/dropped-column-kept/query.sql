-- Each row is a table with a dropped column whose file has been the same since the table was made.
select pg_catalog.current_schema() || '.' || c.relname as subject
from pg_catalog.pg_class as c
where
  c.relnamespace = pg_catalog.current_schema()::regnamespace
  and c.relkind = 'r'
  and c.relfilenode = c.oid
  and c.relname in (
    -- made from the catalogue: tables
    ('alembic_version'),
    ('device_session_keys'),
    ('ephemeral_keys'),
    ('message_deliveries'),
    ('messages'),
    ('messaging_public_keys'),
    ('migration_journal'),
    ('retention_runs'),
    ('users'),
    ('webauthn_credentials')
    -- end
  )
  and exists (
    select 1 from pg_catalog.pg_attribute as a
    where
      a.attrelid = c.oid
      and a.attisdropped
  )
order by subject
