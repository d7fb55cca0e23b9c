-- Create the functions of the message flow.

-- 30_register_user.sql
-- Registers a phone number and returns the user's id.  A number changes hands. What waits for its former
-- owner (messages and ephemeral keys, which no foreign key reaches) must not wait for the next: while there
-- is any, or while the number is registered, this refuses. With forget_former everything of the number goes
-- first, as forget_phone_number does it.  Like every writing function of the message flow it must be the
-- first write of its transaction: rows that one transaction writes share their xmin, so a message sent
-- together with anything of the sender's would name him. Errors: 22023 an argument, 25001 not the first
-- write, 23505 registered already, 55006 rows of a former owner.
create function register_user(phone text, forget_former boolean default false) returns integer
language plpgsql
security definer
set search_path from current
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
    delete from users where phone_number = phone;
    delete from messages where destination_phone = phone;
    delete from ephemeral_keys where destination_phone = phone;
  end if;
  insert into users (phone_number) values (phone)
  on conflict (phone_number) do nothing
  returning id into registered;
  if registered is null then
    raise exception 'the phone number is registered already' using errcode = 'unique_violation';
  end if;
  if
    exists (select from messages where destination_phone = phone)
    or exists (select from ephemeral_keys where destination_phone = phone)
  then
    raise exception 'messages or keys of a former owner of the phone number remain'
      using errcode = 'object_in_use', hint = 'Register it with forget_former, which deletes them.';
  end if;
  return registered;
end
$$;
revoke all on function register_user(text, boolean) from public;
grant execute on function register_user(text, boolean) to nosender_app;

-- 31_forget_phone_number.sql
-- Erases a person: the user with devices, keys and deliveries, by cascade, and the messages and ephemeral
-- keys that wait for the number, which no foreign key reaches. Returns whether there was anything.  Must be
-- the first write of its transaction. Errors: 22023 an argument, 25001 not the first write.
create function forget_phone_number(phone text) returns boolean
language plpgsql
security definer
set search_path from current
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
  delete from users where phone_number = phone;
  anything := found;
  delete from messages where destination_phone = phone;
  anything := anything or found;
  delete from ephemeral_keys where destination_phone = phone;
  return anything or found;
end
$$;
revoke all on function forget_phone_number(text) from public;
grant execute on function forget_phone_number(text) to nosender_app;

-- 32_register_device.sql
-- Registers a device of a user, by its WebAuthn credential, and returns the device's id.  The device gets
-- what is sent from now on. Messages that wait for the user's other devices are encrypted under session keys
-- that were sealed for those alone.  Must be the first write of its transaction. Errors: 22023 an argument,
-- 25001 not the first write, P0002 no such user, 23505 the credential is registered already.
create function register_device(
  owner_id integer, credential bytea, device_key bytea, counter bigint default 0
) returns integer
language plpgsql
security definer
set search_path from current
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
  perform from users where id = owner_id for no key update;
  if not found then
    raise exception 'there is no such user' using errcode = 'no_data_found';
  end if;
  insert into webauthn_credentials (user_id, credential_id, public_key, sign_count)
  values (owner_id, credential, device_key, counter)
  on conflict (credential_id) do nothing
  returning id into registered;
  if registered is null then
    raise exception 'the credential is registered already' using errcode = 'unique_violation';
  end if;
  return registered;
end
$$;
revoke all on function register_device(integer, bytea, bytea, bigint) from public;
grant execute on function register_device(integer, bytea, bytea, bigint) to nosender_app;

-- 33_find_device.sql
-- The active device behind a WebAuthn credential: what an application needs to let it sign in. No row for any
-- other. Errors: none.
create function find_device(credential bytea)
returns table (device_id integer, user_id integer, public_key bytea, sign_count bigint)
language plpgsql
stable
security definer
set search_path from current
set plan_cache_mode to force_generic_plan
set enable_seqscan to off
as $$
#variable_conflict use_column
begin
  return query
  select id, user_id, public_key, sign_count
  from webauthn_credentials
  where credential_id = credential and is_active;
end
$$;
revoke all on function find_device(bytea) from public;
grant execute on function find_device(bytea) to nosender_app;

