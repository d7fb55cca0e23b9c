-- Each row is a declared function that the schema does not have.
select
  pg_catalog.current_schema() || '.'
  || pg_catalog.regexp_replace(
    declared.signature, '\mretention_runs\M', pg_catalog.current_schema() || '.retention_runs'
  ) as subject
from (
  values
  -- made from the ddl: functions
  ('acknowledge(device_id integer, messages bigint[], outcome text)', 'c4ad9232f864114565b4afc14b671f78'),
  ('active_devices(owner_id integer)', '417fedb8c3cebf92c8fac158cb53d805'),
  ('active_public_key(phone text)', '26fd668b90147efb8f060ebc52dc0716'),
  ('audit_canaries()', '814a1fca73d7513bee68516a7c07a193'),
  ('audit_content()', 'dfcee9a10ff7a3b2b56579592528c86c'),
  ('audit_deliveries()', '400d21fd430740af8fe870d86846f178'),
  ('audit_identifiers()', 'd5b3f552ca589e92dad784ddbb230aa4'),
  ('audit_ledger()', '2653ac5e988a0c4114a4cc0b109291ca'),
  ('audit_ledger_chain()', 'e9b8467fcc4762e938c2e8953478a882'),
  ('audit_matching_values()', 'ae5522dd9e9611440180e6e2a19db13b'),
  ('audit_order()', 'b029e4c325686693005d2bb99bd3006e'),
  ('audit_overdue(grace interval)', '7c2a261db14b65e10152184a820f5999'),
  ('audit_public_keys()', 'e91c0e82dabe70d7f8d92fced739f87e'),
  ('audit_revision()', '826672cc3cc9cc3ed3225facd6878efd'),
  ('audit_rewrites()', 'd4121c33be521fef224d3eb2b21f254d'),
  ('audit_rows(of_table text, random_pages integer)', 'a526744328f6b9cbfade5db99567201d'),
  ('audit_same_transaction()', '1916811ff3f6b880c9b217d3a7823b37'),
  ('audit_session_key_owners()', 'dd32e4926f07bc197a42628fc6dcb8f9'),
  ('audit_shared_values()', '7d69812f668d378e8c60387110357c73'),
  ('audit_sizes()', '37ff711786e04faf9c626078030b4852'),
  ('audit_statistics()', '6805e8cb93c57618f25fe43b942248ea'),
  ('audit_times()', '1d371e67ad8b07e68e7bbd4210f324ed'),
  ('audit_whole(of_table text, most_pages integer)', 'b9f83569dcf946cb7a5f0869ceb330e6'),
  ('claim_ephemeral_key(destination text, exchange text)', 'abbc203be9853a5846cc4ec7b29d7df6'),
  ('deliver_to_destination_only()', 'aca4b6c793eaa90e4db0401552c69969'),
  ('device_session_keys_guard()', '603bbb70c0df5a765055f3dce6d577e5'),
  ('ephemeral_keys_guard()', '8271a63145e7ea6e426732d864c6f92a'),
  ('fetch_messages(device_id integer, page integer)', '7ba715ed952f1bfc65d73aeb4c6e75c7'),
  ('find_device(credential bytea)', '301ba9957ea12dc2aa5f8e63a4b45553'),
  ('forget_phone_number(phone text)', '7e0bc0110366de3389b52e4683f5c6b5'),
  ('message_deliveries_guard()', 'ef8f05b2c454da4ff5e673aae52f6a08'),
  ('messages_guard()', 'bae3100c38d90787e385b102586d6f87'),
  ('messaging_public_keys_guard()', '5cfbb6159289126000f6af4dc6d446fe'),
  ('publish_ephemeral_key(destination text, public_key bytea, exchange text, expires_in interval)', '07063a6aa41931bcbfd59ed798dcb586'),
  ('publish_public_key(owner_id integer, x25519_key bytea, signature bytea, identity_key bytea)', 'e93c41d0cd2e49962e120bdd899585a2'),
  ('record_sign_count(device_id integer, counter bigint)', 'af8e792b4c20dfd869e9eaa3f26c79dd'),
  ('refuse_time_zone()', '1a807800622b8bc5c906bfdf19dd5fc3'),
  ('register_device(owner_id integer, credential bytea, device_key bytea, counter bigint)', '77be704129d91ff989e401455de87c73'),
  ('register_user(phone text, forget_former boolean)', '638b3426fee5b77ffa4e44dd24254af6'),
  ('retention_append(entry retention_runs)', '4405a0da2082048be8918d9cbb5d086f'),
  ('retention_batch(state jsonb, table_to_sweep text, cutoff timestamp without time zone)', '33fe8b52499db7c0b23b3c9ece747dde'),
  ('retention_begin(most integer, target_ms numeric, duty numeric, rate integer, patience_ms integer, tables text[], canary boolean)', '32483106dd16f4b445a80a93afec021d'),
  ('retention_canaries()', 'a00758644e9bcfbc6e71f5e4c17bb5c1'),
  ('retention_children(tables text[])', '6f8430018d2da416b35fd48cec040cfa'),
  ('retention_children_query(parent text, tables text[], condition text)', '42be57033793305e1b38b94fe5e775d4'),
  ('retention_due(expires_column text, at_once text)', 'fc87d78171d60f211bf1f6b4ef2e1e1b'),
  ('retention_entry(state jsonb)', 'aba55cd2efe2d9e9fd4c093482b78d9f'),
  ('retention_holders()', 'cb3efedfab13b7da4d81c07ae054b2cd'),
  ('retention_ledger(after bigint, most integer)', 'b45fc26a65586ceb44cdad0ef6ebcf1f'),
  ('retention_ledger_tail(most integer)', 'eaaeb4897aa2fcfde0f0a499029b6f76'),
  ('retention_next_pass(name text, pass text, rows_left boolean, cutoff timestamp without time zone)', 'a815c6dbe6dd34d20cd5bac019408e49'),
  ('retention_oldest(name text, cutoff timestamp without time zone)', 'd4867def93253739dd7bbed4a01c1529'),
  ('retention_overdue(most integer)', 'f4cc8aa6c7c202070c7fabeaa606ccfe'),
  ('retention_part(state jsonb, rows bigint)', '06cb83229dc090fd24689dd72c417d99'),
  ('retention_plant(state jsonb)', '23673de80b81566e5d0870a14844a7b1'),
  ('retention_policy()', 'be5701a1d57d3058ec9ccf7205c3ea95'),
  ('retention_policy_hash()', 'db0e272fe20aea5662806a0693173957'),
  ('retention_prune(state jsonb, name text, max_age interval)', '7a7c7c4c3c984d5cded576619f1846ff'),
  ('retention_rewrite(table_to_write text)', '6285f743fb7ab40f2cb694f1de8346c1'),
  ('retention_row_text(entry retention_runs)', '2bde9fe70ed2d3e18125b12cf12d0086'),
  ('retention_runs_guard()', 'f41bca9121564d1aabdedcb05981e9eb'),
  ('retention_scattered(name text, expires_column text, cutoff timestamp without time zone)', '92dfae8d3efa69f066f26949535899bd'),
  ('retention_step(state jsonb)', '8ff8fd72416b223809b39b0cad0c5dc3'),
  ('retention_stop(state jsonb, outcome text, error_class text)', '13f0ad3ba66f5399796865ac470fe814'),
  ('retention_sweep(IN most integer, IN target_ms numeric, IN duty numeric, IN rate integer, IN patience_ms integer, IN tables text[], IN canary boolean)', '5fd5536521bed05f7913a4f252d262f5'),
  ('retention_swept(state jsonb, name text, outcome text, error_class text)', 'e8fcf7a2ea023b0f5dca7a30a14850b2'),
  ('retention_unlock(tables text[])', '3c7c66e282c7e8f5faf1007cbdcea729'),
  ('revoke_device(device_id integer)', '28224ddccf0478d9c2ec10b96540d6b2'),
  ('rotate_session_key(owner_id integer, replaced text, session text, devices integer[], sealed_keys bytea[], expires_in interval)', 'cc2e31fa2b6e8782649d53876320d013'),
  ('send_message(destination text, content bytea, message text, kind text, expires_in interval)', 'f520a2e6f1192ba517e6f3be373025ef'),
  ('send_messages(destinations text[], contents bytea[], message_ids text[], kinds text[], expires_in interval[])', '7370b122ff8291f7d144219843cd7457'),
  ('session_key_on_own_device()', '060f7ffa757bd6f2372573efe0e22c3d'),
  ('session_keys(device_id integer)', 'b9c26634632d63306ca7779dacf16fdc'),
  ('users_guard()', '42eef2f8b0e58560ed95972c8a58dca3'),
  ('webauthn_credentials_guard()', 'a26ec9e7154f7af3134337e6e00efe92')
  -- end
) as declared (signature, body)
where
  declared.signature not in (
    select
      p.proname || '('
      || pg_catalog.replace(pg_catalog.pg_get_function_identity_arguments(p.oid), n.nspname || '.', '') || ')'
    from pg_catalog.pg_proc as p
    inner join pg_catalog.pg_namespace as n on p.pronamespace = n.oid
    where n.nspname = pg_catalog.current_schema()
  )
order by subject
