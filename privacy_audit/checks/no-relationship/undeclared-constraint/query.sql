-- Each row is a primary key, unique, check or exclusion constraint of the schema that says what the DDL does
-- not. A restored database writes `x in (...)` with another cast: the text is compared as it is there.
with declared (table_name, name, hash) as (
  values
  -- made from the ddl: constraints
  ('device_session_keys', 'device_session_keys_created_at_coarse', '97137f6140be8da54e09ba37ce70eee0'),
  ('device_session_keys', 'device_session_keys_encrypted_session_key_length', '631002b35e9817950d02219efa060caf'),
  ('device_session_keys', 'device_session_keys_expires_at_coarse', '39be2ee1aea5aa2dc4f68252de0eb345'),
  ('device_session_keys', 'device_session_keys_key_rotation_counter_range', '91f217d5c1729f1643eadf15746d4a09'),
  ('device_session_keys', 'device_session_keys_one_user_per_session', '801e55ff8e97a132c15c3f8d2b614e92'),
  ('device_session_keys', 'device_session_keys_pkey', '4c6419b3704337bbfe50f018842a9ad3'),
  ('device_session_keys', 'device_session_keys_user_session_device_key', 'a9de4d9e425cedde36fe65d9e0e6616b'),
  ('ephemeral_keys', 'ephemeral_keys_created_at_coarse', '97137f6140be8da54e09ba37ce70eee0'),
  ('ephemeral_keys', 'ephemeral_keys_destination_exchange_key', '6daf617ef9f2bc12eac7905c97c5f098'),
  ('ephemeral_keys', 'ephemeral_keys_destination_phone_e164', '5d8e1d735b93d8adb46e32cc32d811db'),
  ('ephemeral_keys', 'ephemeral_keys_ephemeral_public_key_length', '126a0d2f5ec5fc78014c249aabf6e514'),
  ('ephemeral_keys', 'ephemeral_keys_ephemeral_public_key_order', '3069f99b7488996549f4ed5df0af47c8'),
  ('ephemeral_keys', 'ephemeral_keys_expires_at_coarse', 'ee4479d222ebc2848d32312215c2a6cb'),
  ('ephemeral_keys', 'ephemeral_keys_key_exchange_id_key', '518da0e19cdd32f51be66644d072ac38'),
  ('ephemeral_keys', 'ephemeral_keys_pkey', '4c6419b3704337bbfe50f018842a9ad3'),
  ('message_deliveries', 'message_deliveries_delivered_at_coarse', 'a1b728ad09114003118ad6b21ce9d0a9'),
  ('message_deliveries', 'message_deliveries_delivery_status_known', '9bee3ec3772c627bc4bd184404f25908'),
  ('message_deliveries', 'message_deliveries_message_device_key', '3f1d7f70cbab47a3cf9400fc1fb66e77'),
  ('message_deliveries', 'message_deliveries_pkey', '4c6419b3704337bbfe50f018842a9ad3'),
  ('message_deliveries', 'message_deliveries_read_at_coarse', '70bd7ca6c010ed3de8bd602470efb8b3'),
  ('messages', 'messages_created_at_coarse', '97137f6140be8da54e09ba37ce70eee0'),
  ('messages', 'messages_destination_phone_e164', '5d8e1d735b93d8adb46e32cc32d811db'),
  ('messages', 'messages_encrypted_content_length', 'a24fe7e3b8eb0eb09d8c5a344d97ace7'),
  ('messages', 'messages_expires_at_coarse', '39be2ee1aea5aa2dc4f68252de0eb345'),
  ('messages', 'messages_pkey', '4c6419b3704337bbfe50f018842a9ad3'),
  ('messages', 'messages_timestamp_coarse', '02b15d61a2fd7621e77c3145bcfb15de'),
  ('messaging_public_keys', 'messaging_public_keys_created_at_coarse', '97137f6140be8da54e09ba37ce70eee0'),
  ('messaging_public_keys', 'messaging_public_keys_ed25519_public_key_length', 'e2aa0d1cd24eb5d7297f0bd800695bdb'),
  ('messaging_public_keys', 'messaging_public_keys_ed25519_signature_length', 'f10c83660e8d04c61d0b8500c85e6781'),
  ('messaging_public_keys', 'messaging_public_keys_key_version_range', '17bf7affb9ad18cb079ea5ef2c3fe400'),
  ('messaging_public_keys', 'messaging_public_keys_pkey', '4c6419b3704337bbfe50f018842a9ad3'),
  ('messaging_public_keys', 'messaging_public_keys_revoked_at_coarse', 'b428b0ee942764b8fc7f4a3ee77592b0'),
  ('messaging_public_keys', 'messaging_public_keys_user_version_key', 'e84d1334f77dbd8323d5a737c9e1ac93'),
  ('messaging_public_keys', 'messaging_public_keys_x25519_public_key_length', '3339781e3a5126afeab0c4ae412d3d97'),
  ('messaging_public_keys', 'messaging_public_keys_x25519_public_key_order', 'e8c007f0ee01705b92e966e04917a700'),
  ('migration_journal', 'migration_journal_algorithm_range', 'c9dd86d75b6fd750bd5b0e25c4371869'),
  ('migration_journal', 'migration_journal_checksum_form', '2ffa27b0ad459a1685097ebf9d8440d8'),
  ('migration_journal', 'migration_journal_direction_known', '573debb45f35b788f7bb8f612a3a364a'),
  ('migration_journal', 'migration_journal_pkey', '4c6419b3704337bbfe50f018842a9ad3'),
  ('migration_journal', 'migration_journal_step_range', '21d2e5f2746f0a53fad4c2786bceccf1'),
  ('retention_runs', 'retention_runs_anchor_whole', '7c1aa105a27559a7d00c079fb6c721b2'),
  ('retention_runs', 'retention_runs_counts_range', '35c260f35594ba59119869134fe81c8b'),
  ('retention_runs', 'retention_runs_form_known', 'e887f2d798ce1c12f02f47c2c5596cbd'),
  ('retention_runs', 'retention_runs_hash_lengths', '56588fe82d41b71d1d3579c564833aea'),
  ('retention_runs', 'retention_runs_phase_known', 'ec5601e2dc4d8a5d9b1825ad057413f5'),
  ('retention_runs', 'retention_runs_pkey', '4c6419b3704337bbfe50f018842a9ad3'),
  ('retention_runs', 'retention_runs_rewrite_whole', 'e66aefb2567fb70507081a543e90babd'),
  ('retention_runs', 'retention_runs_settled_whole', 'e3fe6ff1b0c2227ebfac02d1ad547c6e'),
  ('retention_runs', 'retention_runs_status_known', 'de28982acd187fc0392e9ad563218ab9'),
  ('retention_runs', 'retention_runs_status_present', '6ed10e80a418af679a654fb0e1521391'),
  ('retention_runs', 'retention_runs_table_named', '7afc931123238e8b247c88f2bf4a88ac'),
  ('retention_runs', 'retention_runs_words', 'ad27434d699adec526fa7ec3857722da'),
  ('users', 'users_created_at_coarse', '97137f6140be8da54e09ba37ce70eee0'),
  ('users', 'users_phone_number_e164', '18c33cb11961174d4ea3610e1a031b84'),
  ('users', 'users_phone_number_key', '271f55087f3c4db4feba945ace1cbf57'),
  ('users', 'users_pkey', '4c6419b3704337bbfe50f018842a9ad3'),
  ('webauthn_credentials', 'webauthn_credentials_created_at_coarse', '97137f6140be8da54e09ba37ce70eee0'),
  ('webauthn_credentials', 'webauthn_credentials_credential_id_key', 'a9295a798fb422f9aae0685a9d0542f2'),
  ('webauthn_credentials', 'webauthn_credentials_credential_id_length', '8ab796736a7ce52128e7d56b8840865b'),
  ('webauthn_credentials', 'webauthn_credentials_pkey', '4c6419b3704337bbfe50f018842a9ad3'),
  ('webauthn_credentials', 'webauthn_credentials_sign_count_range', '4086601cf92de7952dc7682e4f4f5904')
  -- end
)

select n.nspname || '.' || coalesce(c.relname, t.typname) || '.' || con.conname as subject
from pg_catalog.pg_constraint as con
inner join pg_catalog.pg_namespace as n on con.connamespace = n.oid
left join pg_catalog.pg_class as c on con.conrelid = c.oid
left join pg_catalog.pg_type as t on con.contypid = t.oid
where
  n.nspname = pg_catalog.current_schema()
  and con.contype in ('p', 'u', 'c', 'x') -- primary key, unique, check, exclusion
  and (coalesce(c.relname, t.typname), pg_catalog.md5(
    pg_catalog.regexp_replace(
      pg_catalog.regexp_replace(
        pg_catalog.pg_get_constraintdef(con.oid),
        '\(ARRAY\[((?:''(?:[^'']|'''')*''::character varying(?:, )?)+)\]\)::text\[\]', 'ARRAY[\1]', 'g'
      ),
      '(''(?:[^'']|'''')*''::character varying)(?=, ''|\])', '(\1)::text', 'g'
    )
  )) not in (
    select
      d.table_name,
      d.hash
    from declared as d
  )
order by subject