-- 34_record_sign_count.sql
-- Stores the counter of a sign-in and returns true; returns false, and stores nothing, when it has not grown,
-- which is how a cloned authenticator shows. Zero after zero is right: many authenticators do not count.
-- Must be the first write of its transaction. Errors: 22023 an argument, 25001 not the first write, P0002 no
-- such active device.
create function record_sign_count(device_id integer, counter bigint) returns boolean
language plpgsql
security definer
set search_path from current
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

  select sign_count into known from webauthn_credentials where id = device_id and is_active for no key update;
  if not found then
    raise exception 'there is no such active device' using errcode = 'no_data_found';
  end if;
  if counter > known then
    update webauthn_credentials set sign_count = counter where id = device_id;
  end if;
  return counter > known or (counter = 0 and known = 0);
end
$$;
revoke all on function record_sign_count(integer, bigint) from public;
grant execute on function record_sign_count(integer, bigint) to nosender_app;

-- 35_active_devices.sql
-- The active devices of a user, which a new session key must be sealed for. Errors: none.
create function active_devices(owner_id integer)
returns table (device_id integer, credential_id bytea, public_key bytea)
language plpgsql
stable
security definer
set search_path from current
set plan_cache_mode to force_generic_plan
set enable_seqscan to off
as $$
#variable_conflict use_column
begin
  return query
  select id, credential_id, public_key
  from webauthn_credentials
  where user_id = owner_id and is_active
  order by id;
end
$$;
revoke all on function active_devices(integer) from public;
grant execute on function active_devices(integer) to nosender_app;

-- 36_revoke_device.sql
-- Revokes a device: nothing is sent to it any more, what waits for it goes, and its session keys turn
-- inactive. A message that waited for no other device goes as well. Returns false when the device was revoked
-- before.  Must be the first write of its transaction. Errors: 22023 an argument, 25001 not the first write,
-- P0002 no such device.
create function revoke_device(device_id integer) returns boolean
language plpgsql
security definer
set search_path from current
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

  select user_id into owner_id from webauthn_credentials where id = device_id;
  perform from users where id = owner_id for no key update;
  -- FOR UPDATE waits for every message that is being sent to the device, and makes the next ones wait.
  select is_active into was_active from webauthn_credentials where id = device_id for update;
  if not found then
    raise exception 'there is no such device' using errcode = 'no_data_found';
  end if;
  if not was_active then
    return false;
  end if;
  update webauthn_credentials set is_active = false where id = device_id;
  update device_session_keys set is_active = false where webauthn_credential_id = device_id and is_active;
  with gone as (
    delete from message_deliveries
    where webauthn_credential_id = device_id and delivery_status = 'pending'
    returning message_id
  )
  select array_agg(message_id) into waiting from gone;
  delete from messages
  where
    id = any(waiting)
    and not exists (select from message_deliveries where message_deliveries.message_id = messages.id);
  return true;
end
$$;
revoke all on function revoke_device(integer) from public;
grant execute on function revoke_device(integer) to nosender_app;

-- 37_publish_public_key.sql
-- Publishes a user's messaging key, signed by the identity key, and returns its version. The key before it is
-- revoked and inactive from the same statement on. Nobody but the owner of the identity key can make the
-- signature; whether it is right is for those who look the key up to verify, for the database cannot.  Must
-- be the first write of its transaction. Errors: 22023 an argument is null, 23514 a key or signature of a
-- wrong length or a point of low order, 25001 not the first write, P0002 no such user.
create function publish_public_key(
  owner_id integer, x25519_key bytea, signature bytea, identity_key bytea
) returns integer
language plpgsql
security definer
set search_path from current
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

  perform from users where id = owner_id for no key update;  -- one version after the other
  if not found then
    raise exception 'there is no such user' using errcode = 'no_data_found';
  end if;
  with revoked as (
    update messaging_public_keys
    set is_active = false, revoked_at = now() at time zone 'utc'
    where user_id = owner_id and is_active
    returning id
  )
  insert into messaging_public_keys (
    user_id, x25519_public_key, ed25519_signature, ed25519_public_key, key_version
  )
  select
    owner_id, x25519_key, signature, identity_key,
    coalesce((select max(key_version) from messaging_public_keys where user_id = owner_id), 0) + 1
  from (select count(*) from revoked) as after_the_update  -- an index forbids two active keys at any moment
  returning key_version into published;
  return published;
end
$$;
revoke all on function publish_public_key(integer, bytea, bytea, bytea) from public;
grant execute on function publish_public_key(integer, bytea, bytea, bytea) to nosender_app;

