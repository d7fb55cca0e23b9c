-- Each row is a column, domain or function of the schema whose default or body asks who is connected. The
-- lists of words in checks, policies and views are searched in the same way; these three carry nearly all.
with words (pattern) as (
  values (
    '\m(current_user|session_user|current_role|system_user|inet_client_(addr|port)|pg_backend_pid'
    || '|current_setting|pg_stat_activity|pg_stat_ssl|txid_current|pg_current_xact_id)\M'
  )
)

select n.nspname || '.' || c.relname || '.' || a.attname as subject
from pg_catalog.pg_attrdef as ad
inner join pg_catalog.pg_attribute as a on ad.adrelid = a.attrelid and ad.adnum = a.attnum
inner join pg_catalog.pg_class as c on a.attrelid = c.oid
inner join pg_catalog.pg_namespace as n on c.relnamespace = n.oid
cross join words as w
where
  n.nspname = pg_catalog.current_schema()
  and pg_catalog.pg_get_expr(ad.adbin, ad.adrelid) ~* w.pattern
union all
select n.nspname || '.' || t.typname as subject
from pg_catalog.pg_type as t
inner join pg_catalog.pg_namespace as n on t.typnamespace = n.oid
cross join words as w
where
  n.nspname = pg_catalog.current_schema()
  and t.typtype = 'd' -- domain
  and t.typdefault ~* w.pattern
union all
select
  n.nspname
  || '.'
  || p.proname
  || '('
  || pg_catalog.pg_get_function_identity_arguments(p.oid)
  || ')' as subject
