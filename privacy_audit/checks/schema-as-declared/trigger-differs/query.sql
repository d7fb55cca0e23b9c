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
  ('device_session_keys', 'device_session_keys_utc', 'd581463e63fdf36f79cad68220eae895'),
  ('ephemeral_keys', 'ephemeral_keys_guard', 'ebe664e486490b4275e922828189a330'),
  ('ephemeral_keys', 'ephemeral_keys_utc', '8898cd3f74005424f97530fcf4bb9def'),
  ('message_deliveries', 'message_deliveries_destination_only', '77e714cac065e5969b146dc8c3e0dbf4'),
  ('message_deliveries', 'message_deliveries_guard', '7dfe590fcc6e78eb6b678dc56d7097c1'),
  ('message_deliveries', 'message_deliveries_utc', 'b16af4db81e52e3332d9b054e493414e'),
  ('messages', 'messages_guard', '6c74c6e442273336c7bb3992793f300b'),
  ('messages', 'messages_utc', '85ce8a0f683b7f1b3d6e456293110c67'),
  ('messaging_public_keys', 'messaging_public_keys_guard', 'a4fe990c7ed1ba8cea0fcd68d33f91d0'),
  ('messaging_public_keys', 'messaging_public_keys_utc', '7bce218dc381ee0d3bfe09f4a07aa531'),
  ('retention_runs', 'retention_runs_append_only', '3103c5c6243c9ee8ee17cc4659a7db3a'),
  ('retention_runs', 'retention_runs_no_truncate', 'a51cc3e35698082de2c2de2475397009'),
  ('users', 'users_guard', '4226e51874471f5ebad2249629d8db6a'),
  ('users', 'users_utc', '8d4df2cd89b5323f234e4e453fccd143'),
  ('webauthn_credentials', 'webauthn_credentials_guard', 'b78b57e49254f680a45ab7b94f1c82a5'),
  ('webauthn_credentials', 'webauthn_credentials_utc', '6dc2724cf5df7f92f930da6904a87915')
  -- end
) as declared (table_name, name, hash) on c.relname = declared.table_name and t.tgname = declared.name
where
  n.nspname = pg_catalog.current_schema()
  and pg_catalog.md5(pg_catalog.replace(pg_catalog.pg_get_triggerdef(t.oid), n.nspname || '.', ''))
  <> declared.hash
order by subject