-- 38_active_public_key.sql
-- The messaging key of whoever has a phone number: one row, or none for a number that nobody registered or
-- that has published no key. Who may call this can find out which numbers are registered, one at a time: the
-- application must limit how often. Verify the signature before use. Errors: 22023 not a phone number.
create function active_public_key(phone text)
returns table (
  key_version integer, x25519_public_key bytea, ed25519_signature bytea, ed25519_public_key bytea
)
language plpgsql
stable
security definer
set search_path from current
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
  from users
  join messaging_public_keys as key on key.user_id = users.id
  where users.phone_number = phone and key.is_active;
end
$$;
revoke all on function active_public_key(text) from public;
grant execute on function active_public_key(text) to nosender_app;

-- 39_rotate_session_key.sql
-- Stores a session key, sealed for each of a user's active devices, and returns its rotation counter.
-- `replaced` is the id of the session key that it takes the place of: that one turns inactive and stays, to
-- read old messages, and the counter goes up. NULL starts a session, at counter 0.  The devices must be
-- exactly the user's active ones, so that none is left out and none of anybody else's gets in.  Must be the
-- first write of its transaction. Errors: 22023 an argument, 23514 a sealed key that is too short, 25001 not
-- the first write, P0002 no such user or no such session key, 55000 the devices are not the active ones or
-- the key was replaced already, 23505 the new id is taken (by whom is not said).
create function rotate_session_key(
  owner_id integer,
  replaced text,
  session text,
  devices integer[],
  sealed_keys bytea[],
  expires_in interval default null
) returns bigint
language plpgsql
security definer
set search_path from current
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

  perform from users where id = owner_id for no key update;  -- no device comes or goes meanwhile
  if not found then
    raise exception 'there is no such user' using errcode = 'no_data_found';
  end if;
  if
    (select array_agg(device order by device) from unnest(devices) as device) is distinct from
    (select array_agg(id order by id) from webauthn_credentials where user_id = owner_id and is_active)
  then
    raise exception 'devices must be the active devices of the user, each once'
      using errcode = 'object_not_in_prerequisite_state';
  end if;

  if replaced is not null then
    -- What a sweep made inactive may still be replaced; what was replaced already may not, or the session
    -- forks.
    select max(key_rotation_counter) + 1, bool_or(is_active or expires_at <= now() at time zone 'utc')
    into counter, replaceable
    from device_session_keys
    where user_id = owner_id and session_key_id = replaced;
    if counter is null then
      raise exception 'the user has no session key of that id' using errcode = 'no_data_found';
    end if;
    if replaceable is not true then
      raise exception 'the session key was replaced already'
        using errcode = 'object_not_in_prerequisite_state';
    end if;
    update device_session_keys set is_active = false
    where user_id = owner_id and session_key_id = replaced and is_active;
  end if;

  -- The constraints would name the two users in the log; this does not.
  begin
    insert into device_session_keys (
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
revoke all on function rotate_session_key(integer, text, text, integer[], bytea[], interval) from public;
grant execute on function rotate_session_key(integer, text, text, integer[], bytea[], interval)
to nosender_app;

-- 40_session_keys.sql
-- The session keys that are sealed for a device, old ones included: they read old messages. A key past its
-- expiry is inactive, swept or not. Errors: P0002 no such device.
create function session_keys(device_id integer)
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
set search_path from current
set plan_cache_mode to force_generic_plan
set enable_seqscan to off
as $$
#variable_conflict use_column
begin
  return query
  select
    session_key_id, encrypted_session_key, key_rotation_counter, expires_at,
    is_active and (expires_at > now() at time zone 'utc') is not false
  from device_session_keys
  where webauthn_credential_id = device_id
  order by id;
  if not found then
    perform from webauthn_credentials where id = device_id;
    if not found then
      raise exception 'there is no such device' using errcode = 'no_data_found';
    end if;
  end if;
end
$$;
revoke all on function session_keys(integer) from public;
grant execute on function session_keys(integer) to nosender_app;

-- 41_publish_ephemeral_key.sql
-- Leaves an ephemeral key for a destination to claim. It lives five minutes unless told otherwise, an hour at
-- most, and to the end of the quarter of an hour that it ends in.  For a number that nobody registered
-- nothing is stored, and nothing is said: the answer is the same.  Must be the first write of its
-- transaction. Errors: 22023 an argument, 23514 a key of a wrong length or a point of low order, 25001 not
-- the first write, 23505 the exchange id is taken.
create function publish_ephemeral_key(
  destination text, public_key bytea, exchange text, expires_in interval default interval '5 minutes'
) returns void
language plpgsql
security definer
set search_path from current
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
  perform from users where phone_number = destination for key share;
  if not found then
    return;
  end if;
  insert into ephemeral_keys (destination_phone, ephemeral_public_key, key_exchange_id, expires_at)
  values (destination, public_key, exchange, now() at time zone 'utc' + expires_in)
  on conflict do nothing;
  if not found then
    raise exception 'the exchange id is taken' using errcode = 'unique_violation';
  end if;
end
$$;
revoke all on function publish_ephemeral_key(text, bytea, text, interval) from public;
grant execute on function publish_ephemeral_key(text, bytea, text, interval) to nosender_app;

-- 42_claim_ephemeral_key.sql
-- Takes one ephemeral key that was left for a destination: the named exchange's, or the one that expires
-- first. The key is deleted as it is returned, so it comes exactly once, however many claim at the same time;
-- a claim passes over keys that others are claiming and waits for nobody. No row when there is none. Expired
-- ones never come.  Must be the first write of its transaction. Errors: 22023 not a phone number, 25001 not
-- the first write.
create function claim_ephemeral_key(destination text, exchange text default null)
returns table (key_exchange_id text, ephemeral_public_key bytea)
language plpgsql
security definer
set search_path from current
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
    delete from ephemeral_keys
    where id = (
      select id
      from ephemeral_keys
      where destination_phone = destination and not used and expires_at > now() at time zone 'utc'
      order by expires_at
      limit 1
      for update skip locked
    )
    returning key_exchange_id, ephemeral_public_key;
  else
    return query
    delete from ephemeral_keys
    where
      key_exchange_id = exchange
      and destination_phone = destination
      and not used
      and expires_at > now() at time zone 'utc'
    returning key_exchange_id, ephemeral_public_key;
  end if;
end
$$;
revoke all on function claim_ephemeral_key(text, text) from public;
grant execute on function claim_ephemeral_key(text, text) to nosender_app;

-- 43_send_message.sql
-- Stores one message for a destination, with a delivery for each of its active devices. Returns true; false
-- for a replay, which stores nothing: the id is there already, for the same destination.  For a number that
-- nobody registered, or that has no active device, nothing is stored and the answer is true as well: nobody
-- could ever fetch it. The answer to a replay still tells the two apart, and so does active_public_key.  Must
-- be the first write of its transaction. Errors: 22023 an argument, 25001 not the first write, 23505 the id
-- is taken by a message to another destination.
create function send_message(
  destination text, content bytea, message text, kind text default 'text', expires_in interval default null
) returns boolean
language plpgsql
security definer
set search_path from current
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
    from users
    join webauthn_credentials on webauthn_credentials.user_id = users.id
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
    insert into messages (destination_phone, encrypted_content, message_id, message_type, expires_at)
    values (destination, content, message, kind, now() at time zone 'utc' + expires_in)
    on conflict (message_id) do nothing
    returning id
  )
  insert into message_deliveries (message_id, webauthn_credential_id)
  select stored.id, device from stored, unnest(devices) as device;
  if found then
    return true;
  end if;
  if exists (select from messages where message_id = message and destination_phone <> destination) then
    raise exception 'the message id is taken' using errcode = 'unique_violation';
  end if;
  return false;
