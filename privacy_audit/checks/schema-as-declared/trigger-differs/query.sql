-- Each row is a trigger of a declared name that has a condition or a function the declared ones do not have.
select n.nspname || '.' || c.relname || '.' || t.tgname as subject
from pg_catalog.pg_trigger as t
inner join pg_catalog.pg_class as c on t.tgrelid = c.oid
inner join pg_catalog.pg_namespace as n on c.relnamespace = n.oid
inner join (
  values
  -- made from the ddl: trigger definitions
  ('device_session_keys', 'device_session_keys_guard', '407556cc95d076b23105b5f15e4764c6'),
  ('device_session_keys', 'device_session_keys_own_device', '0a783970f06a0421e5e2742385a123bc'),
  ('device_session_keys', 'device_session_keys_utc', '9875fd681872b48012ebb26e71d3b120'),
  ('ephemeral_keys', 'ephemeral_keys_guard', 'ebe664e486490b4275e922828189a330'),
  ('ephemeral_keys', 'ephemeral_keys_utc', '3a06e672b821a41fed8393a0b3d718eb'),
  ('message_deliveries', 'message_deliveries_destination_only', '77e714cac065e5969b146dc8c3e0dbf4'),
  ('message_deliveries', 'message_deliveries_guard', 'e171c81a5a983c826701548c8cf56607'),
  ('message_deliveries', 'message_deliveries_guard_update', '3ebc8528f0e6f3b172ddb46fd923bf7e'),
  ('message_deliveries', 'message_deliveries_utc', '8a5418644a3523286e9532d68e24c74a'),
  ('messages', 'messages_guard', '6c74c6e442273336c7bb3992793f300b'),
  ('messages', 'messages_utc', 'd524878a350dcb12a18f0eb1914b476a'),
  ('messaging_public_keys', 'messaging_public_keys_guard', 'a4fe990c7ed1ba8cea0fcd68d33f91d0'),
  ('messaging_public_keys', 'messaging_public_keys_utc', '2c653ba0eb8771a28f25d15c9018c6c0'),
  ('retention_runs', 'retention_runs_append_only', '3103c5c6243c9ee8ee17cc4659a7db3a'),
  ('retention_runs', 'retention_runs_no_truncate', 'a51cc3e35698082de2c2de2475397009'),
  ('users', 'users_guard', '4226e51874471f5ebad2249629d8db6a'),
  ('users', 'users_utc', '7d3fca0bb4d0b7b0f18d3950b7b57046'),
  ('webauthn_credentials', 'webauthn_credentials_guard', 'b78b57e49254f680a45ab7b94f1c82a5'),
  ('webauthn_credentials', 'webauthn_credentials_utc', '764fe7d2916ddc6f3f8d1bdfde43d7ef')
  -- end
) as declared (table_name, name, hash) on c.relname = declared.table_name and t.tgname = declared.name
where
  n.nspname = pg_catalog.current_schema()
  and pg_catalog.md5(pg_catalog.replace(pg_catalog.pg_get_triggerdef(t.oid), n.nspname || '.', ''))
  <> declared.hash
order by subject
