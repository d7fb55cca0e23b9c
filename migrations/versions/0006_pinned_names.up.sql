-- Pin every function to pg_catalog, its own objects named with their schema.
--
-- Bodies alone change: each function keeps its owner, its rights and its comment, sessions take the new text
-- at their next call, and no table is locked against anybody who reads or writes.
set local search_path = pg_catalog, pg_temp;

-- 200_refuse_time_zone.sql
create or replace function public.refuse_time_zone() returns trigger
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
  if current_setting('TimeZone') = 'UTC' then
    return null;
  end if;
  if current_setting('TimeZone') ~* '^(etc/)?(utc|uct|zulu|universal|gmt)$' then  -- its other names
    return null;
  end if;
  raise exception 'a write to % needs a session whose TimeZone is UTC, and this one has %',
    tg_table_name, current_setting('TimeZone')
    using errcode = 'object_not_in_prerequisite_state',
    table = tg_table_name,
    hint = 'Run: set time zone ''UTC''; or call the functions, which set it themselves.';
end
$$;

-- 210_users_guard.sql
create or replace function public.users_guard() returns trigger
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
  broken text[];  -- SQLSTATE, column, constraint, and what is wrong
begin
  broken := case
    when num_nulls(new.id, new.phone_number, new.created_at) > 0 then
      array['not_null_violation', '', '', 'users may have no null in id, phone_number, created_at']
    when new.id <> old.id then
      array[
        'object_not_in_prerequisite_state', 'id', '',
        'users.id cannot be changed: rows elsewhere would change hands'
      ]
    when new.phone_number <> old.phone_number then
      array[
        'object_not_in_prerequisite_state', 'phone_number', '',
        'users.phone_number cannot be changed: rows elsewhere would change hands; forget the number and '
        'register the new one'
      ]
    when new.phone_number !~ '^\+[1-9][0-9]{6,14}$' then
      array[
        'check_violation', 'phone_number', 'users_phone_number_e164',
        'users.phone_number must be an E.164 number: + and 7 to 15 digits, the first of them not 0'
      ]
    when not isfinite(new.created_at) then
      array[
        'check_violation', 'created_at', 'users_created_at_coarse',
        'users.created_at must be a moment, not infinity'
      ]
  end;
  if broken is not null then
    raise exception '%', broken[4]
      using errcode = broken[1], table = tg_table_name, column = broken[2], constraint = broken[3];
  end if;
  if new.created_at <> date_trunc('hour', new.created_at) then
    new.created_at := date_trunc('hour', new.created_at);
  end if;
  return new;
end
$$;

-- 220_webauthn_credentials_guard.sql
create or replace function public.webauthn_credentials_guard() returns trigger
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
  broken text[];  -- SQLSTATE, column, constraint, and what is wrong
begin
  broken := case
    when
      num_nulls(
        new.id, new.user_id, new.credential_id, new.public_key, new.sign_count, new.created_at,
        new.is_active
      ) > 0
    then
      array[
        'not_null_violation', '', '',
        'webauthn_credentials may have no null in id, user_id, credential_id, public_key, sign_count, '
        'created_at, is_active'
      ]
    when new.id <> old.id then
      array[
        'object_not_in_prerequisite_state', 'id', '',
        'webauthn_credentials.id cannot be changed: rows elsewhere would change hands'
      ]
    when new.user_id <> old.user_id then
      array[
        'object_not_in_prerequisite_state', 'user_id', '',
        'webauthn_credentials.user_id cannot be changed: its deliveries and keys would change hands'
      ]
    when octet_length(new.credential_id) not between 16 and 1023 then
      array[
        'check_violation', 'credential_id', 'webauthn_credentials_credential_id_length',
        'webauthn_credentials.credential_id must have 16 to 1023 bytes'
      ]
    when new.sign_count not between 0 and 4294967295 then
      array[
        'check_violation', 'sign_count', 'webauthn_credentials_sign_count_range',
        'webauthn_credentials.sign_count must be from 0 to 4294967295'
      ]
    when not isfinite(new.created_at) then
      array[
        'check_violation', 'created_at', 'webauthn_credentials_created_at_coarse',
        'webauthn_credentials.created_at must be a moment, not infinity'
      ]
  end;
  if broken is not null then
    raise exception '%', broken[4]
      using errcode = broken[1], table = tg_table_name, column = broken[2], constraint = broken[3];
  end if;
  if new.created_at <> date_trunc('hour', new.created_at) then
    new.created_at := date_trunc('hour', new.created_at);
  end if;
  return new;
end
$$;

-- 230_messages_guard.sql
create or replace function public.messages_guard() returns trigger
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
  broken text[];  -- SQLSTATE, column, constraint, and what is wrong
begin
  broken := case
    when
      num_nulls(
        new.id, new.destination_phone, new.encrypted_content, new.message_id, new."timestamp",
        new.created_at, new.message_type
      ) > 0
    then
      array[
        'not_null_violation', '', '',
        'messages may have no null in id, destination_phone, encrypted_content, message_id, timestamp, '
        'created_at, message_type'
      ]
    when new.id <> old.id then
      array[
        'object_not_in_prerequisite_state', 'id', '',
        'messages.id cannot be changed: its deliveries would be of another message'
      ]
    when new.destination_phone <> old.destination_phone then
      array[
        'object_not_in_prerequisite_state', 'destination_phone', '',
        'messages.destination_phone cannot be changed: its deliveries would be to devices of somebody else'
      ]
    -- The length apart from the digits: counted by the expression they cost three times as much.
    when
      new.destination_phone !~ '^\+[1-9][0-9]+$' or octet_length(new.destination_phone) not between 8 and 16
    then
      array[
        'check_violation', 'destination_phone', 'messages_destination_phone_e164',
        'messages.destination_phone must be an E.164 number: + and 7 to 15 digits, the first of them not 0'
      ]
    when octet_length(new.encrypted_content) not between 28 and 1048576 then
      array[
        'check_violation', 'encrypted_content', 'messages_encrypted_content_length',
        'messages.encrypted_content must have 28 bytes (nonce and tag) to 1048576'
      ]
    when not isfinite(new."timestamp") then
      array[
        'check_violation', 'timestamp', 'messages_timestamp_coarse',
        'messages.timestamp must be a moment, not infinity'
      ]
    when not isfinite(new.created_at) then
      array[
        'check_violation', 'created_at', 'messages_created_at_coarse',
        'messages.created_at must be a moment, not infinity'
      ]
    when not isfinite(new.expires_at) then
      array[
        'check_violation', 'expires_at', 'messages_expires_at_coarse',
        'messages.expires_at must be a moment, not infinity'
      ]
  end;
  if broken is not null then
    raise exception '%', broken[4]
      using errcode = broken[1], table = tg_table_name, column = broken[2], constraint = broken[3];
  end if;
  if
    new."timestamp" <> date_trunc('hour', new."timestamp")
    or new.created_at <> date_trunc('hour', new.created_at)
    or new.expires_at <> date_trunc('hour', new.expires_at)
  then
    new."timestamp" := date_trunc('hour', new."timestamp");
    new.created_at := date_trunc('hour', new.created_at);
    new.expires_at := date_trunc('hour', new.expires_at + interval '59 minutes 59.999999 seconds');
  end if;
  return new;
end
$$;

-- 240_device_session_keys_guard.sql
create or replace function public.device_session_keys_guard() returns trigger
language plpgsql
set search_path = pg_catalog, pg_temp
set enable_seqscan to off  -- a plan made while the table was small stays when it is large
as $$
declare
  broken text[];  -- SQLSTATE, column, constraint, and what is wrong
begin
  broken := case
    when
      num_nulls(
        new.id, new.user_id, new.session_key_id, new.encrypted_session_key, new.key_rotation_counter,
        new.created_at, new.is_active
      ) > 0
    then
      array[
        'not_null_violation', '', '',
        'device_session_keys may have no null in id, user_id, session_key_id, encrypted_session_key, '
        'key_rotation_counter, created_at, is_active'
      ]
    when new.user_id <> old.user_id then
      array[
        'object_not_in_prerequisite_state', 'user_id', '',
        'device_session_keys.user_id cannot be changed: store the key again for its owner'
      ]
    when tg_op = 'UPDATE' and new.webauthn_credential_id is distinct from old.webauthn_credential_id then
      array[
        'object_not_in_prerequisite_state', 'webauthn_credential_id', '',
        'device_session_keys.webauthn_credential_id cannot be changed: store the key again for the other '
        'device'
      ]
    when octet_length(new.encrypted_session_key) < 60 then
      array[
        'check_violation', 'encrypted_session_key', 'device_session_keys_encrypted_session_key_length',
        'device_session_keys.encrypted_session_key must have at least 60 bytes: nonce, key and tag'
      ]
    when new.key_rotation_counter < 0 then
      array[
        'check_violation', 'key_rotation_counter', 'device_session_keys_key_rotation_counter_range',
        'device_session_keys.key_rotation_counter must not be negative'
      ]
    when not isfinite(new.created_at) then
      array[
        'check_violation', 'created_at', 'device_session_keys_created_at_coarse',
        'device_session_keys.created_at must be a moment, not infinity'
      ]
    when not isfinite(new.expires_at) then
      array[
        'check_violation', 'expires_at', 'device_session_keys_expires_at_coarse',
        'device_session_keys.expires_at must be a moment, not infinity'
      ]
    when
      -- The exclusion decides, whatever happens at the same time; but it would name both users in the log.
      exists (
        select from public.device_session_keys
        where session_key_id = new.session_key_id and user_id <> new.user_id
      )
    then
      array[
        'exclusion_violation', 'session_key_id', 'device_session_keys_one_user_per_session',
        'device_session_keys.session_key_id belongs to another user'
      ]
  end;
  if broken is not null then
    raise exception '%', broken[4]
      using errcode = broken[1], table = tg_table_name, column = broken[2], constraint = broken[3];
  end if;
  if
    new.created_at <> date_trunc('hour', new.created_at)
    or new.expires_at <> date_trunc('hour', new.expires_at)
  then
    new.created_at := date_trunc('hour', new.created_at);
    new.expires_at := date_trunc('hour', new.expires_at + interval '59 minutes 59.999999 seconds');
  end if;
  return new;
end
$$;

-- 250_message_deliveries_guard.sql
create or replace function public.message_deliveries_guard() returns trigger
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
  broken text[];  -- SQLSTATE, column, constraint, and what is wrong
begin
  broken := case
    when num_nulls(new.id, new.message_id, new.webauthn_credential_id, new.delivery_status) > 0 then
      array[
        'not_null_violation', '', '',
        'message_deliveries may have no null in id, message_id, webauthn_credential_id, delivery_status'
      ]
    when new.message_id <> old.message_id then
      array[
        'object_not_in_prerequisite_state', 'message_id', '',
        'message_deliveries.message_id cannot be changed: a delivery is of one message'
      ]
    when new.webauthn_credential_id <> old.webauthn_credential_id then
      array[
        'object_not_in_prerequisite_state', 'webauthn_credential_id', '',
        'message_deliveries.webauthn_credential_id cannot be changed: a delivery is to one device'
      ]
    when new.delivery_status not in ('pending', 'delivered', 'failed') then
      array[
        'check_violation', 'delivery_status', 'message_deliveries_delivery_status_known',
        'message_deliveries.delivery_status must be pending, delivered or failed'
      ]
    when not isfinite(new.delivered_at) then
      array[
        'check_violation', 'delivered_at', 'message_deliveries_delivered_at_coarse',
        'message_deliveries.delivered_at must be a moment, not infinity'
      ]
    when not isfinite(new.read_at) then
      array[
        'check_violation', 'read_at', 'message_deliveries_read_at_coarse',
        'message_deliveries.read_at must be a moment, not infinity'
      ]
  end;
  if broken is not null then
    raise exception '%', broken[4]
      using errcode = broken[1], table = tg_table_name, column = broken[2], constraint = broken[3];
  end if;
  if
    new.delivered_at <> date_trunc('hour', new.delivered_at)
    or new.read_at <> date_trunc('hour', new.read_at)
  then
    new.delivered_at := date_trunc('hour', new.delivered_at);
    new.read_at := date_trunc('hour', new.read_at);
  end if;
  return new;
end
$$;

-- 260_ephemeral_keys_guard.sql
create or replace function public.ephemeral_keys_guard() returns trigger
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
  broken text[];  -- SQLSTATE, column, constraint, and what is wrong
begin
  broken := case
    when
      num_nulls(
        new.id, new.destination_phone, new.ephemeral_public_key, new.key_exchange_id, new.created_at,
        new.expires_at, new.used
      ) > 0
    then
      array[
        'not_null_violation', '', '',
        'ephemeral_keys may have no null in id, destination_phone, ephemeral_public_key, key_exchange_id, '
        'created_at, expires_at, used'
      ]
    when new.destination_phone !~ '^\+[1-9][0-9]{6,14}$' then
      array[
        'check_violation', 'destination_phone', 'ephemeral_keys_destination_phone_e164',
        'ephemeral_keys.destination_phone must be an E.164 number: + and 7 to 15 digits, the first of them '
        'not 0'
      ]
    when octet_length(new.ephemeral_public_key) <> 32 then
      array[
        'check_violation', 'ephemeral_public_key', 'ephemeral_keys_ephemeral_public_key_length',
        'ephemeral_keys.ephemeral_public_key must be an X25519 key of 32 bytes'
      ]
    when
      set_byte(new.ephemeral_public_key, 31, get_byte(new.ephemeral_public_key, 31) & 127) in (
        '\x0000000000000000000000000000000000000000000000000000000000000000',
        '\x0100000000000000000000000000000000000000000000000000000000000000',
        '\xe0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800',
        '\x5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157',
        '\xecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
        '\xedffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
        '\xeeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f'
      )
    then
      array[
        'check_violation', 'ephemeral_public_key', 'ephemeral_keys_ephemeral_public_key_order',
        'ephemeral_keys.ephemeral_public_key is a point of low order, which makes the shared secret known'
      ]
    when not isfinite(new.created_at) then
      array[
        'check_violation', 'created_at', 'ephemeral_keys_created_at_coarse',
        'ephemeral_keys.created_at must be a moment, not infinity'
      ]
    when not isfinite(new.expires_at) then
      array[
        'check_violation', 'expires_at', 'ephemeral_keys_expires_at_coarse',
        'ephemeral_keys.expires_at must be a moment, not infinity'
      ]
  end;
  if broken is not null then
    raise exception '%', broken[4]
      using errcode = broken[1], table = tg_table_name, column = broken[2], constraint = broken[3];
  end if;
  if
    new.created_at <> date_trunc('hour', new.created_at)
    or new.expires_at <> date_bin('15 minutes', new.expires_at, timestamp '2000-01-01')
  then
    new.created_at := date_trunc('hour', new.created_at);
    new.expires_at := date_bin(
      '15 minutes', new.expires_at + interval '14 minutes 59.999999 seconds', timestamp '2000-01-01'
    );
  end if;
  return new;
end
$$;

-- 270_messaging_public_keys_guard.sql
create or replace function public.messaging_public_keys_guard() returns trigger
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
  broken text[];  -- SQLSTATE, column, constraint, and what is wrong
