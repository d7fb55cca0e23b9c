-- Each row is an index of the schema that the DDL does not have.
select n.nspname || '.' || c.relname as subject
from pg_catalog.pg_index as i
inner join pg_catalog.pg_class as c on i.indexrelid = c.oid
inner join pg_catalog.pg_namespace as n on c.relnamespace = n.oid
where
  n.nspname = pg_catalog.current_schema()
  and not exists (
    select 1
    from pg_catalog.pg_constraint as con
    where con.conindid = i.indexrelid and con.conrelid = i.indrelid and con.contype in ('p', 'u', 'x')
  )
  and c.relname not in (
    select declared.name
    from (
      values
      -- made from the ddl: indexes
      ('device_session_keys_without_device_key', '79ff69bab2092e90cb65c368afd86839'),
      ('idx_deliveries_device', 'fdc112013833aa961c8cde9fa0eb5970'),
      ('idx_deliveries_message', '6fd59f2eddc20a5d72f09e064efdc3cf'),
      ('idx_deliveries_status', 'f1e5a94c14b90c3e5602608abe9d8f37'),
      ('idx_device_session_active', '65c597011a1f440745cbedb45d5b1248'),
      ('idx_device_session_expires', '9fda82a3ce439988e4bdce1af9dc37ad'),
      ('idx_device_session_key_id', '681ca6212ecdafe6c5c284ecfd9445b6'),
      ('idx_device_session_user_device', '8de7208ed16fb6dde7404fbd5a74c065'),
      ('idx_ephemeral_destination', 'adc6d650d602c138ff03da6b1a1fc68e'),
      ('idx_ephemeral_expires', '1964e5264ed247eadddaaf6745770b40'),
      ('idx_ephemeral_key_exchange_id', 'ac280f34d871137e68d3cf18df4c5989'),
      ('idx_ephemeral_unused', '31e45471dada8f248d4d14d46063c5bb'),
      ('idx_messages_destination_phone', '8cf9de25c5f625d79773c7bafae6ef02'),
      ('idx_messages_destination_timestamp', 'e9a585daf1b5ef0f7b268c6286ff1190'),
      ('idx_messages_expires_at', 'f48e91da462951842c4424e1f661b8d0'),
      ('idx_messages_message_id', '70f41fc025f1ebb9333f27b83dcf9ddc'),
      ('idx_messaging_pk_user_active', '829a47c144b21b59a0bf7066d89eaf8a'),
      ('idx_messaging_pk_user_version', '35b3b7fbba3feb67ce84eb82b2e334b5'),
      ('idx_retention_runs_settled', 'cb830345538f826cb551bcc949928d5b'),
      ('idx_webauthn_credentials_user', '8bc31b1dd70c2acd1d6c7c2e8ef0a373')
      -- end
    ) as declared (name, hash)
  )
order by subject