from pg_catalog.pg_proc as p
inner join pg_catalog.pg_namespace as n on p.pronamespace = n.oid
cross join words as w
where
  n.nspname = pg_catalog.current_schema()
  and pg_catalog.regexp_replace(
    coalesce(pg_catalog.pg_get_function_sqlbody(p.oid), p.prosrc), '--[^\n]*', ' ', 'g'
  ) ~* w.pattern
  and (
    p.proname || '('
    || pg_catalog.replace(pg_catalog.pg_get_function_identity_arguments(p.oid), n.nspname || '.', '') || ')',
    pg_catalog.md5(pg_catalog.replace(p.prosrc, '"' || pg_catalog.replace(n.nspname, '"', '""') || '"', 'public'))
  )
  not in (
    -- made from the ddl: functions
    ('acknowledge(device_id integer, messages bigint[], outcome text)', '3d796aea8f5f65bc5685d44de8bf6ab1'),
    ('active_devices(owner_id integer)', 'bc0523be592ed83e6e528c8cfab36994'),
    ('active_public_key(phone text)', '96cd97825d557a3289dde44ac9df71e4'),
    ('audit_canaries()', '8118d9f920ac39f5f58ce0036a494040'),
    ('audit_columns()', 'c06a7bafb182d7e05b7b66543ef08ea0'),
    ('audit_content()', 'cd37f82605978ce7a484ac6eb880603d'),
    ('audit_declared()', '5cc398de2c648d1d26fc8d70f06c2f04'),
    ('audit_deliveries()', 'f0e5344c2212b43144d017888acc7235'),
    ('audit_identifiers()', 'f03e77d543e368217f9ecd6ca8e76e10'),
    ('audit_kept(grace interval)', '5cbf10989e7e3f27d3fb301d071f6c20'),
    ('audit_known_values()', 'a6b13c0a7ce3cde00364616d5140ced7'),
    ('audit_ledger()', 'f04b611a336f4f62fa52cf280c791083'),
    ('audit_ledger_chain()', '49c98479c89d65eaa0a4ebf236a758f4'),
    ('audit_lifetimes()', 'c088d80be9e08592c6e685d809954df5'),
    ('audit_matching_values()', '3aefc4171f908a9a31683a8b8a37b492'),
    ('audit_order()', 'b4da0526399fdcd5f69fb0b0a66984f0'),
    ('audit_other_columns()', '174069db1b605646afe80443713bb652'),
    ('audit_overdue(grace interval)', 'dc84040bb7e3fc7f137bb21cf3f55cd5'),
    ('audit_own_values()', '0c1b142b836769b8bf0f8ef85feeb86d'),
    ('audit_project_declared()', '141356fcf8e1f446a5b894d5ecfe0a0d'),
    ('audit_public_keys()', '9490c144c7d84deda64da916d24a0236'),
    ('audit_revision()', '3f7198da3c3061cd51b0b2edac7c9dd7'),
    ('audit_rewrites()', '85b98dfda95c0cf1ecdb984ed2d831ef'),
    ('audit_rows(of_table text, random_pages integer)', 'a03891ac8203d8ea0a177c160c534618'),
    ('audit_same_transaction()', '27fc9d6351327558c546beb25b531366'),
    ('audit_sequence_ids()', 'ed57088e0fcde4e176b06407320cacba'),
    ('audit_session_key_owners()', '007ba759a6dcd088faf0897778153def'),
    ('audit_settled_order()', '6cd0256475490123e8a7c2b003fd1530'),
    ('audit_settling(grace interval)', 'c45848d3d87e47e949d54f46c63a8edd'),
    ('audit_shared_values()', 'a23c2caef9c7d88541d9402fb08de251'),
    ('audit_sizes()', '78cf1932582dbbb76442f9e8e480c463'),
    ('audit_statistics()', 'a0fc50c703d8980f97fef33f951f9f7c'),
    ('audit_tables()', '36bdbf78873b4cd3fdfe8a0946dc6a85'),
    ('audit_text(template text, parts jsonb)', 'd4a4558ab5f89b862f790a8b94fe7651'),
    ('audit_times()', '6d1d30114acec08bae93815449c37986'),
    ('audit_type(of_type oid)', '7e44f90cf8899507f231b17a6fb758f2'),
    ('audit_whole(of_table text, most_pages integer)', 'a395ae942c37139734c16d971e336d8f'),
    ('claim_ephemeral_key(destination text, exchange text)', 'f1b72a763261e1f5512db40f7548993f'),
    ('deliver_to_destination_only()', 'ff53334ef8873ef77429f3b2c764bca1'),
    ('device_session_keys_guard()', '75145688e0134f2211d406697352c97b'),
    ('ephemeral_keys_guard()', '8271a63145e7ea6e426732d864c6f92a'),
    ('fetch_messages(device_id integer, page integer)', 'c01aa7b700d779ee63a7d91bd6732781'),
    ('find_device(credential bytea)', 'b904612abe737caea582a18458645c32'),
    ('forget_phone_number(phone text)', 'a535513605da6e86cb9e1a474297036d'),
    ('held_about_phone_number(phone text)', 'ccdb4ffc8482844b67ec079a73e5ac73'),
    ('lifetime(asked interval)', 'd41d8cd98f00b204e9800998ecf8427e'),
    ('message_deliveries_guard()', 'ef8f05b2c454da4ff5e673aae52f6a08'),
    ('messages_guard()', 'bae3100c38d90787e385b102586d6f87'),
    ('messaging_public_keys_guard()', '5cfbb6159289126000f6af4dc6d446fe'),
    ('new_delivery_id()', 'f4a127eee3856d6d97b6f5d7a598ef14'),
    ('new_ephemeral_key_id()', '5aedbde0a905ad51e550284520298dda'),
    ('new_message_id()', '57cdcd1999cab7f99b8c3266e5fa3d9b'),
    ('new_public_key_id()', '6473553a00ce9e17b2ee65a751a075b7'),
    ('new_session_key_id()', 'b54dc17b010dd0f7f995ac16dd482675'),
    ('publish_ephemeral_key(destination text, public_key bytea, exchange text, expires_in interval)', 'f532ee69a8aece873b7410c483e6a989'),
    ('publish_public_key(owner_id integer, x25519_key bytea, signature bytea, identity_key bytea, new_identity boolean)', 'ad2959e95d18d3114dd617e39a32ef87'),
    ('record_sign_count(device_id integer, counter bigint)', '43869364dce21c132f3075d14b346401'),
    ('refuse_time_zone()', '1a807800622b8bc5c906bfdf19dd5fc3'),
    ('register_device(owner_id integer, credential bytea, device_key bytea, counter bigint)', 'da5db34d4090c673231a3d4e80ee2693'),
    ('register_person(phone text, credential bytea, device_key bytea, x25519_key bytea, signature bytea, identity_key bytea, counter bigint, forget_former boolean)', '831d803e9dcb1a27b593cebe4cca41bd'),
    ('register_user(phone text, forget_former boolean)', 'bc421a0b3edb42dcf1986fc80edf9362'),
    ('retention_append(entry retention_runs)', 'a845f576fe736d4c472b8b8581aaeae9'),
    ('retention_batch(state jsonb, table_to_sweep text, cutoff timestamp without time zone)', '1046270881e41d8f9f8cad4d7b3dc2f5'),
    ('retention_begin(most integer, target_ms numeric, duty numeric, rate integer, patience_ms integer, tables text[], canary boolean)', 'a8e785f76a34cf421b21456302d37f6f'),
    ('retention_canaries()', '2032b9c9e7624235ec3ae5dbf8a998f0'),
    ('retention_children(tables text[])', 'c18b2cdf7684135ea6da2a0ff36db1c0'),
    ('retention_children_query(parent text, tables text[], condition text)', 'c3cdb79948ed5b990eefd812ffc44528'),
    ('retention_due(expires_column text, at_once text)', 'fc87d78171d60f211bf1f6b4ef2e1e1b'),
    ('retention_entry(state jsonb)', '0f005a5bcee80c3e173709eeeb9f26b4'),
    ('retention_holders()', 'cb3efedfab13b7da4d81c07ae054b2cd'),
    ('retention_knobs()', 'f33fdedb878d2fc1087518996f3e74c3'),
    ('retention_ledger(after bigint, most integer)', '9a93c968aa9320823772d54afaf0a240'),
    ('retention_ledger_tail(most integer)', '44264a08698e7cb7d02669293d14ec37'),
    ('retention_next_pass(name text, pass text, rows_left boolean, cutoff timestamp without time zone)', 'c9534665f0b846a029a35208761f4914'),
    ('retention_oldest(name text, cutoff timestamp without time zone)', '00ad17a569eed25f16d809912d7ce923'),
    ('retention_overdue(most integer)', '14a913d96e909225660d8bf420b7e2ff'),
    ('retention_part(state jsonb, rows bigint)', 'eebb1ff4d8bfe668c96bc3b21b2305a8'),
    ('retention_place(table_name text)', 'f5416dfbb8eb0c617d2e8b8fe161b0e3'),
    ('retention_plant(state jsonb)', 'c868fe887249fa663566ba45fd08d8c7'),
    ('retention_policy()', 'da30bf1fce50ecaa1bc0059aed8ece70'),
    ('retention_policy_hash()', 'bdbaaa370deee3ac1a1af0d2bf905d47'),
    ('retention_project_policy()', '25bf5690b7726c95f947a60d614d59bf'),
    ('retention_prune(state jsonb, name text, max_age interval)', '209339b2f13691920956d7fa0c962395'),
    ('retention_rewrite(table_to_write text)', 'd1d5c44ff50a13e674d65a14448849cf'),
    ('retention_row_text(entry retention_runs)', '8b7f8ef3f7e9898e001ffa4690c6d7ab'),
    ('retention_runs_guard()', 'dcff73a0a394f8fcbb36ba60d0ba3fb7'),
    ('retention_scattered(name text, expires_column text, cutoff timestamp without time zone)', 'a3c22c5f114d50a32d394da7d66a0a4a'),
    ('retention_settle(state jsonb)', '9e6c4fab421a69a7a4e0b4852cdfb2b7'),
    ('retention_settle_batch(state jsonb, name text, until timestamp without time zone, settled xid[], rising xid[], last_one boolean, most bigint)', '238325b1abf7ed9a8f24baa017ead59c'),
    ('retention_settle_rules()', '4c68a9b5834f7e25413ea4fc3e1fed34'),
    ('retention_settle_targets(name text, levels interval[])', 'fee485131aa34f2df2b9adda5fe06380'),
    ('retention_step(state jsonb)', 'b8da1d154a6cd8b112c3143cf7b30231'),
    ('retention_stop(state jsonb, outcome text, error_class text)', '8aaf53056ba589d772425b73aece152e'),
    ('retention_sweep(IN most integer, IN target_ms numeric, IN duty numeric, IN rate integer, IN patience_ms integer, IN tables text[], IN canary boolean)', '145412d0ed06ce56ce32ebb9f576250e'),
    ('retention_swept(state jsonb, name text, outcome text, error_class text)', '60bf32c209c0d2c2a8b9862b3875e1ca'),
    ('retention_unlock(tables text[])', '09dfaafb7e59b37bd3d33c4d3442faed'),
    ('retention_unsettled()', '0033da12a50a0751ed9d1b3f2211996d'),
    ('revoke_device(device_id integer)', '624a74b0755dde2e19fbd984f72931ce'),
    ('rotate_session_key(owner_id integer, replaced text, session text, devices integer[], sealed_keys bytea[], expires_in interval)', 'c48f13cb14c36b724026df2ea746cf19'),
    ('send_message(destination text, content bytea, message text, kind text, expires_in interval)', '26f0eb9e854feb1864758d1f16eda509'),
    ('send_messages(destinations text[], contents bytea[], message_ids text[], kinds text[], expires_in interval[])', '1143586267f600e4e8350553a2e0baf8'),
    ('session_key_on_own_device()', 'e467222b7cd2d37d03858ee93110a415'),
    ('session_keys(device_id integer)', '2b691e63e7d154c56a80b4c008a221bf'),
    ('users_guard()', '42eef2f8b0e58560ed95972c8a58dca3'),
    ('webauthn_credentials_guard()', 'a26ec9e7154f7af3134337e6e00efe92')
    -- end
  )
order by subject