begin
  broken := case
    when
      num_nulls(
        new.id, new.user_id, new.x25519_public_key, new.ed25519_signature, new.ed25519_public_key,
        new.key_version, new.created_at, new.is_active
      ) > 0
    then
      array[
        'not_null_violation', '', '',
        'messaging_public_keys may have no null in id, user_id, x25519_public_key, ed25519_signature, '
        'ed25519_public_key, key_version, created_at, is_active'
      ]
    when octet_length(new.x25519_public_key) <> 32 then
      array[
        'check_violation', 'x25519_public_key', 'messaging_public_keys_x25519_public_key_length',
        'messaging_public_keys.x25519_public_key must be an X25519 key of 32 bytes'
      ]
    when
      set_byte(new.x25519_public_key, 31, get_byte(new.x25519_public_key, 31) & 127) in (
        '\x0000000000000000000000000000000000000000000000000000000000000000',
        '\x0100000000000000000000000000000000000000000000000000000000000000',
        '\xe0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800',
        '\x5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157',
        '\xecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
        '\xedffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
        '\xeeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f'
      )
    then
      array[
        'check_violation', 'x25519_public_key', 'messaging_public_keys_x25519_public_key_order',
        'messaging_public_keys.x25519_public_key is a point of low order, which makes the shared secret '
        'known'
      ]
    when octet_length(new.ed25519_signature) <> 64 then
      array[
        'check_violation', 'ed25519_signature', 'messaging_public_keys_ed25519_signature_length',
        'messaging_public_keys.ed25519_signature must be an Ed25519 signature of 64 bytes'
      ]
    when octet_length(new.ed25519_public_key) <> 32 then
      array[
        'check_violation', 'ed25519_public_key', 'messaging_public_keys_ed25519_public_key_length',
        'messaging_public_keys.ed25519_public_key must be an Ed25519 key of 32 bytes'
      ]
    when new.key_version < 0 then
      array[
        'check_violation', 'key_version', 'messaging_public_keys_key_version_range',
        'messaging_public_keys.key_version must not be negative'
      ]
    when not isfinite(new.created_at) then
      array[
        'check_violation', 'created_at', 'messaging_public_keys_created_at_coarse',
        'messaging_public_keys.created_at must be a moment, not infinity'
      ]
    when not isfinite(new.revoked_at) then
      array[
        'check_violation', 'revoked_at', 'messaging_public_keys_revoked_at_coarse',
        'messaging_public_keys.revoked_at must be a moment, not infinity'
      ]
  end;
  if broken is not null then
    raise exception '%', broken[4]
      using errcode = broken[1], table = tg_table_name, column = broken[2], constraint = broken[3];
  end if;
  if
    new.created_at <> date_trunc('hour', new.created_at)
    or new.revoked_at <> date_trunc('hour', new.revoked_at)
  then
    new.created_at := date_trunc('hour', new.created_at);
    new.revoked_at := date_trunc('hour', new.revoked_at);
  end if;
  return new;
end
$$;

-- 280_deliver_to_destination_only.sql
create or replace function public.deliver_to_destination_only() returns trigger
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
set enable_seqscan to off
as $$
begin
  if exists (
    select
    from new_deliveries
    group by message_id
    having
      not array_agg(webauthn_credential_id) <@ array(
        select id
        from public.webauthn_credentials
        where
          user_id = (
            select id
            from public.users
            where
              phone_number = (
                select destination_phone from public.messages where id = new_deliveries.message_id
              )
          )
      )
  ) then
    raise exception 'a message can be delivered to devices of its destination only'
      using errcode = 'integrity_constraint_violation',
      table = tg_table_name,
      column = 'webauthn_credential_id';
  end if;
  return null;
end
$$;

-- 290_session_key_on_own_device.sql
create or replace function public.session_key_on_own_device() returns trigger
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
set enable_seqscan to off
as $$
begin
  if exists (
    select
    from new_keys
    where
      webauthn_credential_id is not null
      and (
        user_id = (select user_id from public.webauthn_credentials where id = new_keys.webauthn_credential_id)
      ) is not true
  ) then
    raise exception 'a session key can be stored for devices of its own user only'
      using errcode = 'integrity_constraint_violation',
      table = tg_table_name,
      column = 'webauthn_credential_id';
  end if;
  return null;
end
$$;

-- 300_register_user.sql
create or replace function public.register_user(phone text, forget_former boolean default false)
returns integer
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
set timezone to 'UTC'
set plan_cache_mode to force_generic_plan
set enable_seqscan to off
as $$
declare
  refusal text;
  registered integer;
begin
  if pg_current_xact_id_if_assigned() is not null then
    raise exception 'register_user must be the first write of its transaction'
      using errcode = 'active_sql_transaction';
  end if;
  refusal := case
    when (phone ~ '^\+[1-9][0-9]{6,14}$') is not true
      then 'phone must be an E.164 number: + and 7 to 15 digits, the first of them not 0'
    when (forget_former is not null) is not true
      then 'forget_former must not be null'
  end;
  if refusal is not null then
    raise exception '%', refusal using errcode = 'invalid_parameter_value';
  end if;

  if forget_former then
    delete from public.users where phone_number = phone;
    delete from public.messages where destination_phone = phone;
    delete from public.ephemeral_keys where destination_phone = phone;
  end if;
  insert into public.users (phone_number) values (phone)
  on conflict (phone_number) do nothing
  returning id into registered;
  if registered is null then
    raise exception 'the phone number is registered already' using errcode = 'unique_violation';
  end if;
  if
    exists (select from public.messages where destination_phone = phone)
    or exists (select from public.ephemeral_keys where destination_phone = phone)
  then
    raise exception 'messages or keys of a former owner of the phone number remain'
      using errcode = 'object_in_use', hint = 'Register it with forget_former, which deletes them.';
  end if;
  return registered;
end
$$;

-- 310_forget_phone_number.sql
create or replace function public.forget_phone_number(phone text) returns boolean
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
set plan_cache_mode to force_generic_plan
set enable_seqscan to off
as $$
declare
  anything boolean;
begin
  if pg_current_xact_id_if_assigned() is not null then
    raise exception 'forget_phone_number must be the first write of its transaction'
      using errcode = 'active_sql_transaction';
  end if;
  if (phone ~ '^\+[1-9][0-9]{6,14}$') is not true then
    raise exception 'phone must be an E.164 number: + and 7 to 15 digits, the first of them not 0'
      using errcode = 'invalid_parameter_value';
  end if;

  -- The user first: that waits for messages which are being sent, and keeps new ones away.
  delete from public.users where phone_number = phone;
  anything := found;
  delete from public.messages where destination_phone = phone;
  anything := anything or found;
  delete from public.ephemeral_keys where destination_phone = phone;
  return anything or found;
end
$$;

-- 320_register_device.sql
create or replace function public.register_device(
  owner_id integer, credential bytea, device_key bytea, counter bigint default 0
) returns integer
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
set timezone to 'UTC'
set plan_cache_mode to force_generic_plan
set enable_seqscan to off
as $$
declare
  refusal text;
  registered integer;
begin
  if pg_current_xact_id_if_assigned() is not null then
    raise exception 'register_device must be the first write of its transaction'
      using errcode = 'active_sql_transaction';
  end if;
  refusal := case
    when (octet_length(credential) between 16 and 1023) is not true
      then 'credential must have 16 to 1023 bytes'
    when (octet_length(device_key) between 1 and 4096) is not true
      then 'device_key must have 1 to 4096 bytes'
    when (counter between 0 and 4294967295) is not true
      then 'counter must be from 0 to 4294967295'
  end;
  if refusal is not null then
    raise exception '%', refusal using errcode = 'invalid_parameter_value';
  end if;

  -- One at a time for each user, so that a rotation sees every device or none that is new.
  perform from public.users where id = owner_id for no key update;
  if not found then
    raise exception 'there is no such user' using errcode = 'no_data_found';
  end if;
  insert into public.webauthn_credentials (user_id, credential_id, public_key, sign_count)
  values (owner_id, credential, device_key, counter)
  on conflict (credential_id) do nothing
  returning id into registered;
  if registered is null then
    raise exception 'the credential is registered already' using errcode = 'unique_violation';
  end if;
  return registered;
end
$$;

-- 330_find_device.sql
create or replace function public.find_device(credential bytea)
returns table (device_id integer, user_id integer, public_key bytea, sign_count bigint)
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
set plan_cache_mode to force_generic_plan
set enable_seqscan to off
as $$
#variable_conflict use_column
begin
  return query
  select id, user_id, public_key, sign_count
  from public.webauthn_credentials
  where credential_id = credential and is_active;
end
$$;

-- 340_record_sign_count.sql
create or replace function public.record_sign_count(device_id integer, counter bigint) returns boolean
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
set timezone to 'UTC'
set plan_cache_mode to force_generic_plan
set enable_seqscan to off
as $$
declare
  known bigint;
begin
  if pg_current_xact_id_if_assigned() is not null then
    raise exception 'record_sign_count must be the first write of its transaction'
      using errcode = 'active_sql_transaction';
  end if;
  if (counter between 0 and 4294967295) is not true then
    raise exception 'counter must be from 0 to 4294967295' using errcode = 'invalid_parameter_value';
  end if;

  select sign_count into known from public.webauthn_credentials
  where id = device_id and is_active
  for no key update;
  if not found then
    raise exception 'there is no such active device' using errcode = 'no_data_found';
  end if;
  if counter > known then
    update public.webauthn_credentials set sign_count = counter where id = device_id;
  end if;
  return counter > known or (counter = 0 and known = 0);
end
$$;

-- 350_active_devices.sql
create or replace function public.active_devices(owner_id integer)
returns table (device_id integer, credential_id bytea, public_key bytea)
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
set plan_cache_mode to force_generic_plan
set enable_seqscan to off
as $$
#variable_conflict use_column
begin
  return query
  select id, credential_id, public_key
  from public.webauthn_credentials
  where user_id = owner_id and is_active
  order by id;
end
$$;

-- 360_revoke_device.sql
create or replace function public.revoke_device(device_id integer) returns boolean
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
set timezone to 'UTC'
set plan_cache_mode to force_generic_plan
set enable_seqscan to off
as $$
declare
  owner_id integer;
  was_active boolean;
  waiting bigint[];
begin
  if pg_current_xact_id_if_assigned() is not null then
    raise exception 'revoke_device must be the first write of its transaction'
      using errcode = 'active_sql_transaction';
  end if;
  if (device_id is not null) is not true then
    raise exception 'device_id must not be null' using errcode = 'invalid_parameter_value';
  end if;

  select user_id into owner_id from public.webauthn_credentials where id = device_id;
  perform from public.users where id = owner_id for no key update;
  -- FOR UPDATE waits for every message that is being sent to the device, and makes the next ones wait.
  select is_active into was_active from public.webauthn_credentials where id = device_id for update;
  if not found then
    raise exception 'there is no such device' using errcode = 'no_data_found';
  end if;
  if not was_active then
    return false;
  end if;
  update public.webauthn_credentials set is_active = false where id = device_id;
  update public.device_session_keys set is_active = false
  where webauthn_credential_id = device_id and is_active;
  with gone as (
    delete from public.message_deliveries
    where webauthn_credential_id = device_id and delivery_status = 'pending'
    returning message_id
  )
  select array_agg(message_id) into waiting from gone;
  delete from public.messages
  where
    id = any(waiting)
    and not exists (select from public.message_deliveries where message_deliveries.message_id = messages.id);
  return true;
end
$$;

-- 370_publish_public_key.sql
create or replace function public.publish_public_key(
  owner_id integer, x25519_key bytea, signature bytea, identity_key bytea
) returns integer
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
set timezone to 'UTC'
set plan_cache_mode to force_generic_plan
set enable_seqscan to off
as $$
declare
  published integer;
begin
  if pg_current_xact_id_if_assigned() is not null then
    raise exception 'publish_public_key must be the first write of its transaction'
      using errcode = 'active_sql_transaction';
  end if;
  if (num_nulls(owner_id, x25519_key, signature, identity_key) = 0) is not true then
    raise exception 'no argument may be null' using errcode = 'invalid_parameter_value';
  end if;

  perform from public.users where id = owner_id for no key update;  -- one version after the other
  if not found then
    raise exception 'there is no such user' using errcode = 'no_data_found';
  end if;
  with revoked as (
    update public.messaging_public_keys
    set is_active = false, revoked_at = now() at time zone 'utc'
    where user_id = owner_id and is_active
    returning id
  )
  insert into public.messaging_public_keys (
    user_id, x25519_public_key, ed25519_signature, ed25519_public_key, key_version
  )
  select
    owner_id, x25519_key, signature, identity_key,
    coalesce((select max(key_version) from public.messaging_public_keys where user_id = owner_id), 0) + 1
  from (select count(*) from revoked) as after_the_update  -- an index forbids two active keys at any moment
  returning key_version into published;
  return published;
end
$$;

-- 380_active_public_key.sql
create or replace function public.active_public_key(phone text)
returns table (
  key_version integer, x25519_public_key bytea, ed25519_signature bytea, ed25519_public_key bytea
)
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
set plan_cache_mode to force_generic_plan
set enable_seqscan to off
as $$
#variable_conflict use_column
begin
  if (phone ~ '^\+[1-9][0-9]{6,14}$') is not true then
    raise exception 'phone must be an E.164 number: + and 7 to 15 digits, the first of them not 0'
      using errcode = 'invalid_parameter_value';
  end if;

  return query
  select key.key_version, key.x25519_public_key, key.ed25519_signature, key.ed25519_public_key
  from public.users
  join public.messaging_public_keys as key on key.user_id = users.id
  where users.phone_number = phone and key.is_active;
end
$$;

-- 390_rotate_session_key.sql
create or replace function public.rotate_session_key(
  owner_id integer,
  replaced text,
  session text,
  devices integer[],
  sealed_keys bytea[],
  expires_in interval default null
) returns bigint
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
set timezone to 'UTC'
set plan_cache_mode to force_generic_plan
set enable_seqscan to off
as $$
declare
  refusal text;
  counter bigint := 0;
  replaceable boolean;
begin
  if pg_current_xact_id_if_assigned() is not null then
    raise exception 'rotate_session_key must be the first write of its transaction'
      using errcode = 'active_sql_transaction';
  end if;
  refusal := case
    when (octet_length(session) between 1 and 255) is not true
      then 'session must have 1 to 255 bytes'
    when (cardinality(devices) > 0 and cardinality(devices) = cardinality(sealed_keys)) is not true
      then 'devices and sealed_keys must have one element for each device'
    when (array_position(devices, null) is null and array_position(sealed_keys, null) is null) is not true
      then 'no element of devices or sealed_keys may be null'
    when expires_in not between interval '1 second' and interval '100 years'
      then 'expires_in must be from one second to 100 years'
  end;
  if refusal is not null then
    raise exception '%', refusal using errcode = 'invalid_parameter_value';
  end if;

  perform from public.users where id = owner_id for no key update;  -- no device comes or goes meanwhile
  if not found then
    raise exception 'there is no such user' using errcode = 'no_data_found';
  end if;
  if
    (select array_agg(device order by device) from unnest(devices) as device) is distinct from
    (select array_agg(id order by id) from public.webauthn_credentials where user_id = owner_id and is_active)
  then
    raise exception 'devices must be the active devices of the user, each once'
      using errcode = 'object_not_in_prerequisite_state';
  end if;

  if replaced is not null then
    -- What a sweep made inactive may still be replaced; what was replaced already may not, or the session
    -- forks.
    select max(key_rotation_counter) + 1, bool_or(is_active or expires_at <= now() at time zone 'utc')
    into counter, replaceable
    from public.device_session_keys
    where user_id = owner_id and session_key_id = replaced;
    if counter is null then
      raise exception 'the user has no session key of that id' using errcode = 'no_data_found';
    end if;
    if replaceable is not true then
      raise exception 'the session key was replaced already'
        using errcode = 'object_not_in_prerequisite_state';
    end if;
    update public.device_session_keys set is_active = false
    where user_id = owner_id and session_key_id = replaced and is_active;
  end if;

  -- The constraints would name the two users in the log; this does not.
  begin
    insert into public.device_session_keys (
      user_id, webauthn_credential_id, session_key_id, encrypted_session_key, key_rotation_counter, expires_at
    )
    select owner_id, device, session, sealed_key, counter, now() at time zone 'utc' + expires_in
    from unnest(devices, sealed_keys) as sealed (device, sealed_key);
  exception
    when unique_violation or exclusion_violation then
      raise exception 'the session key id is taken' using errcode = 'unique_violation';
  end;
  return counter;