end
$$;
revoke all on function send_message(text, bytea, text, text, interval) from public;
grant execute on function send_message(text, bytea, text, text, interval) to nosender_app;

-- 44_send_messages.sql
-- Stores many messages in one call, as send_message stores one, and returns one answer for each, in their
-- order: the arrays have one element for each message; kinds and expires_in may be left out, or have NULL for
-- the default.  Rows of one transaction share their xmin: gather a batch over an interval from many senders.
-- A batch that is one sender's group message would name the group. The rows are stored in an order that has
-- nothing to do with that of the batch, but is the same for the same ids, so that two batches with ids in
-- common cannot deadlock.  Must be the first write of its transaction. All or nothing. Errors: 22023 an
-- argument, among them an empty batch and one of more than 10000 messages, 25001 not the first write, 23505
-- an id is taken by a message to another destination, in the batch or before.
create function send_messages(
  destinations text[],
  contents bytea[],
  message_ids text[],
  kinds text[] default null,
  expires_in interval[] default null
) returns boolean[]
language plpgsql
security definer
set search_path from current
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
    from users
    join webauthn_credentials on webauthn_credentials.user_id = users.id
    where users.phone_number = any(destinations) and webauthn_credentials.is_active
    order by webauthn_credentials.id
    for key share of webauthn_credentials
  ),
  stored as (
    insert into messages (destination_phone, encrypted_content, message_id, message_type, expires_at)
    select destination, content, message, kind, now() at time zone 'utc' + life
    from item
    where destination in (select phone_number from device)
    order by hashtextextended(message, 0), place
    on conflict (message_id) do nothing
    returning id, message_id, destination_phone
  ),
  delivered as (
    insert into message_deliveries (message_id, webauthn_credential_id)
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
    join messages on messages.message_id = item.message
    where not item.answer and messages.destination_phone <> item.destination;
    if found then
      raise exception 'a message id of the batch is taken' using errcode = 'unique_violation';
    end if;
  end if;
  return answers;
end
$$;
revoke all on function send_messages(text[], bytea[], text[], text[], interval[]) from public;
grant execute on function send_messages(text[], bytea[], text[], text[], interval[]) to nosender_app;

-- 45_fetch_messages.sql
-- The oldest messages that wait for a device, in order. There is no position to continue from: a message that
-- commits late has a lower number than some that were fetched, and would be passed over. Acknowledge the
-- page, which takes it out of the way, and fetch again. Expired messages are not shown, swept or not. Errors:
-- 22023 an argument, P0002 no such active device.
create function fetch_messages(device_id integer, page integer default 100)
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
set search_path from current
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
  from message_deliveries
  join messages on messages.id = message_deliveries.message_id
  where
    message_deliveries.webauthn_credential_id = device_id
    and message_deliveries.delivery_status = 'pending'
    and (messages.expires_at > now() at time zone 'utc') is not false
  order by message_deliveries.message_id
  limit page;
  if not found then
    perform from webauthn_credentials where id = device_id and is_active;
    if not found then
      raise exception 'there is no such active device' using errcode = 'no_data_found';
    end if;
  end if;
end
$$;
revoke all on function fetch_messages(integer, integer) from public;
grant execute on function fetch_messages(integer, integer) to nosender_app;

-- 46_acknowledge.sql
-- Notes what became of messages on a device: delivered, read (and so delivered) or failed. `messages` are the
-- ids that fetch_messages gave. Only deliveries to the device itself are touched; returns how many changed,
-- so an acknowledgement that comes again, or names what is not the device's, counts nothing. What failed may
-- be delivered later; what was delivered cannot fail.  Must be the first write of its transaction. Errors:
-- 22023 an argument, among them no messages and more than 10000, 25001 not the first write, P0002 no such
-- device.
create function acknowledge(device_id integer, messages bigint[], outcome text) returns integer
language plpgsql
security definer
set search_path from current
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
    update message_deliveries
    set
      delivery_status = 'delivered',
      delivered_at = coalesce(delivered_at, date_trunc('hour', now() at time zone 'utc')),
      read_at = date_trunc('hour', now() at time zone 'utc')
    where webauthn_credential_id = device_id and message_id = any(messages) and read_at is null;
  elsif outcome = 'delivered' then
    update message_deliveries
    set delivery_status = 'delivered', delivered_at = date_trunc('hour', now() at time zone 'utc')
    where
      webauthn_credential_id = device_id
      and message_id = any(messages)
      and delivery_status in ('pending', 'failed');
  else
    update message_deliveries
    set delivery_status = 'failed'
    where webauthn_credential_id = device_id and message_id = any(messages) and delivery_status = 'pending';
  end if;
  get diagnostics changed = row_count;
  if changed = 0 then  -- an IF of its own: a condition with a subquery in it costs a query every time
    perform from webauthn_credentials where id = device_id;
    if not found then
      raise exception 'there is no such device' using errcode = 'no_data_found';
    end if;
  end if;
  return changed;
end
$$;
revoke all on function acknowledge(integer, bigint[], text) from public;
grant execute on function acknowledge(integer, bigint[], text) to nosender_app;
