-- Each row is a declared table that is not permanent, has row level security or is no heap.
select n.nspname || '.' || c.relname as subject
from pg_catalog.pg_class as c
inner join pg_catalog.pg_namespace as n on c.relnamespace = n.oid
inner join pg_catalog.pg_am as am on c.relam = am.oid
where
  n.nspname = pg_catalog.current_schema()
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
  and (c.relpersistence <> 'p' or c.relrowsecurity or c.relforcerowsecurity or am.amname <> 'heap')
order by subject