end
$$;

-- 400_session_keys.sql
create or replace function public.session_keys(device_id integer)
returns table (
  session_key_id text,
  encrypted_session_key bytea,
  key_rotation_counter bigint,
  expires_at timestamp without time zone,
  is_active boolean
)
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
set plan_cache_mode to force_generic_plan
set enable_seqscan to off
as $$
#variable_conflict use_column
begin
  return query
  select
    session_key_id, encrypted_session_key, key_rotation_counter, expires_at,
    is_active and (expires_at > now() at time zone 'utc') is not false
  from public.device_session_keys
  where webauthn_credential_id = device_id
  order by id;
  if not found then
    perform from public.webauthn_credentials where id = device_id;
    if not found then
      raise exception 'there is no such device' using errcode = 'no_data_found';
    end if;
  end if;
end
$$;

-- 410_publish_ephemeral_key.sql
create or replace function public.publish_ephemeral_key(
  destination text, public_key bytea, exchange text, expires_in interval default interval '5 minutes'
) returns void
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
set timezone to 'UTC'
set plan_cache_mode to force_generic_plan
set enable_seqscan to off
as $$
declare
  refusal text;
begin
  if pg_current_xact_id_if_assigned() is not null then
    raise exception 'publish_ephemeral_key must be the first write of its transaction'
      using errcode = 'active_sql_transaction';
  end if;
  refusal := case
    when (destination ~ '^\+[1-9][0-9]{6,14}$') is not true
      then 'destination must be an E.164 number: + and 7 to 15 digits, the first of them not 0'
    when (octet_length(public_key) = 32) is not true
      then 'public_key must be an X25519 key of 32 bytes'
    when (octet_length(exchange) between 1 and 255) is not true
      then 'exchange must have 1 to 255 bytes'
    when (expires_in between interval '1 second' and interval '1 hour') is not true
      then 'expires_in must be from one second to one hour'
  end;
  if refusal is not null then
    raise exception '%', refusal using errcode = 'invalid_parameter_value';
  end if;

  -- The lock keeps a number from being forgotten meanwhile, which would leave the key behind.
  perform from public.users where phone_number = destination for key share;
  if not found then
    return;
  end if;
  insert into public.ephemeral_keys (destination_phone, ephemeral_public_key, key_exchange_id, expires_at)
  values (destination, public_key, exchange, now() at time zone 'utc' + expires_in)
  on conflict do nothing;
  if not found then
    raise exception 'the exchange id is taken' using errcode = 'unique_violation';
  end if;
end
$$;

-- 420_claim_ephemeral_key.sql
create or replace function public.claim_ephemeral_key(destination text, exchange text default null)
returns table (key_exchange_id text, ephemeral_public_key bytea)
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
set plan_cache_mode to force_generic_plan
set enable_seqscan to off
as $$
#variable_conflict use_column
begin
  if pg_current_xact_id_if_assigned() is not null then
    raise exception 'claim_ephemeral_key must be the first write of its transaction'
      using errcode = 'active_sql_transaction';
  end if;
  if (destination ~ '^\+[1-9][0-9]{6,14}$') is not true then
    raise exception 'destination must be an E.164 number: + and 7 to 15 digits, the first of them not 0'
      using errcode = 'invalid_parameter_value';
  end if;

  if exchange is null then
    return query
    delete from public.ephemeral_keys
    where id = (
      select id
      from public.ephemeral_keys
      where destination_phone = destination and not used and expires_at > now() at time zone 'utc'
      order by expires_at
      limit 1
      for update skip locked
    )
    returning key_exchange_id, ephemeral_public_key;
  else
    return query
    delete from public.ephemeral_keys
    where
      key_exchange_id = exchange
      and destination_phone = destination
      and not used
      and expires_at > now() at time zone 'utc'
    returning key_exchange_id, ephemeral_public_key;
  end if;
end
$$;

-- 430_send_message.sql
create or replace function public.send_message(
  destination text, content bytea, message text, kind text default 'text', expires_in interval default null
) returns boolean
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
set timezone to 'UTC'
set plan_cache_mode to force_generic_plan
set enable_seqscan to off
as $$
declare
  refusal text;
  devices integer[];
begin
  if pg_current_xact_id_if_assigned() is not null then
    raise exception 'send_message must be the first write of its transaction'
      using errcode = 'active_sql_transaction';
  end if;
  refusal := case
    when (octet_length(content) between 28 and 1048576) is not true
      then 'content must have 28 bytes (nonce and tag) to 1048576'
    when (octet_length(message) between 1 and 255) is not true
      then 'message must have 1 to 255 bytes'
    when (char_length(kind) between 1 and 20) is not true
      then 'kind must have 1 to 20 characters'
    when expires_in not between interval '1 second' and interval '100 years'
      then 'expires_in must be from one second to 100 years'
  end;
  if refusal is not null then
    raise exception '%', refusal using errcode = 'invalid_parameter_value';
  end if;

  -- The lock waits for a device that is being revoked, and then passes over it; the foreign key takes it
  -- anyway.
  devices := array(
    select webauthn_credentials.id
    from public.users
    join public.webauthn_credentials on webauthn_credentials.user_id = users.id
    where users.phone_number = destination and webauthn_credentials.is_active
    for key share of webauthn_credentials
  );
  if cardinality(devices) = 0 then
    -- A number that is registered is well formed; only the others have to be looked at.
    if (destination ~ '^\+[1-9][0-9]{6,14}$') is not true then
      raise exception 'destination must be an E.164 number: + and 7 to 15 digits, the first of them not 0'
        using errcode = 'invalid_parameter_value';
    end if;
    return true;
  end if;

  with stored as (
    insert into public.messages (destination_phone, encrypted_content, message_id, message_type, expires_at)
    values (destination, content, message, kind, now() at time zone 'utc' + expires_in)
    on conflict (message_id) do nothing
    returning id
  )
  insert into public.message_deliveries (message_id, webauthn_credential_id)
  select stored.id, device from stored, unnest(devices) as device;
  if found then
    return true;
  end if;
  if exists (select from public.messages where message_id = message and destination_phone <> destination) then
    raise exception 'the message id is taken' using errcode = 'unique_violation';
  end if;
  return false;
end
$$;

-- 440_send_messages.sql
create or replace function public.send_messages(
  destinations text[],
  contents bytea[],
  message_ids text[],
  kinds text[] default null,
  expires_in interval[] default null
) returns boolean[]
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
set timezone to 'UTC'
set plan_cache_mode to force_generic_plan
set enable_seqscan to off
as $$
declare
  wrong bigint;
  answers boolean[];
begin
  if pg_current_xact_id_if_assigned() is not null then
    raise exception 'send_messages must be the first write of its transaction'
      using errcode = 'active_sql_transaction';
  end if;
  if (cardinality(destinations) between 1 and 10000) is not true then
    raise exception 'a batch must have 1 to 10000 messages' using errcode = 'invalid_parameter_value';
  end if;
  if
    (
      cardinality(contents) = cardinality(destinations)
      and cardinality(message_ids) = cardinality(destinations)
      and coalesce(cardinality(kinds), cardinality(destinations)) = cardinality(destinations)
      and coalesce(cardinality(expires_in), cardinality(destinations)) = cardinality(destinations)
    ) is not true
  then
    raise exception 'every array must have one element for each message'
      using errcode = 'invalid_parameter_value';
  end if;
  select min(place)
  into wrong
  from unnest(destinations, contents, message_ids, kinds, expires_in)
    with ordinality as item (destination, content, message, kind, life, place)
  where
    (
      destination is not null
      and octet_length(content) between 28 and 1048576
      and octet_length(message) between 1 and 255
      and (kind is null or char_length(kind) between 1 and 20)
      and (life is null or life between interval '1 second' and interval '100 years')
    ) is not true;
  if wrong is not null then
    raise exception 'message % of the batch has an argument that send_message would refuse', wrong
      using errcode = 'invalid_parameter_value';
  end if;

  with item as materialized (
    select destination, content, message, coalesce(kind, 'text') as kind, life, place
    from unnest(destinations, contents, message_ids, kinds, expires_in)
      with ordinality as item (destination, content, message, kind, life, place)
  ),
  device as materialized (
    select users.phone_number, webauthn_credentials.id
    from public.users
    join public.webauthn_credentials on webauthn_credentials.user_id = users.id
    where users.phone_number = any(destinations) and webauthn_credentials.is_active
    order by webauthn_credentials.id
    for key share of webauthn_credentials
  ),
  stored as (
    insert into public.messages (destination_phone, encrypted_content, message_id, message_type, expires_at)
    select destination, content, message, kind, now() at time zone 'utc' + life
    from item
    where destination in (select phone_number from device)
    order by hashtextextended(message, 0), place
    on conflict (message_id) do nothing
    returning id, message_id, destination_phone
  ),
  delivered as (
    insert into public.message_deliveries (message_id, webauthn_credential_id)
    select stored.id, device.id
    from stored
    join device on device.phone_number = stored.destination_phone
  ),
  known as (
    select place, destination, message, destination in (select phone_number from device) as is_known
    from item
  ),
  answer as (
    select
      known.place,
      known.destination,
      known.is_known,
      stored.id is not null as is_stored,
      row_number() over (partition by known.message, known.is_known order by known.place) as occurrence
    from known
    left join stored on stored.message_id = known.message
  )
  select
    array_agg(is_stored and occurrence = 1 or not is_known order by place),
    -- A number that is registered is well formed; only the others have to be looked at.
    min(place) filter (where not is_known and destination !~ '^\+[1-9][0-9]{6,14}$')
  into answers, wrong
  from answer;
  if wrong is not null then
    raise exception 'the destination of message % of the batch must be an E.164 number', wrong
      using errcode = 'invalid_parameter_value';
  end if;

  if false = any(answers) then
    perform
    from unnest(answers, destinations, message_ids) as item (answer, destination, message)
    join public.messages on messages.message_id = item.message
    where not item.answer and messages.destination_phone <> item.destination;
    if found then
      raise exception 'a message id of the batch is taken' using errcode = 'unique_violation';
    end if;
  end if;
  return answers;
end
$$;

-- 450_fetch_messages.sql
create or replace function public.fetch_messages(device_id integer, page integer default 100)
returns table (
  id bigint,
  message_id text,
  encrypted_content bytea,
  "timestamp" timestamp without time zone,
  message_type varchar,
  expires_at timestamp without time zone
)
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
set plan_cache_mode to force_generic_plan
set enable_seqscan to off
as $$
#variable_conflict use_column
begin
  if (page between 1 and 1000) is not true then
    raise exception 'page must be from 1 to 1000' using errcode = 'invalid_parameter_value';
  end if;

  return query
  select
    messages.id, messages.message_id, messages.encrypted_content, messages."timestamp", messages.message_type,
    messages.expires_at
  from public.message_deliveries
  join public.messages on messages.id = message_deliveries.message_id
  where
    message_deliveries.webauthn_credential_id = device_id
    and message_deliveries.delivery_status = 'pending'
    and (messages.expires_at > now() at time zone 'utc') is not false
  order by message_deliveries.message_id
  limit page;
  if not found then
    perform from public.webauthn_credentials where id = device_id and is_active;
    if not found then
      raise exception 'there is no such active device' using errcode = 'no_data_found';
    end if;
  end if;
end
$$;

-- 460_acknowledge.sql
create or replace function public.acknowledge(device_id integer, messages bigint[], outcome text)
returns integer
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
set timezone to 'UTC'
set plan_cache_mode to force_generic_plan
set enable_seqscan to off
as $$
declare
  refusal text;
  changed integer;
begin
  if pg_current_xact_id_if_assigned() is not null then
    raise exception 'acknowledge must be the first write of its transaction'
      using errcode = 'active_sql_transaction';
  end if;
  refusal := case
    when (cardinality(messages) between 1 and 10000) is not true
      then 'an acknowledgement must name 1 to 10000 messages'
    when (array_position(messages, null) is null) is not true
      then 'no message may be null'
    when (outcome in ('delivered', 'read', 'failed')) is not true
      then 'outcome must be delivered, read or failed'
  end;
  if refusal is not null then
    raise exception '%', refusal using errcode = 'invalid_parameter_value';
  end if;

  if outcome = 'read' then
    update public.message_deliveries
    set
      delivery_status = 'delivered',
      delivered_at = coalesce(delivered_at, date_trunc('hour', now() at time zone 'utc')),
      read_at = date_trunc('hour', now() at time zone 'utc')
    where webauthn_credential_id = device_id and message_id = any(messages) and read_at is null;
  elsif outcome = 'delivered' then
    update public.message_deliveries
    set delivery_status = 'delivered', delivered_at = date_trunc('hour', now() at time zone 'utc')
    where
      webauthn_credential_id = device_id
      and message_id = any(messages)
      and delivery_status in ('pending', 'failed');
  else
    update public.message_deliveries
    set delivery_status = 'failed'
    where webauthn_credential_id = device_id and message_id = any(messages) and delivery_status = 'pending';
  end if;
  get diagnostics changed = row_count;
  if changed = 0 then  -- an IF of its own: a condition with a subquery in it costs a query every time
    perform from public.webauthn_credentials where id = device_id;
    if not found then
      raise exception 'there is no such device' using errcode = 'no_data_found';
    end if;
  end if;
  return changed;
end
$$;

-- 501_retention_row_text.sql
create or replace function public.retention_row_text(entry public.retention_runs) returns text
language sql stable
set search_path = pg_catalog, pg_temp
as $$
  select concat(
    'nosender.retention_runs/1', e'\n',
    'id=', entry.id, e'\n',
    'run_id=', entry.run_id, e'\n',
    'phase=', entry.phase, e'\n',
    'table_name=', entry.table_name, e'\n',
    'status=', entry.status, e'\n',
    'error_class=', entry.error_class, e'\n',
    'policy_hash=', encode(entry.policy_hash, 'hex'), e'\n',
    'cutoff=', to_char(entry.cutoff, 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), e'\n',
    'clock_before=', to_char(entry.clock_before, 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), e'\n',
    'clock_after=', to_char(entry.clock_after, 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), e'\n',
    'deleted=', entry.deleted, e'\n',
    'deactivated=', entry.deactivated, e'\n',
    'children=', entry.children, e'\n',
    'batches=', entry.batches, e'\n',
    'blocked=', entry.blocked, e'\n',
    'oldest_remaining=', to_char(entry.oldest_remaining, 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), e'\n',
    'anchor_id=', entry.anchor_id, e'\n',
    'anchor_hash=', encode(entry.anchor_hash, 'hex'), e'\n',
    'file_number=', entry.file_number, e'\n',
    'dropped_columns=', entry.dropped_columns, e'\n',
    'previous_hash=', encode(entry.previous_hash, 'hex'), e'\n'
  )
$$;

-- 510_retention_policy.sql
create or replace function public.retention_policy()
returns table (
  table_name text,
  expires_column text,   -- the row has expired once this moment has passed; NULL never expires
  action text,           -- delete, or deactivate: set the flag to false and keep the row
  flag text,
  at_once text,          -- a row where this is true goes with the next sweep
  max_age interval,      -- a row this much older than its max_age_column goes, unless its expiry lies ahead
  max_age_column text,
  children text[]        -- tables whose rows go with the row, by cascade
)
language sql immutable
set search_path = pg_catalog, pg_temp
as $$
  values
  ('device_session_keys', 'expires_at', 'deactivate', 'is_active', null, null::interval, null, '{}'::text[]),
  ('ephemeral_keys', 'expires_at', 'delete', null, 'used', null, null, '{}'),
  ('messages', 'expires_at', 'delete', null, null, null, null, '{message_deliveries}'),
  ('retention_runs', null, 'delete', null, null, interval '400 days', 'clock_after', '{}')
$$;

