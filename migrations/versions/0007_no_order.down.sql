-- Take back: Draw ids at random, so that no row tells when it came among the others.
set local search_path = pg_catalog, pg_temp;

-- The functions of the message flow lock these tables in more than one order. All of them first, and each
-- waited for so briefly that nobody who waits for this in turn is taken for a deadlock; it is tried again.
set local lock_timeout = '200ms';
lock table
public.message_deliveries, public.messages, public.device_session_keys, public.ephemeral_keys,
public.messaging_public_keys
in access exclusive mode;

alter table public.messages alter column id set default nextval('public.messages_id_seq'::regclass);
alter table public.message_deliveries
alter column id set default nextval('public.message_deliveries_id_seq'::regclass);
alter table public.device_session_keys
alter column id set default nextval('public.device_session_keys_id_seq'::regclass);
alter table public.ephemeral_keys
alter column id set default nextval('public.ephemeral_keys_id_seq'::regclass);
alter table public.messaging_public_keys
alter column id set default nextval('public.messaging_public_keys_id_seq'::regclass);

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
create or replace function public.register_user(
  phone text, forget_former boolean default false
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
drop function public.publish_public_key(integer, bytea, bytea, bytea, boolean);
create function public.publish_public_key(
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
revoke all on function public.publish_public_key(integer, bytea, bytea, bytea) from public;
grant execute on function public.publish_public_key(integer, bytea, bytea, bytea) to nosender_app;

-- 380_active_public_key.sql
drop function public.active_public_key(text);
create function public.active_public_key(phone text)
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
revoke all on function public.active_public_key(text) from public;
grant execute on function public.active_public_key(text) to nosender_app;

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
drop function public.session_keys(integer);
create function public.session_keys(device_id integer)
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
revoke all on function public.session_keys(integer) from public;
grant execute on function public.session_keys(integer) to nosender_app;

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
drop function public.fetch_messages(integer, integer);
create function public.fetch_messages(device_id integer, page integer default 100)
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
revoke all on function public.fetch_messages(integer, integer) from public;
grant execute on function public.fetch_messages(integer, integer) to nosender_app;

-- 460_acknowledge.sql
create or replace function public.acknowledge(
  device_id integer, messages bigint[], outcome text
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

drop function public.new_message_id();
drop function public.new_session_key_id();
drop function public.new_delivery_id();
drop function public.new_ephemeral_key_id();
drop function public.new_public_key_id();
drop function public.lifetime(interval);
drop function public.register_person(text, bytea, bytea, bytea, bytea, bytea, bigint, boolean);
drop function public.retention_knobs();

comment on column public.device_session_keys.id is 'Number of the session key row.';
comment on column public.device_session_keys.key_rotation_counter is 'How often the key has been rotated.';
comment on column public.device_session_keys.created_at is 'When the key was stored.';
comment on column public.device_session_keys.expires_at is 'When the key is to be rotated at the latest.';
comment on column public.ephemeral_keys.id is 'Number of the ephemeral key.';
comment on column public.message_deliveries.id is 'Number of the delivery.';
comment on column public.messages.id is
'Number of the message, to which deliveries refer; orders the messages of one destination.';
comment on column public.messages.expires_at is 'When the message must go, delivered or not.';
comment on column public.messaging_public_keys.id is 'Number of the published key.';
comment on function public.active_public_key(text) is
'Looks up the messaging key of whoever has a phone number.';
comment on function public.fetch_messages(integer, integer) is
'Gives a device the oldest messages that wait for it.';
comment on function public.publish_public_key(integer, bytea, bytea, bytea) is
'Publishes a user''s messaging key; the one before it is revoked in the same statement.';
comment on function public.rotate_session_key(integer, text, text, integer[], bytea[], interval) is
'Stores a new session key for all of a user''s devices; the old one turns inactive and stays.';
comment on function public.session_keys(integer) is
'Gives a device the session keys sealed for it, old ones included.';
