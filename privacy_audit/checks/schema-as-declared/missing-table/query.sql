-- Each row is a declared table that the schema does not hold.
select pg_catalog.current_schema() || '.' || declared.name as subject
from (
  values
  -- made from the catalogue: own tables
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
) as declared (name)
where
  not exists (
    select 1
    from pg_catalog.pg_class as c
    inner join pg_catalog.pg_namespace as n on c.relnamespace = n.oid
    where
      n.nspname = pg_catalog.current_schema()
      and c.relname = declared.name
      and c.relkind in ('r', 'p') -- table, partitioned table
  )
order by subject