-- 511_retention_policy_hash.sql
create or replace function public.retention_policy_hash() returns bytea
language sql stable
set search_path = pg_catalog, pg_temp
as $$
  select sha256(convert_to(string_agg(
    concat_ws(
      '|', table_name, coalesce(expires_column, ''), action, coalesce(flag, ''), coalesce(at_once, ''),
      coalesce(extract(epoch from max_age)::bigint::text, ''), coalesce(max_age_column, ''),
      array_to_string(children, ',')
    ) || e'\n', '' order by place
  ), 'UTF8'))
  from public.retention_policy() with ordinality as policy (
    table_name, expires_column, action, flag, at_once, max_age, max_age_column, children, place
  )
$$;

-- 512_retention_due.sql
create or replace function public.retention_due(expires_column text, at_once text) returns text
language sql immutable
set search_path = pg_catalog, pg_temp
as $$
  select case
    when at_once is null then quote_ident(expires_column)
    else format(
      '(case when %I then ''-infinity''::timestamp without time zone else %I end)', at_once, expires_column
    )
  end
$$;

-- 520_retention_runs_guard.sql
create or replace function public.retention_runs_guard() returns trigger
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
  tail public.retention_runs;
begin
  if tg_op = 'DELETE' then
    -- A later row says up to where old rows were taken off, and with which hash the chain goes on.
    if not exists (select from public.retention_runs where anchor_id >= old.id and id > anchor_id) then
      raise exception 'retention_runs is append-only: row % may not be deleted', old.id
        using errcode = 'restrict_violation';
    end if;
    return old;
  elsif tg_op <> 'INSERT' then
    raise exception 'retention_runs is append-only: % is refused', lower(tg_op)
      using errcode = 'restrict_violation';
  end if;
  perform pg_advisory_xact_lock(
    hashtext('nosender.retention_runs'), 'public.retention_runs'::regclass::oid::integer
  );
  select * into tail from public.retention_runs order by id desc limit 1;
  if new.id is distinct from coalesce(tail.id, 0) + 1
    or new.previous_hash is distinct from coalesce(tail.row_hash, sha256('nosender.retention_runs/1'))
    or new.row_hash is distinct from sha256(convert_to(public.retention_row_text(new), 'UTF8'))
  then
    raise exception 'retention_runs is a chain: the new row does not continue it'
      using errcode = 'restrict_violation';
  end if;
  if new.anchor_id is not null and not exists (
    select from public.retention_runs as entry, public.retention_policy() as policy
    where
      entry.id = new.anchor_id and entry.row_hash = new.anchor_hash
      and policy.table_name = 'retention_runs'
      and entry.clock_after <= (now() at time zone 'utc') - policy.max_age
  ) then
    raise exception 'retention_runs keeps its rows: the anchor is not a row past its maximum age'
      using errcode = 'restrict_violation';
  end if;
  return new;
end
$$;

-- 521_retention_append.sql
create or replace function public.retention_append(entry public.retention_runs) returns public.retention_runs
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
  perform pg_advisory_xact_lock(
    hashtext('nosender.retention_runs'), 'public.retention_runs'::regclass::oid::integer
  );
  select id + 1, row_hash into entry.id, entry.previous_hash
  from public.retention_runs order by id desc limit 1;
  entry.id := coalesce(entry.id, 1);
  entry.previous_hash := coalesce(entry.previous_hash, sha256('nosender.retention_runs/1'));
  entry.clock_after := clock_timestamp() at time zone 'utc';
  entry.row_hash := sha256(convert_to(public.retention_row_text(entry), 'UTF8'));
  insert into public.retention_runs select entry.*;
  return entry;
end
$$;

-- 530_retention_begin.sql
create or replace function public.retention_begin(
  most integer default 5000,
  target_ms numeric default 1,
  duty numeric default 0.5,
  rate integer default null,
  patience_ms integer default 2000,
  tables text[] default null,
  canary boolean default false
) returns jsonb
language plpgsql security definer
set search_path = pg_catalog, pg_temp
set timezone to 'UTC'
as $$
declare
  entry public.retention_runs;
  swept record;
  child text;
  last_clock timestamp;
  chosen text[] := '{}';
  holder integer;
begin
  if not (most >= 1 and duty > 0 and duty <= 1 and coalesce(target_ms, 1) > 0 and coalesce(rate, 1) >= 1
    and patience_ms >= 0)
  then
    raise exception 'a sweep needs most, target_ms and rate above 0, a duty above 0 and at most 1'
      using errcode = 'invalid_parameter_value';
  end if;
  for swept in select * from public.retention_policy() loop
    continue when tables is not null and swept.table_name <> all (tables);
    foreach child in array swept.table_name || swept.children loop
      if to_regclass('public.' || quote_ident(child)) is null then
        raise exception 'the table % of the retention policy does not exist', child
          using errcode = 'undefined_table';
      end if;
    end loop;
    chosen := chosen || swept.table_name;
  end loop;
  if cardinality(chosen) = 0 or cardinality(chosen) < cardinality(tables) then
    raise exception 'the retention policy does not name every table that was asked for'
      using errcode = 'invalid_parameter_value';
  end if;
  -- Locks of the session, because a sweep is many transactions; they end with it, however it ends.
  for i in 1 .. cardinality(chosen) loop
    continue when pg_try_advisory_lock(
      hashtext('nosender.retention'), ('public.' || quote_ident(chosen[i]))::regclass::oid::integer
    );
    select pid into holder from pg_locks
    where
      locktype = 'advisory' and granted and pid <> pg_backend_pid()
      and database = (select oid from pg_database where datname = current_database())
      and classid = hashtext('nosender.retention')::bigint & 4294967295
      and objid = ('public.' || quote_ident(chosen[i]))::regclass::oid;
    perform public.retention_unlock(chosen[1 : i - 1]);
    raise exception 'another sweep of % is running (process %)', chosen[i], coalesce(holder::text, 'unknown')
      using errcode = 'lock_not_available';
  end loop;
  begin
    select clock_after into last_clock from public.retention_runs order by id desc limit 1;
    entry.run_id := gen_random_uuid();
    entry.phase := 'started';
    entry.policy_hash := public.retention_policy_hash();
    entry.cutoff := clock_timestamp() at time zone 'utc';
    entry.clock_before := entry.cutoff;
    entry.deleted := 0;
    entry.deactivated := 0;
    entry.children := 0;
    entry.batches := 0;
    entry.blocked := 0;
    entry := public.retention_append(entry);
  exception when others then
    perform public.retention_unlock(chosen);
    raise;
  end;
  return jsonb_build_object(
    'run', entry.run_id, 'started', entry.id, 'cutoff', entry.cutoff, 'policy', encode(entry.policy_hash, 'hex'),
    -- Less is expired by a clock that went back, so nothing is lost; but what is overdue may be missed.
    'clock_back', coalesce(last_clock > entry.cutoff + interval '1 second', false),
    'most', most, 'size', case when target_ms is null then most else least(most, 200) end,
    'target_ms', target_ms, 'duty', duty, 'rate', rate, 'patience_ms', patience_ms,
    'canary', canary, 'tables', to_jsonb(chosen), 'at', 0, 'pass', 'begin', 'began', entry.clock_before,
    'deleted', 0, 'deactivated', 0, 'children', 0, 'batches', 0, 'blocked', 0,
    'total', jsonb_build_object('deleted', 0, 'deactivated', 0, 'children', 0, 'batches', 0, 'blocked', 0),
    'pause_ms', 0, 'finished', false
  );
end
$$;

-- 531_retention_unlock.sql
create or replace function public.retention_unlock(tables text[]) returns void
language sql
set search_path = pg_catalog, pg_temp
as $$
  select pg_advisory_unlock(hashtext('nosender.retention'), place::oid::integer)
  from unnest(tables) as name
  cross join lateral to_regclass('public.' || quote_ident(name)) as place
  where place is not null
$$;

-- 540_retention_batch.sql
create or replace function public.retention_batch(state jsonb, table_to_sweep text, cutoff timestamp)
returns jsonb
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
  policy record;
  home regclass;
  pass text := state ->> 'pass';
  deletes boolean;  -- or else marks inactive
  size bigint := (state ->> 'size')::bigint;
  last_time timestamp := coalesce(state ->> 'time', '-infinity')::timestamp;
  last_id bigint := coalesce(state ->> 'id', '-9223372036854775808')::bigint;
  last_place tid := coalesce(state ->> 'place', '(0,0)')::tid;
  to_time timestamp;
  to_id bigint;
  until_time timestamp := least((state ->> 'until_time')::timestamp, cutoff);
  until_id bigint := case
    when (state ->> 'until_time')::timestamp <= cutoff then (state ->> 'until_id')::bigint
    else 9223372036854775807
  end;
  to_place tid;
  stretch tid;
  until_place tid := coalesce(state ->> 'until_place', '(4294967294,0)')::tid;
  ids bigint[];
  exhausted boolean;
  oldest timestamp;
  moment text;   -- when a row is due
  expired text;
  due text;      -- the condition under which a row may go, tested again on a row that was waited for
  slice text;    -- the rows of this batch, so far as their place in the walk says
  bound text;    -- finds the end of the batch
  counted bigint;
  children_before bigint := 0;
  affected bigint := 0;
  skip boolean := coalesce((state ->> 'skip')::boolean, false);
  started timestamptz;
  patience text := current_setting('lock_timeout');
begin
  select * into strict policy from public.retention_policy() where table_name = table_to_sweep;
  home := ('public.' || quote_ident(policy.table_name))::regclass;
  deletes := policy.action = 'delete' or pass = 'age';
  oldest := cutoff - policy.max_age;
  moment := public.retention_due(policy.expires_column, policy.at_once);
  expired := format('%s <= (select $5)', moment);
  -- Values come as (select $n): as constants they would have the planner look for the ends of the index,
  -- through all the dead entries there.
  if policy.action = 'deactivate' and pass in ('keys', 'last') then
    -- The index holds no id, so among rows of one expiry there is no order to walk in: what is done leaves
    -- the index, and only the last pass, which must get past a row it cannot have, sorts.
    due := format('%I and %s', policy.flag, expired);
    slice := 'id = any($9)';
    bound := case when pass = 'last' then format(
      'select array_agg(id), max(%1$I), max(id), null::tid, count(*) from (select id, %1$I from %2$s
       where %3$s and (%1$I, id) > ((select $1), (select $2)) order by %1$I, id limit $8) as batch',
      policy.expires_column, home, due
    ) else format(
      'select array_agg(id), max(%1$I), null::bigint, null::tid, count(*) from (select id, %1$I from %2$s
       where %3$s and %1$I >= (select $1) order by %1$I limit $8 %4$s) as batch',
      policy.expires_column, home, due, case when skip then 'for update skip locked' end
    ) end;
  elsif pass in ('keys', 'last') then
    due := expired;
    slice := format(
      '(%1$s, id) > ((select $1), (select $2)) and (%1$s, id) <= ((select $3), (select $4))', moment
    );
    -- With `due`, though the slice says as much: without it no index of the rows that expire answers.
    bound := format(
      'select null::bigint[], %1$s, id, null::tid, $8 from %2$s
       where %3$s and %4$s order by %1$s, id offset $8 - 1 limit 1',
      moment, home, slice, due
    );
  else
    -- Inside coalesce no index answers it: these passes go by place and by nothing else.
    due := case
      when pass = 'blocks' then format('coalesce(%s, false)', expired)
      when policy.expires_column is null then format('coalesce(%I <= (select $10), false)', policy.max_age_column)
      else format('coalesce(%I <= (select $10), false) and coalesce(%s, true)', policy.max_age_column, expired)
    end;
    slice := 'ctid > $6 and ctid <= $7';
    -- At most so many blocks for a batch, or a stretch without expired rows would be read in one transaction.
    stretch := least(
      format('(%s,0)', least((last_place::text::point)[0] + greatest(size, 64), 4294967294)::bigint)::tid, until_place
    );
    bound := format(
      'select null::bigint[], null::timestamp, null::bigint, ctid, $8 from %s
       where %s and %s offset $8 - 1 limit 1',
      home, slice, due
    );
  end if;

  execute bound into ids, to_time, to_id, to_place, counted
  using last_time, last_id, until_time, until_id, cutoff, last_place, stretch, size, ids, oldest;
  exhausted := coalesce(counted, 0) < size;
  if exhausted and stretch is not null then
    to_place := stretch;
    exhausted := stretch = until_place or (stretch::text::point)[0] * current_setting('block_size')::bigint
      >= pg_relation_size(home);
  elsif exhausted and ids is null and pass in ('keys', 'last') then
    to_time := until_time;
    to_id := until_id;
  end if;

  if not (pass = 'last' and size = 1) then
    perform set_config(
      'lock_timeout', greatest(coalesce((state ->> 'target_ms')::numeric, 0), 50)::integer::text, true
    );
  end if;
  <<attempt>>
  for again in 1 .. 2 loop
    exit attempt when counted = 0;
    begin
      if current_setting('track_counts')::boolean then
        children_before := public.retention_children(policy.children);
      else
        execute public.retention_children_query(
          policy.table_name, policy.children, format('%s and %s', slice, due)
        )
        into children_before
        using last_time, last_id, to_time, to_id, cutoff, last_place, to_place, size, ids, oldest;
        children_before := -coalesce(children_before, 0);
      end if;
      started := clock_timestamp();
      execute format(
        case when deletes then 'delete from %1$s where %2$s and %3$s'
          else 'update %1$s set %4$I = false where %2$s and %3$s' end,
        home,
        case when again = 1 then slice else format(
          'id = any(array(select id from %s where %s and %s for update skip locked))',
          home, slice, due
        ) end,
        due, policy.flag
      ) using last_time, last_id, to_time, to_id, cutoff, last_place, to_place, size, ids, oldest;
      get diagnostics affected = row_count;
      exit attempt;
    exception when lock_not_available or deadlock_detected then
      affected := 0;
      if again = 1 then
        -- Somebody who holds a whole table makes the sweep fail, rather than seem to hold row after row.
        perform set_config('lock_timeout', patience, true);
        execute format('lock table %s in row exclusive mode', (
          select string_agg(('public.' || quote_ident(each))::regclass::text, ', ')
          from unnest(policy.table_name || policy.children) as each
        ));
        perform set_config('lock_timeout', '50', true);
      end if;
      state := state || jsonb_build_object('skip', true, 'left', true);
      if pass = 'last' then
        -- Halve until the locked row stands alone; wait for it as long as the sweep has patience; then go
        -- past.
        state := state || jsonb_build_object('patience_ms', greatest(
          0, (state ->> 'patience_ms')::numeric - extract(epoch from clock_timestamp() - started) * 1000
        ));
        if size > 1 then
          return state || jsonb_build_object('size', size / 2, 'halved', true);
        end if;
        state := state || jsonb_build_object('blocked', (state ->> 'blocked')::bigint + 1);
        exit attempt;
      end if;
    end;
  end loop;

  return state || jsonb_build_object(
    'time', to_time, 'id', to_id, 'place', to_place, 'exhausted', exhausted, 'halved', false,
    'affected', affected,
    case when deletes then 'deleted' else 'deactivated' end,
    (state ->> case when deletes then 'deleted' else 'deactivated' end)::bigint + affected,
    'children', (state ->> 'children')::bigint
    + case when affected > 0 then public.retention_children(policy.children) - children_before else 0 end,
    'batches', (state ->> 'batches')::bigint + (affected > 0)::integer
  );
end
$$;

