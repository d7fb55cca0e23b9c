-- Each row is a sequence of the schema that the DDL does not have.
select n.nspname || '.' || c.relname as subject
from pg_catalog.pg_class as c
inner join pg_catalog.pg_namespace as n on c.relnamespace = n.oid
where
  n.nspname = pg_catalog.current_schema()
  and c.relkind = 'S' -- sequence
  and c.relname not in (
    -- made from the ddl: sequences
    ('device_session_keys_id_seq'),
    ('ephemeral_keys_id_seq'),
    ('message_deliveries_id_seq'),
    ('messages_id_seq'),
    ('messaging_public_keys_id_seq'),
    ('migration_journal_id_seq'),
    ('users_id_seq'),
    ('webauthn_credentials_id_seq')
    -- end
  )
order by subject
