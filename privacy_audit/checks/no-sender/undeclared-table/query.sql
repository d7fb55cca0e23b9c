-- Each row is a table, partitioned table or foreign table of the schema that the catalogue does not declare.
select n.nspname || '.' || c.relname as subject
from pg_catalog.pg_class as c
inner join pg_catalog.pg_namespace as n on c.relnamespace = n.oid
where
  n.nspname = pg_catalog.current_schema()
  and c.relkind in ('r', 'p', 'f') -- table, partitioned table, foreign table
  and c.relname not in (
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
order by subject