-- 541_retention_children_query.sql
create or replace function public.retention_children_query(parent text, tables text[], condition text)
returns text
language sql stable
set search_path = pg_catalog, pg_temp
as $$
  select coalesce(
    'select sum(n) from (' || string_agg(
      format(
        'select count(*) as n from %s where %I in (select %I from %s where %s)',
        c.conrelid::regclass, a.attname, p.attname, c.confrelid::regclass, condition
      ), ' union all '
    ) || ') as counted', 'select 0'
  )
  from unnest(tables) as child
  inner join pg_constraint as c
    on c.conrelid = ('public.' || quote_ident(child))::regclass
    and c.confrelid = ('public.' || quote_ident(parent))::regclass and c.contype = 'f'
  inner join pg_attribute as a on a.attrelid = c.conrelid and a.attnum = c.conkey[1]
  inner join pg_attribute as p on p.attrelid = c.confrelid and p.attnum = c.confkey[1]
$$;

-- 542_retention_children.sql
create or replace function public.retention_children(tables text[]) returns bigint
language sql volatile
set search_path = pg_catalog, pg_temp
as $$
  select coalesce(sum(pg_stat_get_xact_tuples_deleted(('public.' || quote_ident(name))::regclass)), 0)::bigint
  from unnest(tables) as name
$$;

-- 550_retention_step.sql
create or replace function public.retention_step(state jsonb) returns jsonb
language plpgsql security definer
set search_path = pg_catalog, pg_temp
set timezone to 'UTC'
set lock_timeout to '0'
-- The walks are made for these indexes. Rows of one expiry in their thousands make the planner think of the
-- whole table instead, batch by batch.
set enable_seqscan to off
set enable_bitmapscan to off
set jit to off
as $$
declare
  cutoff timestamp := least((state ->> 'cutoff')::timestamp, now()::timestamp);
  began timestamptz := clock_timestamp();
  name text := state #>> array['tables', state ->> 'at'];
  pass text := state ->> 'pass';
  policy record;
  target_ms numeric := (state ->> 'target_ms')::numeric;
  took_ms numeric;
  rows_done bigint;
  next_size numeric;
  pause_ms numeric := 0;
begin
  if (state ->> 'finished')::boolean then
    return state;
  elsif name is null then
    return public.retention_stop(state, 'done'::text, null::text);
  end if;
  select * into policy from public.retention_policy() where table_name = name;
  if not found then
    raise exception 'the retention policy does not name the table %', name using errcode = 'undefined_table';
  end if;
  if pass = 'begin' then
    pass := public.retention_next_pass(name, pass, false, cutoff);
    state := state || jsonb_build_object(
      'pass', pass, 'began', clock_timestamp()::timestamp, 'skip', false, 'left', false,
      'deleted', 0, 'deactivated', 0, 'children', 0, 'batches', 0, 'blocked', 0
    );
  end if;
  if pass = 'end' then
    return public.retention_swept(
      state, name, case when (state ->> 'blocked')::bigint > 0 then 'partial' else 'done' end, null::text
    );
  elsif pass = 'prune' then
    return public.retention_prune(state, name, policy.max_age);
  end if;

  -- A batch that is lost in a crash is deleted again by the next sweep: it need not wait for the disk. The
  -- receipt does, and with it everything before it.
  perform set_config('synchronous_commit', 'off', true);
  -- For whole tables that others hold; for their rows the batch itself is less patient.
  perform set_config('lock_timeout', greatest((state ->> 'patience_ms')::numeric, 1)::integer::text, true);
  began := clock_timestamp();
  state := public.retention_batch(state, name, cutoff);
  took_ms := greatest(extract(epoch from clock_timestamp() - began) * 1000, 0.01);
  rows_done := coalesce((state ->> 'affected')::bigint, 0);

  -- The size follows the time a batch took, at most by a factor of two; a small last batch says nothing.
  next_size := (state ->> 'size')::numeric;
  if target_ms is not null and not coalesce((state ->> 'halved')::boolean, false) and (
    rows_done >= next_size / 2 or took_ms > target_ms)
  then
    next_size := next_size * least(greatest(target_ms / took_ms, 0.5), 2);
  elsif target_ms is null and not coalesce((state ->> 'halved')::boolean, false) then
    next_size := (state ->> 'most')::numeric;
  end if;
  if not coalesce((state ->> 'halved')::boolean, false) then
    next_size := greatest(next_size, least(50, (state ->> 'most')::numeric));
  end if;
  pause_ms := took_ms * (1 - (state ->> 'duty')::numeric) / (state ->> 'duty')::numeric;
  if state ->> 'rate' is not null then
    pause_ms := greatest(pause_ms, rows_done * 1000.0 / (state ->> 'rate')::numeric - took_ms);
  end if;
  if (state ->> 'exhausted')::boolean and not coalesce((state ->> 'halved')::boolean, false) then
    state := state - array['time', 'id', 'place'] || jsonb_build_object(
      'pass', public.retention_next_pass(name, pass, (state ->> 'left')::boolean, cutoff)
    );
    pause_ms := case when rows_done = 0 then 0 else pause_ms end;
  end if;
  return state || jsonb_build_object(
    'size', least(next_size, (state ->> 'most')::numeric)::integer,
    'took_ms', round(took_ms, 3), 'pause_ms', round(pause_ms, 3),
    -- So that a caller whose connection breaks during the commit can ask what became of it.
    'transaction', pg_current_xact_id_if_assigned()::text
  );
end
$$;

-- 551_retention_part.sql
create or replace function public.retention_part(state jsonb, rows bigint) returns jsonb
language plpgsql security definer
set search_path = pg_catalog, pg_temp
set timezone to 'UTC'
set enable_seqscan to off
set enable_bitmapscan to off
set lock_timeout to '60s'  -- of a session that is gone; longer, and it is not
as $$
declare
  name text := state #>> array['tables', state ->> 'at'];
  policy record;
  home regclass;
  part integer;
  last_block bigint;
  to_time timestamp;
  to_id bigint;
begin
  select * into policy from public.retention_policy() where table_name = name;
  if not found or policy.action <> 'delete' or rows < 1 or state ->> 'pass' not in ('keys', 'blocks') then
    raise exception 'only a pass over a table whose rows are deleted can be shared'
      using errcode = 'invalid_parameter_value';
  end if;
  home := ('public.' || quote_ident(name))::regclass;
  part := hashtext(concat_ws(' ', home::oid, state ->> 'time', state ->> 'id', state ->> 'place'));
  perform pg_advisory_lock(hashtext('nosender.retention.part'), part);
  state := state || jsonb_build_object('part', part);
  if state ?| array['until_time', 'until_place'] then
    return state;
  elsif state ->> 'pass' = 'blocks' then
    last_block := (coalesce(state ->> 'place', '(0,0)')::point)[0]::bigint + rows;
    if last_block * current_setting('block_size')::bigint >= pg_relation_size(home) then
      return state;
    end if;
    return state || jsonb_build_object('until_place', format('(%s,0)', last_block));
  end if;
  execute format(
    'select %1$s, id from %2$s where (%1$s, id) > ((select $1), (select $2)) and %1$s <= (select $3)
     order by %1$s, id offset $4 - 1 limit 1',
    public.retention_due(policy.expires_column, policy.at_once), home
  ) into to_time, to_id
  using
    coalesce(state ->> 'time', '-infinity')::timestamp, coalesce((state ->> 'id')::bigint, 0),
    least((state ->> 'cutoff')::timestamp, now()::timestamp), rows;
  if to_id is null then
    return state;
  end if;
  return state || jsonb_build_object('until_time', to_time, 'until_id', to_id);
end
$$;

-- 552_retention_next_pass.sql
create or replace function public.retention_next_pass(
  name text, pass text, rows_left boolean, cutoff timestamp
)
returns text
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
  policy record;
begin
  select * into strict policy from public.retention_policy() where table_name = name;
  if name = 'retention_runs' then
    return case pass when 'begin' then 'prune' else 'end' end;
  elsif pass = 'begin' and public.retention_oldest(name, cutoff) is not null then
    return case
      when policy.action = 'delete' and public.retention_scattered(name, policy.expires_column, cutoff)
        then 'blocks'
      else 'keys'
    end;
  elsif pass in ('blocks', 'keys') and rows_left then
    return 'last';
  elsif pass in ('begin', 'blocks', 'keys', 'last') and policy.max_age is not null then
    return 'age';
  end if;
  return 'end';
end
$$;

-- 553_retention_scattered.sql
create or replace function public.retention_scattered(name text, expires_column text, cutoff timestamp)
returns boolean
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
  plan json;
  home regclass := ('public.' || quote_ident(name))::regclass;
  blocks bigint := pg_relation_size(home) / current_setting('block_size')::bigint;
begin
  if blocks < 256 or not exists (
    select from pg_stats
    where
      schemaname = (select nspname from pg_namespace where oid = 'public'::regnamespace)
      and tablename = name and attname = expires_column
      and abs(correlation) < 0.9
  ) then
    return false;
  end if;
  execute format('explain (format json) select from %s where %I <= %L', home, expires_column, cutoff)
  into plan;
  return (plan #>> '{0,Plan,Plan Rows}')::numeric >= blocks;
end
$$;

-- 560_retention_swept.sql
create or replace function public.retention_swept(
  state jsonb, name text, outcome text, error_class text default null
)
returns jsonb
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
  entry public.retention_runs := public.retention_entry(state);
  total jsonb := state -> 'total';
  what text;
begin
  entry.phase := 'swept';
  entry.table_name := name;
  entry.status := outcome;
  entry.error_class := error_class;
  entry.clock_before := (state ->> 'began')::timestamp;
  -- A walk that ended has left nothing behind unless it met a lock, and looking would cost a page for each
  -- row that is gone. With a table gone there is nothing to look at, and the receipt has to say that too.
  if
    (outcome <> 'done' or (state ->> 'left')::boolean)
    and to_regclass('public.' || quote_ident(name)) is not null
  then
    entry.oldest_remaining := public.retention_oldest(name, entry.cutoff);
  end if;
  if outcome = 'done' and entry.oldest_remaining is not null then
    entry.status := 'partial';
  end if;
  foreach what in array array['deleted', 'deactivated', 'children', 'batches', 'blocked'] loop
    total := total || jsonb_build_object(what, (total ->> what)::bigint + (state ->> what)::bigint);
  end loop;
  entry := public.retention_append(entry);
  return state || jsonb_build_object(
    'total', total, 'at', (state ->> 'at')::integer + 1, 'pass', 'begin', 'affected', 0, 'pause_ms', 0,
    'partial', coalesce((state ->> 'partial')::boolean, false) or entry.status <> 'done',
    'deleted', 0, 'deactivated', 0, 'children', 0, 'batches', 0, 'blocked', 0
  );
end
$$;

-- 561_retention_entry.sql
create or replace function public.retention_entry(state jsonb) returns public.retention_runs
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
  entry public.retention_runs;
begin
  select run_id, policy_hash, cutoff, clock_before
  into entry.run_id, entry.policy_hash, entry.cutoff, entry.clock_before
  from public.retention_runs
  where
    id = (state ->> 'started')::bigint and phase = 'started' and run_id = (state ->> 'run')::uuid
    and policy_hash = decode(state ->> 'policy', 'hex') and cutoff = (state ->> 'cutoff')::timestamp;
  if not found then
    raise exception 'no sweep of this state has started' using errcode = 'invalid_parameter_value';
  end if;
  entry.deleted := (state ->> 'deleted')::bigint;
  entry.deactivated := (state ->> 'deactivated')::bigint;
  entry.children := (state ->> 'children')::bigint;
  entry.batches := (state ->> 'batches')::bigint;
  entry.blocked := (state ->> 'blocked')::bigint;
  return entry;
end
$$;

-- 562_retention_stop.sql
create or replace function public.retention_stop(state jsonb, outcome text, error_class text default null)
returns jsonb
language plpgsql security definer
set search_path = pg_catalog, pg_temp
set timezone to 'UTC'
as $$
declare
  entry public.retention_runs;
  name text := state #>> array['tables', state ->> 'at'];
begin
  if (state ->> 'finished')::boolean then
    return state;
  end if;
  if name is not null and (outcome = 'failed' or state ->> 'pass' <> 'begin') then
    state := public.retention_swept(state, name, outcome, error_class);
  end if;
  if outcome = 'done' and (state ->> 'canary')::boolean then
    perform public.retention_plant(state);
  end if;
  entry := public.retention_entry(state || (state -> 'total'));
  entry.phase := 'finished';
  entry.status := case
    when outcome <> 'done' then outcome
    when coalesce((state ->> 'partial')::boolean, false) or (state ->> 'clock_back')::boolean then 'partial'
    else 'done'
  end;
  entry.error_class := case
    when outcome = 'done' and (state ->> 'clock_back')::boolean then 'clock-went-back' else error_class
  end;
  entry := public.retention_append(entry);
  perform public.retention_unlock(array(select jsonb_array_elements_text(state -> 'tables')));
  return state || jsonb_build_object(
    'finished', true, 'status', entry.status, 'error_class', entry.error_class,
    'ledger_id', entry.id, 'ledger_hash', encode(entry.row_hash, 'hex'), 'clock_after', entry.clock_after
  );
end
$$;

-- 563_retention_oldest.sql
create or replace function public.retention_oldest(name text, cutoff timestamp) returns timestamp
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
  policy record;
  oldest timestamp;
begin
  select * into strict policy from public.retention_policy() where table_name = name;
  if policy.expires_column is null then
    return null;
  end if;
  -- What goes at once may expire later; that it is there still is what counts.
  execute format(
    'select least(%1$I, $1) from %2$s where %3$s <= (select $1) and %4$s order by %3$s limit 1',
    policy.expires_column, ('public.' || quote_ident(name))::regclass,
    public.retention_due(policy.expires_column, policy.at_once),
    coalesce(quote_ident(policy.flag), 'true')
  ) into oldest using cutoff;
  return oldest;
end
$$;

-- 564_retention_prune.sql
create or replace function public.retention_prune(state jsonb, name text, max_age interval) returns jsonb
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
  entry public.retention_runs := public.retention_entry(state);
  first_id bigint;
  old boolean;
begin
  -- The first few rows tell whether there is anything to do; one of them may be from a clock that was ahead.
  select min(id), bool_or(clock_after <= now()::timestamp - max_age) into first_id, old
  from (select id, clock_after from public.retention_runs order by id limit 16) as first_rows;
  if old then
    select id, row_hash into entry.anchor_id, entry.anchor_hash
    from (select id, row_hash, clock_after from public.retention_runs order by id limit 10000) as beginning
    where clock_after <= now()::timestamp - max_age
    order by id desc limit 1;
  else
    return state || jsonb_build_object('at', (state ->> 'at')::integer + 1, 'pass', 'begin', 'affected', 0, 'pause_ms', 0);
  end if;
  entry.phase := 'swept';
  entry.table_name := name;
  entry.status := 'done';
  entry.clock_before := (state ->> 'began')::timestamp;
  entry.deleted := entry.anchor_id - first_id + 1;
  entry.batches := 1;
  entry := public.retention_append(entry);
  delete from public.retention_runs where id <= entry.anchor_id;
  return state || jsonb_build_object(
    'at', (state ->> 'at')::integer + 1, 'pass', 'begin', 'affected', 0, 'pause_ms', 0
  );
end
$$;

-- 570_retention_sweep.sql
create or replace procedure public.retention_sweep(
  most integer default 5000,
  target_ms numeric default 1,
  duty numeric default 0.5,
  rate integer default null,
  patience_ms integer default 2000,
  tables text[] default null,
  canary boolean default false
)
language plpgsql
as $$
declare
  -- These types are looked up before the first statement runs, in whatever search_path the caller has.
  state pg_catalog.jsonb;
  failure pg_catalog.text;
  message pg_catalog.text;
begin
  perform pg_catalog.set_config('search_path', 'pg_catalog, pg_temp', true);
  state := public.retention_begin(most, target_ms, duty, rate, patience_ms, tables, canary);
  commit;
  loop
    perform pg_catalog.set_config('search_path', 'pg_catalog, pg_temp', true);
    exit when (state ->> 'finished')::boolean;
    begin
      perform pg_sleep((state ->> 'pause_ms')::numeric / 1000);
      state := public.retention_step(state);
    exception when query_canceled or others then
      get stacked diagnostics failure = returned_sqlstate, message = message_text;
      state := public.retention_stop(
        state, case failure when '57014' then 'interrupted' else 'failed' end, failure
      );
    end;
    commit;
  end loop;
  if failure is not null then
    raise exception 'the sweep failed, which its receipt says too: %', message using errcode = failure;
  end if;
end
$$;

-- 580_retention_overdue.sql
create or replace function public.retention_overdue(most integer default 10000)
returns table (table_name text, due bigint, more boolean, estimate bigint, oldest timestamp)
language plpgsql security definer
set search_path = pg_catalog, pg_temp
set timezone to 'UTC'
set enable_seqscan to off
as $$
declare
  policy record;
  home regclass;
  due_when text;
  plan json;
  cutoff timestamp := now();
begin
  for policy in select * from public.retention_policy() as each where each.expires_column is not null loop
    table_name := policy.table_name;
    home := ('public.' || quote_ident(table_name))::regclass;
    due_when := format(
      '%s <= %L and %s', public.retention_due(policy.expires_column, policy.at_once), cutoff,
      coalesce(quote_ident(policy.flag), 'true')
    );
    execute format('select count(*) from (select from %s where %s limit %s) as due', home, due_when, most + 1)
    into due;
    more := due > most;
    due := least(due, most);
    estimate := due;
    if more then
      -- By the column itself: the planner keeps no statistics of the index's expression.
      execute format(
        'explain (format json) select from %s where %I <= %L and %s',
        home, policy.expires_column, cutoff, coalesce(quote_ident(policy.flag), 'true')
      ) into plan;
      estimate := greatest(due, (plan #>> '{0,Plan,Plan Rows}')::numeric::bigint);
    end if;
    oldest := public.retention_oldest(table_name, cutoff);
    return next;
  end loop;
end
$$;

-- 581_retention_ledger.sql
create or replace function public.retention_ledger(after bigint default 0, most integer default null)
returns setof public.retention_runs
language sql stable security definer
set search_path = pg_catalog, pg_temp
as $$
  select * from public.retention_runs where id > after order by id limit most
$$;

-- 582_retention_ledger_tail.sql
create or replace function public.retention_ledger_tail(most integer default 1)
returns setof public.retention_runs
language sql stable security definer
set search_path = pg_catalog, pg_temp
as $$
  select * from public.retention_runs order by id desc limit most
$$;

-- 583_retention_holders.sql
create or replace function public.retention_holders()
returns table (kind text, name text, transactions bigint, seconds bigint, complete boolean)
language sql stable security definer
set search_path = pg_catalog, pg_temp
as $$
  select
    held.kind, held.name, held.transactions::bigint, held.seconds::bigint,
    pg_has_role(current_user, 'pg_read_all_stats', 'usage') as complete
  from (
    select
      'session' as kind, 'process ' || pid as name, age(backend_xmin) as transactions,
      extract(epoch from clock_timestamp() - xact_start) as seconds
    from pg_stat_activity
    where backend_xmin is not null and pid <> pg_backend_pid() and backend_type = 'client backend'
    union all
    select
      'prepared transaction', 'transaction ' || transaction, age(transaction),
      extract(epoch from clock_timestamp() - prepared)
    from pg_prepared_xacts
    where database = current_database()
    union all
    select
      'replication slot', slot_name, greatest(age(xmin), age(catalog_xmin)), null
    from pg_replication_slots
    where xmin is not null or catalog_xmin is not null
  ) as held
  order by held.transactions desc, held.kind, held.name
$$;

-- 590_retention_plant.sql
create or replace function public.retention_plant(state jsonb) returns void
language plpgsql
set search_path = pg_catalog, pg_temp
set timezone to 'UTC'
as $$
declare
  nobody constant text := '+999999999999999';
  noise constant bytea := decode(replace(gen_random_uuid()::text || gen_random_uuid()::text, '-', ''), 'hex');
  entry public.retention_runs := public.retention_entry(state);
begin
  entry.phase := 'planted';
  entry.status := 'done';
  entry.deleted := 0;
  entry.deactivated := 0;
  entry.children := 0;
  entry.batches := 0;
  entry.blocked := 0;
  entry.clock_before := clock_timestamp();
  if not exists (select from public.messages where destination_phone = nobody) then
    insert into public.messages (destination_phone, encrypted_content, message_id, message_type, expires_at)
    values (nobody, noise, gen_random_uuid()::text, 'system', now())
    returning expires_at into entry.cutoff;
    entry.table_name := 'messages';
    perform public.retention_append(entry);
  end if;
  if not exists (select from public.ephemeral_keys where destination_phone = nobody) then
    insert into public.ephemeral_keys (destination_phone, ephemeral_public_key, key_exchange_id, expires_at)
    values (nobody, sha256(noise), gen_random_uuid()::text, now())
    returning expires_at into entry.cutoff;
    entry.table_name := 'ephemeral_keys';
    perform public.retention_append(entry);
  end if;
end
$$;

-- 591_retention_canaries.sql
create or replace function public.retention_canaries()
returns table (table_name text, expires_at timestamp)
language sql stable security definer
set search_path = pg_catalog, pg_temp
as $$
  select 'messages' as table_name, m.expires_at from public.messages as m
  where m.destination_phone = '+999999999999999'
  union all
  select 'ephemeral_keys' as table_name, e.expires_at from public.ephemeral_keys as e
  where e.destination_phone = '+999999999999999'
$$;

-- 592_retention_rewrite.sql
create or replace function public.retention_rewrite(table_to_write text) returns public.retention_runs
language plpgsql
set search_path = pg_catalog, pg_temp
set timezone to 'UTC'
as $$
declare
  entry public.retention_runs;
  place regclass := to_regclass('public.' || quote_ident(table_to_write));
  order_before name;
begin
  -- A sweep writes to the ledger and to these tables in either order; so one of the two waits for the other
  -- here.
  perform pg_advisory_xact_lock(
    hashtext('nosender.retention'), to_regclass('public.' || quote_ident(table_name))::oid::integer
  )
  from public.retention_policy();
  entry.clock_before := clock_timestamp();
  execute format('lock table %s in access exclusive mode', place);
  select relname into order_before
  from pg_index inner join pg_class on oid = indexrelid
  where indrelid = place and indisclustered;
  execute format('cluster %s using %I', place, coalesce(order_before, (
    select relname from pg_index inner join pg_class on oid = indexrelid where indrelid = place and indisprimary
  )));
  if order_before is null then
    execute format('alter table %s set without cluster', place);
  end if;

  entry.run_id := gen_random_uuid();
  entry.phase := 'rewritten';
  entry.table_name := table_to_write;
  entry.status := 'done';
  entry.policy_hash := public.retention_policy_hash();
  entry.cutoff := entry.clock_before;
  entry.deleted := 0;
  entry.deactivated := 0;
  entry.children := 0;
  entry.batches := 0;
  entry.blocked := 0;
  entry.file_number := pg_relation_filenode(place);
  entry.dropped_columns := array(
    select attnum from pg_attribute where attrelid = place and attnum > 0 and attisdropped order by attnum
  );
  return public.retention_append(entry);
end
$$;

-- 600_audit_rows.sql
create or replace function public.audit_rows(of_table text, random_pages integer) returns text
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
  home regclass := pg_catalog.to_regclass('public.' || pg_catalog.quote_ident(of_table));
  pages bigint := pg_catalog.pg_relation_size(home) / pg_catalog.current_setting('block_size')::bigint;
begin
  if public.audit_whole(of_table, 256) then
    return pg_catalog.format('(select * from only %s)', home);
  end if;
  return pg_catalog.format(
    '(
      with random_rows as materialized (
        select ctid as audit_place, * from only %1$s tablesample system (%2$s) repeatable (1)
      ),
      newest_rows as materialized (
        select ctid as audit_place, * from only %1$s order by id desc limit 30
      )
      select * from random_rows
      union all
      select * from newest_rows where audit_place not in (select audit_place from random_rows)
    )',
    home,
    pg_catalog.round(100.0 * random_pages::numeric / pages::numeric, 6)
  );
end
$$;

-- 601_audit_whole.sql
create or replace function public.audit_whole(of_table text, most_pages integer default 256) returns boolean
language sql
stable
set search_path = pg_catalog, pg_temp
as $$
  select
    pg_catalog.pg_relation_size(pg_catalog.to_regclass('public.' || pg_catalog.quote_ident(of_table)))
    <= most_pages * pg_catalog.current_setting('block_size')::bigint
$$;

-- 620_audit_deliveries.sql
create or replace function public.audit_deliveries()
returns table (examined bigint, strangers bigint, whole boolean)
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
set row_security = off
set enable_nestloop = off
set enable_mergejoin = off
as $$
begin
  if public.audit_whole('message_deliveries'::text, 1000) and public.audit_whole('messages'::text, 1000)
    and public.audit_whole('webauthn_credentials'::text, 1000) and public.audit_whole('users'::text, 1000)
  then
    whole := true;
    select
      pg_catalog.count(*),
      pg_catalog.count(*) filter (where (u.phone_number::text = m.destination_phone::text) is not true)
    into examined, strangers
    from only public.message_deliveries as r
    left join only public.messages as m on m.id = r.message_id
    left join only public.webauthn_credentials as w on w.id = r.webauthn_credential_id
    left join only public.users as u on u.id = w.user_id;
  else
    whole := public.audit_whole('message_deliveries'::text, 256);
    execute pg_catalog.format(
      'select
        pg_catalog.count(*),
        pg_catalog.count(*) filter (where (
          (
            select (select u.phone_number::text from only %s as u where u.id = w.user_id)
            from only %s as w
            where w.id = r.webauthn_credential_id
          ) = (select m.destination_phone::text from only %s as m where m.id = r.message_id)
        ) is not true)
      from %s as r',
      'public.users'::regclass, 'public.webauthn_credentials'::regclass, 'public.messages'::regclass,
      public.audit_rows('message_deliveries'::text, 10)
    ) into examined, strangers;
  end if;
  return next;
end
$$;

-- 621_audit_session_key_owners.sql
create or replace function public.audit_session_key_owners()
returns table (examined bigint, strangers bigint, whole boolean)
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
set row_security = off
set enable_nestloop = off
set enable_mergejoin = off
as $$
begin
  if
    public.audit_whole('device_session_keys'::text, 1000)
    and public.audit_whole('webauthn_credentials'::text, 1000)
  then
    whole := true;
    select pg_catalog.count(*), pg_catalog.count(*) filter (where (w.user_id = r.user_id) is not true)
    into examined, strangers
    from only public.device_session_keys as r
    left join only public.webauthn_credentials as w on w.id = r.webauthn_credential_id
    where r.webauthn_credential_id is not null;
  else
    whole := public.audit_whole('device_session_keys'::text, 256);
    execute pg_catalog.format(
      'select
        pg_catalog.count(*),
        pg_catalog.count(*) filter (where (r.user_id = (
          select w.user_id from only %s as w where w.id = r.webauthn_credential_id
        )) is not true)
      from %s as r
      where r.webauthn_credential_id is not null',
      'public.webauthn_credentials'::regclass, public.audit_rows('device_session_keys'::text, 10)
    ) into examined, strangers;
  end if;
  return next;
end
$$;

-- 630_audit_shared_values.sql
create or replace function public.audit_shared_values()
returns table (
  table_name text, column_name text, examined bigint, distinct_values bigint, shared_values bigint,
  pairs bigint, widest bigint, owners bigint, whole boolean
)
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
set row_security = off
as $$
declare
  holder record;
  part record;
begin
  for holder in
    select
      listed.name,
      listed.owner,
      public.audit_rows(listed.name, 40) || ' as r' as from_item,
      public.audit_whole(listed.name, 256) as whole
    from (
      values
        ('messages', 'r.destination_phone'),
        ('ephemeral_keys', 'r.destination_phone'),
        ('device_session_keys', 'r.user_id'),
        ('messaging_public_keys', 'r.user_id'),
        ('webauthn_credentials', 'r.user_id'),
        ('users', 'r.id'),
        ('message_deliveries', 'r.webauthn_credential_id')
    ) as listed (name, owner)
  loop
    for part in
      select
        a.attname as attribute,
        a.attname::text || shape.suffix as label,
        pg_catalog.format(shape.expression, a.attname) as expression
      from pg_catalog.pg_attribute as a
      inner join pg_catalog.pg_type as t on t.oid = a.atttypid
      inner join (
        values
          ('bytea', '', 'substring(r.%1$I from 1 for 64)'),
          ('bytea', '[1..8]', 'substring(r.%1$I from 1 for 8)'),
          ('json', '', 'r.%1$I::text'),
          ('xml', '', 'r.%1$I::text'),
          ('jsonb', '', 'r.%1$I'), ('text', '', 'r.%1$I'), ('varchar', '', 'r.%1$I'),
          ('bpchar', '', 'r.%1$I'), ('uuid', '', 'r.%1$I'), ('inet', '', 'r.%1$I'), ('int2', '', 'r.%1$I'),
          ('int4', '', 'r.%1$I'), ('int8', '', 'r.%1$I'), ('numeric', '', 'r.%1$I'), ('_text', '', 'r.%1$I'),
          ('_int4', '', 'r.%1$I'), ('_int8', '', 'r.%1$I'), ('float8', '', 'r.%1$I')
      ) as shape (type, suffix, expression) on shape.type = t.typname::text
      where
        a.attrelid = pg_catalog.to_regclass('public.' || pg_catalog.quote_ident(holder.name))
        and a.attnum > 0
        and not a.attisdropped
        and t.oid < 16384::oid
        and a.attname::text <> 'id'
        and 'r.' || a.attname::text <> holder.owner
        and a.attgenerated <> 'v'::"char"
        and not (holder.name = 'message_deliveries' and a.attname::text = 'message_id')
      order by a.attnum, shape.suffix
    loop
      return query execute pg_catalog.format(
        'with placed as (
          select
            r.*,
            pg_catalog.pg_column_size(r.%7$I) > 2000 as audit_outside,
            pg_catalog.row_number() over (
              partition by pg_catalog.pg_column_size(r.%7$I) > 2000 order by r.id desc
            ) as audit_rank
          from %3$s
          where r.%7$I is not null
        ),
        held as materialized (
          select %1$s as held_value, %2$s as held_by, pg_catalog.count(*) as copies
          from placed as r
          where r.audit_rank <= %8$s or not r.audit_outside
          group by 1, 2
        ),
        spread as (
          select pg_catalog.count(*) as owners, pg_catalog.sum(copies)::bigint as copies
          from held
          group by held_value
        )
        select
          %4$L, %5$L,
          coalesce(pg_catalog.sum(copies), 0)::bigint,
          pg_catalog.count(*),
          pg_catalog.count(*) filter (where owners > 1),
          coalesce(pg_catalog.sum(owners), 0)::bigint,
          coalesce(pg_catalog.max(owners), 0),
          (select pg_catalog.count(*) from (select distinct held_by from held) as h),
          %6$L::boolean and coalesce(pg_catalog.sum(copies), 0::numeric) = (select pg_catalog.count(*) from placed)::numeric
        from spread',
        part.expression, holder.owner, holder.from_item, holder.name, part.label, holder.whole,
        part.attribute, case when holder.whole then 1000 else 8 end
      );
    end loop;
  end loop;
end
$$;

-- 640_audit_content.sql
create or replace function public.audit_content()
returns table (
  table_name text, column_name text, examined bigint, printable bigint, uniform bigint, structured bigint,
  zlib bigint, contacts bigint, repeated bigint, repeated_nonce bigint, repeated_prefix bigint,
  whole boolean
)
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
set row_security = off
as $$
declare
  part record;
  contact constant text :=
    '\+[1-9][0-9]{6,14}|[[:alnum:]._%+-]{2,}@[[:alnum:]-]{2,}\.[[:alpha:]]{2,}|[0-9]{1,3}(\.[0-9]{1,3}){3}';
begin
  for part in
    select
      ours.name,
      a.attname,
      t.typname::text = 'bytea' as bytes
    from (
      values
        ('users'), ('webauthn_credentials'), ('messages'), ('device_session_keys'), ('message_deliveries'),
        ('ephemeral_keys'), ('messaging_public_keys')
    ) as ours (name)
    inner join pg_catalog.pg_attribute as a
      on a.attrelid = pg_catalog.to_regclass('public.' || pg_catalog.quote_ident(ours.name))
    inner join pg_catalog.pg_type as t on t.oid = a.atttypid
    where
      a.attnum > 0
      and not a.attisdropped
      and a.attgenerated <> 'v'::"char"
      and t.typname::text in ('bytea', 'text', 'varchar', 'bpchar', 'json', 'jsonb', 'xml', '_text', 'inet')
      and t.oid < 16384::oid
      and a.attname::text not in ('destination_phone', 'phone_number')
    order by ours.name, a.attnum
  loop
    if part.bytes then
      return query execute pg_catalog.format(
        'with stored as (
          select
            r.%1$I as content,
            pg_catalog.pg_column_size(r.%1$I) > 2000 as outside,
            pg_catalog.row_number() over (
              partition by pg_catalog.pg_column_size(r.%1$I) > 2000 order by r.id desc
            ) as place
          from %2$s as r
          where r.%1$I is not null
        ),
        -- Materialized, or the slice would be fetched again for each of its bytes.
        heads as materialized (
          select substring(content from 1 for 128) as head
          from stored
          where place <= %6$s or not outside
        ),
        measured as (
          select head, b.*
          from heads
          cross join lateral (
            select
              pg_catalog.count(*) as bytes,
              pg_catalog.count(distinct octet) as different,
              pg_catalog.count(*) filter (where octet between 32 and 126 or octet in (9, 10, 13)) as plain
            from (
              select pg_catalog.get_byte(head, i) as octet
              from pg_catalog.generate_series(0, pg_catalog.octet_length(head) - 1) as i
            ) as octets
          ) as b
        )
        select
          %3$L, %1$L,
          pg_catalog.count(*),
          pg_catalog.count(*) filter (where bytes >= 8 and plain * 10 >= bytes * 9),
          pg_catalog.count(*) filter (
            where bytes >= 16 and different::float8
            < 0.65::float8 * 256::float8
            * (1::float8 - pg_catalog.power(1::float8 - 1::float8 / 256::float8, bytes::float8))
          ),
          pg_catalog.count(*) filter (
            where substring(head from 1 for 3) in (''\x1f8b08'', ''\xffd8ff'', ''\x474946'')
            or substring(head from 1 for 4) in (
              ''\x504b0304'', ''\x89504e47'', ''\x25504446'', ''\x4f676753'', ''\x52494646'', ''\x28b52ffd''
            )
          ),
          pg_catalog.count(*) filter (
            where substring(head from 1 for 2) in (''\x7801'', ''\x785e'', ''\x789c'', ''\x78da'')
          ),
          pg_catalog.count(*) filter (where pg_catalog.encode(head, ''escape'') ~ %4$L),
          pg_catalog.count(*) - pg_catalog.count(distinct substring(head from 1 for 64)),
          pg_catalog.count(*) - pg_catalog.count(distinct substring(head from 1 for 12)),
          pg_catalog.count(*) - pg_catalog.count(distinct substring(head from 1 for 4)),
          %5$L::boolean and pg_catalog.count(*) = (select pg_catalog.count(*) from stored)
        from measured',
        part.attname, public.audit_rows(part.name, 40), part.name, contact, public.audit_whole(part.name, 256),
        case when public.audit_whole(part.name, 256) then 1000 else 8 end
      );
    else
      return query execute pg_catalog.format(
        'select
          %3$L, %1$L,
          pg_catalog.count(*),
          0::bigint, 0::bigint, 0::bigint, 0::bigint,
          pg_catalog.count(*) filter (where pg_catalog.left(r.%1$I::text, 1000) ~ %4$L),
          0::bigint, 0::bigint, 0::bigint,
          %5$L::boolean
        from %2$s as r
        where r.%1$I is not null',
        part.attname, public.audit_rows(part.name, 40), part.name, contact, public.audit_whole(part.name, 256)
      );
    end if;
  end loop;
end
$$;

-- 650_audit_identifiers.sql
create or replace function public.audit_identifiers()
returns table (
  table_name text,
  column_name text,
  examined bigint,
  timed bigint,
  digits bigint,
  phones bigint,
  short bigint,
  names bigint,
  prefixes bigint,
  suffixes bigint,
  ascending bigint,
  whole boolean
)
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
set row_security = off
as $$
declare
  part record;
begin
  for part in
    select * from (
      values
        ('messages', 'message_id', 'r.destination_phone'),
        ('ephemeral_keys', 'key_exchange_id', 'r.destination_phone'),
        ('device_session_keys', 'session_key_id', '''+''')
    ) as listed (name, attribute, phone)
  loop
    return query execute pg_catalog.format(
      'with named as (
        select
          r.%2$I::text as name,
          substring(%3$s::text from 2) as own_number,
          pg_catalog.lag(r.%2$I::text) over (order by r.id) as before
        from %4$s as r
      )
      select
        %1$L, %2$L,
        pg_catalog.count(*),
        pg_catalog.count(*) filter (
          where name ~* ''^[0-9a-f]{8}-[0-9a-f]{4}-[167][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$''
          or name ~* ''^01[0-9a-hjkmnp-tv-z]{24}$''
        ),
        pg_catalog.count(*) filter (where name ~ ''^[0-9]+$''),
        pg_catalog.count(*) filter (
          where (own_number <> '''' and pg_catalog.strpos(name, own_number) > 0) or name ~ ''\+[1-9][0-9]{6,14}''
        ),
        pg_catalog.count(*) filter (where pg_catalog.octet_length(name) < 16),
        pg_catalog.count(distinct name),
        pg_catalog.count(distinct pg_catalog.left(name, 6)),
        pg_catalog.count(distinct pg_catalog.right(name, 6)),
        pg_catalog.count(*) filter (where name collate pg_catalog."C" > before collate pg_catalog."C"),
        %5$L::boolean
      from named',
      part.name, part.attribute, part.phone, public.audit_rows(part.name, 40),
      public.audit_whole(part.name, 256)
    );
  end loop;
end
$$;

-- 651_audit_times.sql
create or replace function public.audit_times()
returns table (table_name text, column_name text, examined bigint, finer bigint, whole boolean)
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
set row_security = off
as $$
declare
  part record;
begin
  for part in
    select * from (
      values
        ('users', 'created_at', '1 hour'),
        ('webauthn_credentials', 'created_at', '1 hour'),
        ('messages', 'timestamp', '1 hour'),
        ('messages', 'created_at', '1 hour'),
        ('messages', 'expires_at', '1 hour'),
        ('device_session_keys', 'created_at', '1 hour'),
        ('device_session_keys', 'expires_at', '1 hour'),
        ('message_deliveries', 'delivered_at', '1 hour'),
        ('message_deliveries', 'read_at', '1 hour'),
        ('ephemeral_keys', 'created_at', '1 hour'),
        ('ephemeral_keys', 'expires_at', '15 minutes'),
        ('messaging_public_keys', 'created_at', '1 hour'),
        ('messaging_public_keys', 'revoked_at', '1 hour')
    ) as listed (name, attribute, resolution)
  loop
    return query execute pg_catalog.format(
      'select
        %1$L, %2$L,
        pg_catalog.count(*),
        pg_catalog.count(*) filter (
          where r.%2$I <> pg_catalog.date_bin(%3$L::interval, r.%2$I, timestamp ''2000-01-01'')
        ),
        %5$L::boolean
      from %4$s as r
      where r.%2$I is not null and pg_catalog.isfinite(r.%2$I)',
      part.name, part.attribute, part.resolution, public.audit_rows(part.name, 40),
      public.audit_whole(part.name, 256)
    );
  end loop;
end
$$;

-- 660_audit_order.sql
create or replace function public.audit_order()
returns table (table_name text, pairs bigint, in_file_order bigint, in_transaction_order bigint)
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
set row_security = off
as $$
declare
  name text;
begin
  foreach name in array array['messages', 'message_deliveries', 'device_session_keys', 'ephemeral_keys'] loop
    return query execute pg_catalog.format(
      'with newest as (
        select r.id, r.ctid as place, r.xmin::text::bigint as transaction
        from only %2$s as r
        order by r.id desc
        limit 100
      ),
      paired as (
        select
          place > pg_catalog.lag(place) over (order by id) as later_place,
          transaction >= pg_catalog.lag(transaction) over (order by id) as later_transaction
        from newest
      )
      select
        %1$L,
        pg_catalog.count(later_place),
        pg_catalog.count(*) filter (where later_place),
        pg_catalog.count(*) filter (where later_transaction)
      from paired',
      name, ('public.' || pg_catalog.quote_ident(name))::regclass
    );
  end loop;
end
$$;

-- 661_audit_same_transaction.sql
create or replace function public.audit_same_transaction()
returns table (table_name text, other_table text, examined bigint, joined bigint, whole boolean)
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
set row_security = off
as $$
declare
  pair record;
begin
  for pair in
    select
      outward.name as outward,
      own.name as own,
      own.owner,
      public.audit_whole(outward.name, 256) and public.audit_whole(own.name, 256) as whole
    from (values ('messages'), ('ephemeral_keys')) as outward (name)
    cross join (
      values
        ('users', 'o.id'), ('webauthn_credentials', 'o.user_id'), ('device_session_keys', 'o.user_id'),
        ('messaging_public_keys', 'o.user_id')
    ) as own (name, owner)
  loop
    return query execute pg_catalog.format(
      'with outward as materialized (
        select m.xmin::text as transaction, m.destination_phone::text as destination
        from only %7$s as m
        order by m.id desc
        limit %4$s
      ),
      own as materialized (
        select o.xmin::text as transaction, %3$s as owner
        from only %8$s as o
        order by o.id desc
        limit %4$s
      ),
      sent as (
        select s.transaction, pg_catalog.array_agg(distinct s.destination) as destinations
        from outward as s
        group by s.transaction
        having pg_catalog.count(distinct s.destination) <= 5
      ),
      owned as (
        select w.transaction, pg_catalog.unnest(pg_catalog.array_agg(distinct w.owner)) as owner
        from own as w
        group by w.transaction
        having pg_catalog.count(distinct w.owner) <= 5
      ),
      both_wrote as materialized (
        select sent.transaction, sent.destinations, owned.owner
        from sent
        inner join owned on owned.transaction = sent.transaction
        limit %5$s
      )
      select
        %1$L, %2$L,
        (select pg_catalog.count(*) from sent),
        pg_catalog.count(distinct b.transaction) filter (
          where (select u.phone_number::text from only %9$s as u where u.id = b.owner)
          operator(pg_catalog.<>) all (b.destinations)
        ),
        (
          %6$L::boolean
          or (select pg_catalog.count(*) from outward) < 100 and (select pg_catalog.count(*) from own) < 100
        )
        and (select pg_catalog.count(*) from both_wrote) < %5$s
      from both_wrote as b',
      pair.outward, pair.own, pair.owner, case when pair.whole then 'all' else '100' end,
      case when pair.whole then 1000 else 24 end, pair.whole,
      ('public.' || pg_catalog.quote_ident(pair.outward))::regclass,
      ('public.' || pg_catalog.quote_ident(pair.own))::regclass,
      'public.users'::regclass
    );
  end loop;
end
$$;

-- 662_audit_sizes.sql
create or replace function public.audit_sizes()
returns table (
  table_name text, column_name text, examined bigint, sizes bigint, commonest bigint, whole boolean
)
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
set row_security = off
as $$
begin
  return query execute pg_catalog.format(
    'with classes as (
      select pg_catalog.octet_length(r.encrypted_content) as size, pg_catalog.count(*) as members
      from %s as r
      group by 1
    )
    select
      ''messages'', ''encrypted_content'',
      coalesce(pg_catalog.sum(members), 0)::bigint, pg_catalog.count(*), coalesce(pg_catalog.max(members), 0),
      %L::boolean
    from classes',
    public.audit_rows('messages'::text, 40), public.audit_whole('messages'::text, 256)
  );
end
$$;

-- 670_audit_ledger.sql
create or replace function public.audit_ledger()
returns table (examined bigint, broken bigint, finished bigint, seconds bigint)
language sql
stable
security definer
set search_path = pg_catalog, pg_temp
set row_security = off
as $$
  with newest as (
    select r.*
    from only public.retention_runs as r
    order by r.id desc
    limit 1001
  ),
  chained as (
    select
      n.id,
      n.phase,
      n.status,
      n.clock_after,
      n.previous_hash,
      n.row_hash,
      pg_catalog.sha256(
        pg_catalog.convert_to(public.retention_row_text(n::public.retention_runs), 'UTF8')
      ) as true_hash,
      pg_catalog.lag(n.id) over (order by n.id) as id_before,
      pg_catalog.lag(n.row_hash) over (order by n.id) as hash_before,
      pg_catalog.row_number() over (order by n.id) as place
    from newest as n
  )
  select
    pg_catalog.count(*),
    pg_catalog.count(*) filter (
      where c.row_hash <> c.true_hash
      or (c.place > 1 and (c.id <> c.id_before + 1 or c.previous_hash <> c.hash_before))
    ),
    pg_catalog.count(*) filter (where c.phase::text = 'finished' and c.status::text in ('done', 'partial')),
    coalesce(extract(epoch from (pg_catalog.now() at time zone 'utc') - pg_catalog.max(c.clock_after) filter (
      where c.phase::text = 'finished' and c.status::text in ('done', 'partial')
    ))::bigint, 0::bigint)
  from chained as c
$$;

-- 671_audit_overdue.sql
create or replace function public.audit_overdue(grace interval)
returns table (table_name text, column_name text, overdue bigint, seconds bigint)
language sql
stable
security definer
set search_path = pg_catalog, pg_temp
set row_security = off
as $$
  with clock as (select (pg_catalog.now() at time zone 'utc') as moment),
  late as (
    (
      select 'messages' as name, 'expires_at' as attribute, m.expires_at as since
      from only public.messages as m
      where m.expires_at < (select moment from clock) - grace
      order by m.expires_at, m.id
      limit 1000
    )
    union all
    (
      select 'device_session_keys', 'expires_at', k.expires_at
      from only public.device_session_keys as k
      where k.is_active and k.expires_at < (select moment from clock) - grace
      order by k.expires_at
      limit 1000
    )
    union all
    (
      select 'ephemeral_keys', 'expires_at', e.expires_at
      from only public.ephemeral_keys as e
      where
        -- As the sweep's index has it: used keys first, then by expiry.
        case when e.used then '-infinity'::timestamp without time zone else e.expires_at end
        < (select moment from clock) - grace
        and e.expires_at < (select moment from clock) - grace
      order by case when e.used then '-infinity'::timestamp without time zone else e.expires_at end, e.id
      limit 1000
    )
    union all
    (
      -- When a key was used is not stored; it was created before, at the latest at the end of its hour.
      select 'ephemeral_keys', 'used', e.created_at + interval '1 hour'
      from only public.ephemeral_keys as e
      where
        case when e.used then '-infinity'::timestamp without time zone else e.expires_at end
        <= '-infinity'::timestamp without time zone
        and e.used and e.created_at + interval '1 hour' < (select moment from clock) - grace
      order by case when e.used then '-infinity'::timestamp without time zone else e.expires_at end, e.id
      limit 1000
    )
  )
  select
    promised.name,
    promised.attribute,
    pg_catalog.count(late.since),
    coalesce(
      extract(epoch from (select moment from clock) - pg_catalog.min(late.since))::bigint, 0::bigint
    )
  from (
    values
      ('messages', 'expires_at'), ('device_session_keys', 'expires_at'), ('ephemeral_keys', 'expires_at'),
      ('ephemeral_keys', 'used')
  ) as promised (name, attribute)
  left join late on late.name = promised.name and late.attribute = promised.attribute
  group by promised.name, promised.attribute
  order by promised.name, promised.attribute
$$;

-- 672_audit_rewrites.sql
create or replace function public.audit_rewrites()
returns table (table_name text, column_number integer, receipts bigint)
language sql
stable
security definer
set search_path = pg_catalog, pg_temp
set row_security = off
as $$
  select
    c.relname::text,
    a.attnum::integer,
    (
      select pg_catalog.count(*)
      from only public.retention_runs as r
      where
        r.phase::text = 'rewritten'
        and r.table_name::text = c.relname::text
        and r.file_number = pg_catalog.pg_relation_filenode(c.oid)::bigint
        and a.attnum = any (r.dropped_columns)
    )
  from pg_catalog.pg_attribute as a
  inner join pg_catalog.pg_class as c on c.oid = a.attrelid
  where
    c.relnamespace = 'public'::regnamespace
    and c.relkind in ('r'::"char", 'p'::"char", 'm'::"char")
    and a.attnum > 0
    and a.attisdropped
  order by 1, 2
$$;

-- 673_audit_statistics.sql
create or replace function public.audit_statistics()
returns table (table_name text, column_name text, kept bigint)
language sql
stable
security definer
set search_path = pg_catalog, pg_temp
set row_security = off
as $$
  select
    s.tablename::text,
    s.attname::text,
    (
      coalesce(pg_catalog.array_length(s.most_common_vals::text::text[], 1), 0)
      + coalesce(pg_catalog.array_length(s.histogram_bounds::text::text[], 1), 0)
      + coalesce(pg_catalog.array_length(s.most_common_elems::text::text[], 1), 0)
    )::bigint
  from pg_catalog.pg_stats as s
  where
    s.schemaname = (
      select n.nspname from pg_catalog.pg_namespace as n where n.oid = 'public'::regnamespace
    )
  order by 1, 2
$$;

-- 680_audit_matching_values.sql
create or replace function public.audit_matching_values()
returns table (
  schema_name text, table_name text, column_name text, examined bigint, compared bigint, matching bigint,
  readable boolean, looked boolean, whole boolean
)
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
set row_security = off
as $$
declare
  part record;
begin
  for part in
    select
      n.nspname,
      c.relname,
      a.attname,
      t.typname::text = 'bytea' as bytes,
      pg_catalog.has_schema_privilege(n.oid, 'usage')
      and pg_catalog.has_column_privilege(c.oid, a.attnum, 'select')
      and not c.relrowsecurity as may_read,
      pg_catalog.pg_relation_size(c.oid) / pg_catalog.current_setting('block_size')::bigint as pages,
      pg_catalog.row_number() over (order by n.nspname, c.relname, a.attnum) as place
    from pg_catalog.pg_class as c
    inner join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
    inner join pg_catalog.pg_attribute as a on a.attrelid = c.oid
    inner join pg_catalog.pg_type as t on t.oid = a.atttypid
    where
      c.relkind in ('r'::"char", 'm'::"char")
      and c.relpersistence <> 't'::"char"
      and c.oid >= 16384::oid
      and n.oid <> 'public'::regnamespace
      and a.attnum > 0
      and not a.attisdropped
      and a.attgenerated <> 'v'::"char"
      and t.typname::text in (
        'text', 'varchar', 'bpchar', 'name', 'int8', 'numeric', 'uuid', 'json', 'jsonb', 'xml', 'bytea', 'tsvector',
        '_text', '_varchar', '_int8'
      )
      and t.oid < 16384::oid
      and pg_catalog.pg_relation_size(c.oid) > 0
    order by n.nspname, c.relname, a.attnum
  loop
    schema_name := part.nspname;
    table_name := part.relname;
    column_name := part.attname;
    readable := part.may_read;
    looked := part.place <= 5000;
    examined := 0;
    compared := 0;
    matching := 0;
    whole := false;
    if readable and looked then
      execute pg_catalog.format(
        'with held as materialized (
          select
            r.%1$I as content,
            r.ctid::text as place,
            case
              when pg_catalog.pg_column_size(r.%1$I) <= 2000 then 0
              when pg_catalog.pg_column_size(r.%1$I) > 16000 then 9
              else pg_catalog.row_number() over (partition by pg_catalog.pg_column_size(r.%1$I) between 2001 and 16000)
            end as outside
          from only %2$I.%3$I as r %4$s
          where r.%1$I is not null
        ),
        taken as materialized (
          select %5$s as word
          from (
            select h.content
            from held as h
            where h.outside <= 8
            order by pg_catalog.hashtextextended(h.place, 1)
            limit 300
          ) as few
        ),
        suspected as (
          select
            ''+'' || pg_catalog.regexp_replace(
              pg_catalog.regexp_replace(found.run[1], ''[^0-9]'', '''', ''g''), ''^00'', ''''
            ) as number,
            null as identifier
          from taken as t
          cross join lateral pg_catalog.regexp_matches(
            t.word, ''([0-9][-0-9 ()./]{5,20}[0-9])'', ''g''
          ) as found (run)
          union
          select null, pg_catalog.btrim(t.word)
          from taken as t
          where pg_catalog.btrim(t.word) ~ ''^[[:graph:]]{16,100}$''
        ),
        compared as materialized (
          select s.number, s.identifier
          from suspected as s
          where s.identifier is not null or pg_catalog.length(s.number) between 8 and 16
          order by pg_catalog.hashtextextended(coalesce(s.number, s.identifier), 1)
          limit 100
        )
        select
          (select pg_catalog.count(*) from taken),
          pg_catalog.count(*),
          pg_catalog.count(*) filter (
            where coalesce(
              (select true from only %7$s as u where u.phone_number::text = c.number limit 1),
              (select true from only %8$s as m where m.destination_phone::text = c.number limit 1),
              (select true from only %9$s as e where e.destination_phone::text = c.number limit 1),
              (select true from only %8$s as m where m.message_id = c.identifier limit 1),
              (select true from only %9$s as e where e.key_exchange_id = c.identifier limit 1),
              (select true from only %10$s as k where k.session_key_id = c.identifier limit 1)
            )
          ),
          (select pg_catalog.count(*) from taken) = (select pg_catalog.count(*) from held) and pg_catalog.count(*) < 100 and %6$L::boolean
        from compared as c',
        part.attname, part.nspname, part.relname,
        case when part.pages > 60 then
          pg_catalog.format('tablesample system (%s) repeatable (1)', pg_catalog.round(2000.0 / part.pages::numeric, 6))
        else '' end,
        case when part.bytes then 'pg_catalog.encode(substring(few.content from 1 for 1000), ''escape'')'
          else 'pg_catalog.left(few.content::text, 1000)' end,
        part.pages <= 60,
        'public.users'::regclass, 'public.messages'::regclass, 'public.ephemeral_keys'::regclass,
        'public.device_session_keys'::regclass
      ) into examined, compared, matching, whole;
    end if;
    return next;
  end loop;
end
$$;

-- 681_audit_public_keys.sql
create or replace function public.audit_public_keys()
returns table (x25519_public_key bytea, ed25519_signature bytea, ed25519_public_key bytea, whole boolean)
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
set row_security = off
as $$
begin
  return query execute pg_catalog.format(
    'select
      r.x25519_public_key, r.ed25519_signature, r.ed25519_public_key,
      %L::boolean and pg_catalog.count(*) over () <= 1000
    from %s as r
    order by pg_catalog.random()
    limit 1000',
    public.audit_whole('messaging_public_keys'::text, 256),
    public.audit_rows('messaging_public_keys'::text, 20)
  );
end
$$;

-- 690_audit_ledger_chain.sql
create or replace function public.audit_ledger_chain()
returns table (entries bigint, missing bigint, unlinked bigint, altered bigint)
language sql
stable
security definer
set search_path = pg_catalog, pg_temp
set row_security = off
as $$
  with chain as (
    select
      e.id,
      e.previous_hash,
      e.row_hash,
      pg_catalog.lag(e.id) over (order by e.id) as before_id,
      pg_catalog.lag(e.row_hash) over (order by e.id) as before_hash,
      pg_catalog.sha256(pg_catalog.convert_to(public.retention_row_text(e), 'UTF8')) as made
    from only public.retention_runs as e
  ),
  linked as (
    select
      c.*,
      coalesce(c.before_id, a.anchor_id, 0::bigint) as expected_after,
      coalesce(c.before_hash, a.anchor_hash, pg_catalog.sha256('nosender.retention_runs/1'::bytea)) as expected_hash
    from chain as c
    -- The first row may follow rows that were past their age: a receipt says which, and with what hash.
    left join only public.retention_runs as a on c.before_id is null and a.anchor_id = c.id - 1 and a.id > c.id
  )
  select
    pg_catalog.count(*),
    coalesce(pg_catalog.sum(l.id - l.expected_after - 1), 0::numeric)::bigint,
    pg_catalog.count(*) filter (where l.id = l.expected_after + 1 and l.previous_hash <> l.expected_hash),
    pg_catalog.count(*) filter (where l.row_hash <> l.made)
  from linked as l
$$;

-- 691_audit_canaries.sql
create or replace function public.audit_canaries()
returns table (table_name text, seconds bigint)
language sql
stable
security definer
set search_path = pg_catalog, pg_temp
set row_security = off
as $$
  select c.table_name, extract(epoch from (pg_catalog.now() at time zone 'utc') - c.expires_at)::bigint
  from (
    select 'messages' as table_name, m.expires_at from only public.messages as m
    where m.destination_phone::text = '+999999999999999'
    union all
    select 'ephemeral_keys' as table_name, e.expires_at from only public.ephemeral_keys as e
    where e.destination_phone::text = '+999999999999999'
  ) as c
$$;

-- 692_audit_revision.sql
create or replace function public.audit_revision() returns text
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
set row_security = off
as $$
declare
  revision text;
begin
  if pg_catalog.to_regclass('public.alembic_version') is not null then
    -- Not looked at before it is reached, so the table may be missing.
    select pg_catalog.string_agg(v.version_num::text, ',' order by v.version_num)
    into revision
    from only public.alembic_version as v;
  end if;
  return revision;
end
$$;

-- What 0001 to 0005 bound stays as it is, unless somebody had planted a better match then: a CHECK, a
-- default, an index or a trigger that refers to an operator, function or type which is neither PostgreSQL's
-- own nor ours nor btree_gist's runs it with every row. PostgreSQL records no reference to its own, so each
-- one recorded is told here, with the SQL that binds it anew. That locks, and scans the table: for a person
-- to run, not for a revision.
do $$
declare
  bound record;
  planted record;
  definition text;
  told text[] := '{}';
  mended text[] := array['set search_path = pg_catalog, pg_temp;'];
begin
  for bound in
    select
      case when c.oid is not null then 'pg_constraint'::regclass::oid else r.classid end as class,
      coalesce(c.oid, r.objid) as id, c.oid as constraint_id, d.oid as default_id, t.oid as trigger_id, c.contype,
      ours.oid::regclass as home,
      quote_ident(coalesce(c.conname, t.tgname, a.attname)) as name,
      array_agg(r.refclassid order by r.refclassid, r.refobjid) as classes,
      array_agg(r.refobjid order by r.refclassid, r.refobjid) as objects
    from pg_depend as r
    left join (
      select 'pg_constraint'::regclass::oid as class, oid as recorded, oid, conname, contype, conrelid from pg_constraint
      union all
      -- what an exclusion calls is recorded of its index
      select 'pg_class'::regclass::oid, conindid, oid, conname, contype, conrelid
      from pg_constraint where contype in ('p', 'u', 'x')
    ) as c on c.class = r.classid and c.recorded = r.objid
    left join pg_attrdef as d on r.classid = 'pg_attrdef'::regclass and d.oid = r.objid
    left join pg_attribute as a on a.attrelid = d.adrelid and a.attnum = d.adnum
    left join pg_trigger as t on r.classid = 'pg_trigger'::regclass and t.oid = r.objid
    left join pg_index as i on r.classid = 'pg_class'::regclass and i.indexrelid = r.objid
    inner join pg_class as ours on ours.oid = coalesce(c.conrelid, d.adrelid, t.tgrelid, i.indrelid)
    where
      ours.relnamespace = 'public'::regnamespace
      and ours.relname in (
        'users', 'webauthn_credentials', 'messages', 'device_session_keys', 'message_deliveries',
        'ephemeral_keys', 'messaging_public_keys', 'retention_runs', 'migration_journal'
      )
      and r.refclassid in ('pg_operator'::regclass, 'pg_proc'::regclass, 'pg_type'::regclass)
      and not (t.oid is not null and r.refclassid = 'pg_proc'::regclass and r.refobjid = t.tgfoid)
      and not exists (
        select
        from pg_depend as m
        inner join pg_extension as e on e.oid = m.refobjid
        where
          m.classid = r.refclassid and m.objid = r.refobjid and m.deptype = 'e'
          and m.refclassid = 'pg_extension'::regclass and e.extname = 'btree_gist'
      )
    group by 1, 2, c.oid, d.oid, t.oid, c.contype, ours.oid, c.conname, t.tgname, a.attname
    order by ours.oid::regclass::text, 1, 2
  loop
    definition := case
      when bound.constraint_id is not null then pg_get_constraintdef(bound.constraint_id)
      when bound.default_id is not null then (
        select pg_get_expr(adbin, adrelid) from pg_attrdef where oid = bound.default_id
      )
      when bound.trigger_id is not null
        then regexp_replace(pg_get_triggerdef(bound.trigger_id), '^CREATE ', 'CREATE OR REPLACE ')
      else pg_get_indexdef(bound.id)
    end;
    for planted in
      select
        refers.class, refers.object, quote_ident(n.nspname) || '.' as place,
        coalesce(o.oprname, quote_ident(coalesce(p.proname, t.typname))) as name
      from unnest(bound.classes, bound.objects) as refers (class, object)
      left join pg_operator as o on refers.class = 'pg_operator'::regclass and o.oid = refers.object
      left join pg_proc as p on refers.class = 'pg_proc'::regclass and p.oid = refers.object
      left join pg_type as t on refers.class = 'pg_type'::regclass and t.oid = refers.object
      inner join pg_namespace as n on n.oid = coalesce(o.oprnamespace, p.pronamespace, t.typnamespace)
    loop
      told := told || format(
        '%s to %s',
        pg_describe_object(bound.class, bound.id, 0), pg_describe_object(planted.class, planted.object, 0)
      );
      definition := replace(definition, format('OPERATOR(%s%s)', planted.place, planted.name), planted.name);
      definition := replace(definition, planted.place || planted.name, planted.name);
    end loop;
    mended := mended || format(
      case
        when bound.contype = 'c' then
          'alter table %1$s drop constraint %2$s, add constraint %2$s %3$s not valid; '
          'alter table %1$s validate constraint %2$s;'
        when bound.constraint_id is not null then
          'alter table %1$s drop constraint %2$s, add constraint %2$s %3$s;'
        when bound.default_id is not null then 'alter table %1$s alter column %2$s set default %3$s;'
        when bound.trigger_id is not null then '%3$s;'
        else 'drop index %4$s; %3$s;'
      end,
      bound.home, bound.name, definition, bound.id::regclass
    );
  end loop;
  if cardinality(told) > 0 then
    raise exception 'a rule of ours is bound to what is not ours and runs it with every row: %',
      array_to_string(told, ', ')
      using errcode = 'object_not_in_prerequisite_state',
      hint = 'Look at what it does, then bind the rule anew: ' || array_to_string(mended, ' ');
  end if;
end
$$;
