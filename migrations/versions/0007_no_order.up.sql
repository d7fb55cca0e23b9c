-- Draw ids at random, so that no row tells when it came among the others.
--
-- Defaults and functions change; no row is written and no table read.
set local search_path = pg_catalog, pg_temp;

-- The functions of the message flow lock these tables in more than one order. All of them first, and each
-- waited for so briefly that nobody who waits for this in turn is taken for a deadlock; it is tried again.
set local lock_timeout = '200ms';
lock table
public.message_deliveries, public.messages, public.device_session_keys, public.ephemeral_keys,
public.messaging_public_keys
in access exclusive mode;

-- 121_new_message_id.sql
-- The default of messages.id: the day, counted from 2020, and 39 random bits below it. 53 bits in all, so
-- that no reader of JSON loses a digit, until 2064. Numbers of a sequence would keep the order of
-- insertion, and that tells who answers whom; the day stands in the row anyway, and keeps the index
-- together. The bits come from the server's strong generator: the state of random() can be computed from
-- a few of its numbers. Hashed, all that is random in the UUID counts, and the bits that never change do
-- not.  It looks first and draws again where a row has the number, without an exception block: that would
-- take a transaction number of its own. SECURITY DEFINER: it must see every row, whoever writes.
create function public.new_message_id() returns bigint
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
set enable_seqscan to off  -- a plan made while the table was small stays when it is large
as $$
declare
  drawn bigint;
begin
  loop
    drawn :=
      (((now() at time zone 'utc')::date - date '2020-01-01')::bigint << 39)
      | (uuid_hash_extended(gen_random_uuid(), 0) & 549755813887);
    perform 1 from public.messages where id = drawn;
    exit when not found;
  end loop;
  return drawn;
end
$$;
revoke all on function public.new_message_id() from public;

alter table public.messages alter column id set default public.new_message_id();

-- 131_new_session_key_id.sql
-- The default of device_session_keys.id: 31 random bits, drawn again where a row has them; see
-- 121_new_message_id.sql.
create function public.new_session_key_id() returns integer
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
set enable_seqscan to off  -- a plan made while the table was small stays when it is large
as $$
declare
  drawn integer;
begin
  loop
    drawn := (uuid_hash_extended(gen_random_uuid(), 0) & 2147483647)::integer;
    perform 1 from public.device_session_keys where id = drawn;
    exit when not found and drawn > 0;
  end loop;
  return drawn;
end
$$;
revoke all on function public.new_session_key_id() from public;

alter table public.device_session_keys alter column id set default public.new_session_key_id();

-- 141_new_delivery_id.sql
-- The default of message_deliveries.id: the day and 39 random bits; see 121_new_message_id.sql.
create function public.new_delivery_id() returns bigint
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
set enable_seqscan to off  -- a plan made while the table was small stays when it is large
as $$
declare
  drawn bigint;
begin
  loop
    drawn :=
      (((now() at time zone 'utc')::date - date '2020-01-01')::bigint << 39)
      | (uuid_hash_extended(gen_random_uuid(), 0) & 549755813887);
    perform 1 from public.message_deliveries where id = drawn;
    exit when not found;
  end loop;
  return drawn;
end
$$;
revoke all on function public.new_delivery_id() from public;

alter table public.message_deliveries alter column id set default public.new_delivery_id();

-- 151_new_ephemeral_key_id.sql
-- The default of ephemeral_keys.id: 31 random bits, drawn again where a row has them; see
-- 121_new_message_id.sql.
create function public.new_ephemeral_key_id() returns integer
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
set enable_seqscan to off  -- a plan made while the table was small stays when it is large
as $$
declare
  drawn integer;
begin
  loop
    drawn := (uuid_hash_extended(gen_random_uuid(), 0) & 2147483647)::integer;
    perform 1 from public.ephemeral_keys where id = drawn;
    exit when not found and drawn > 0;
  end loop;
  return drawn;
end
$$;
revoke all on function public.new_ephemeral_key_id() from public;

alter table public.ephemeral_keys alter column id set default public.new_ephemeral_key_id();

-- 161_new_public_key_id.sql
-- The default of messaging_public_keys.id: 31 random bits, drawn again where a row has them; see
-- 121_new_message_id.sql.
create function public.new_public_key_id() returns integer
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
set enable_seqscan to off  -- a plan made while the table was small stays when it is large
as $$
declare
  drawn integer;
begin
  loop
    drawn := (uuid_hash_extended(gen_random_uuid(), 0) & 2147483647)::integer;
    perform 1 from public.messaging_public_keys where id = drawn;
    exit when not found and drawn > 0;
  end loop;
  return drawn;
end
$$;
revoke all on function public.new_public_key_id() from public;

alter table public.messaging_public_keys alter column id set default public.new_public_key_id();

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
        select 1 from public.device_session_keys
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
  -- By the day: two people who store a key within the same hour are partners too often.
  if
    new.created_at <> date_trunc('day', new.created_at)
    or new.expires_at <> date_trunc('hour', new.expires_at)
  then
    new.created_at := date_trunc('day', new.created_at);
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
    select 1
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
    select 1
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

-- 295_lifetime.sql
-- How long something lives that is to live for `asked`: the next of thirteen lifetimes, for one of any
-- length would be a mark by which rows are told apart. NULL beyond the longest, and for NULL. Bound when
-- it is made, and so a part of whatever statement calls it.
create function public.lifetime(asked interval) returns interval
language sql
immutable parallel safe
return case
  when asked <= '1 hour' then interval '1 hour'
  when asked <= '2 hours' then interval '2 hours'
  when asked <= '4 hours' then interval '4 hours'
  when asked <= '8 hours' then interval '8 hours'
  when asked <= '16 hours' then interval '16 hours'
  when asked <= '1 day' then interval '1 day'
  when asked <= '2 days' then interval '2 days'
  when asked <= '4 days' then interval '4 days'
  when asked <= '7 days' then interval '7 days'
  when asked <= '14 days' then interval '14 days'
  when asked <= '31 days' then interval '31 days'
  when asked <= '92 days' then interval '92 days'
  when asked <= '366 days' then interval '366 days'
end;
revoke all on function public.lifetime(interval) from public;

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
  -- The number is taken here, whatever is written: what comes later in this transaction refuses.
  if (case when pg_current_xact_id_if_assigned() is null then pg_current_xact_id() is null else true end) then
    raise exception 'register_user must be the first write of its transaction'
      using errcode = 'active_sql_transaction',
      hint = 'Commit first, and call it in a transaction of its own.';
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
    perform pg_advisory_xact_lock(
      hashtext('nosender.number'), (hashtextextended(phone, 0) & 255)::integer
    );
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
    exists (select 1 from public.messages where destination_phone = phone)
    or exists (select 1 from public.ephemeral_keys where destination_phone = phone)
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
  -- The number is taken here, whatever is written: what comes later in this transaction refuses.
  if (case when pg_current_xact_id_if_assigned() is null then pg_current_xact_id() is null else true end) then
    raise exception 'forget_phone_number must be the first write of its transaction'
      using errcode = 'active_sql_transaction',
      hint = 'Commit first, and call it in a transaction of its own.';
  end if;
  if (phone ~ '^\+[1-9][0-9]{6,14}$') is not true then
    raise exception 'phone must be an E.164 number: + and 7 to 15 digits, the first of them not 0'
      using errcode = 'invalid_parameter_value';
  end if;

  -- Nobody leaves a key for the number meanwhile.
  perform pg_advisory_xact_lock(
    hashtext('nosender.number'), (hashtextextended(phone, 0) & 255)::integer
  );
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
  -- The number is taken here, whatever is written: what comes later in this transaction refuses.
  if (case when pg_current_xact_id_if_assigned() is null then pg_current_xact_id() is null else true end) then
    raise exception 'register_device must be the first write of its transaction'
      using errcode = 'active_sql_transaction',
      hint = 'Commit first, and call it in a transaction of its own.';
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
  perform 1 from public.users where id = owner_id for no key update;
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

-- 325_register_person.sql
-- Registers a phone number with its first device and messaging key, in one call: a person without a device
-- gets nothing, and one without a key cannot be written to. The arguments are those of register_user,
-- register_device and publish_public_key.  Must be the first write of its transaction. Errors: those of the
-- three.
create function public.register_person(
  phone text,
  credential bytea,
  device_key bytea,
  x25519_key bytea,
  signature bytea,
  identity_key bytea,
  counter bigint default 0,
  forget_former boolean default false
) returns table (user_id integer, device_id integer)
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
    raise exception 'register_person must be the first write of its transaction'
      using errcode = 'active_sql_transaction',
      hint = 'Commit first, and call it in a transaction of its own.';
  end if;
  refusal := case
    when (octet_length(credential) between 16 and 1023) is not true
      then 'credential must have 16 to 1023 bytes'
    when (octet_length(device_key) between 1 and 4096) is not true
      then 'device_key must have 1 to 4096 bytes'
    when (counter between 0 and 4294967295) is not true
      then 'counter must be from 0 to 4294967295'
    when (num_nulls(x25519_key, signature, identity_key) = 0) is not true
      then 'no argument may be null'
  end;
  if refusal is not null then
    raise exception '%', refusal using errcode = 'invalid_parameter_value';
  end if;
  user_id := public.register_user(phone, forget_former);  -- which takes the transaction's number
  insert into public.webauthn_credentials (user_id, credential_id, public_key, sign_count)
  values (register_person.user_id, credential, device_key, counter)
  on conflict (credential_id) do nothing
  returning id into device_id;
  if device_id is null then
    raise exception 'the credential is registered already' using errcode = 'unique_violation';
  end if;
  insert into public.messaging_public_keys (
    user_id, x25519_public_key, ed25519_signature, ed25519_public_key, key_version
  )
  values (register_person.user_id, x25519_key, signature, identity_key, 1);
  return next;
end
$$;
revoke all on function public.register_person(
  text, bytea, bytea, bytea, bytea, bytea, bigint, boolean
) from public;
grant execute on function public.register_person(
  text, bytea, bytea, bytea, bytea, bytea, bigint, boolean
) to nosender_app;

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
  -- The number is taken here, whatever is written: what comes later in this transaction refuses.
  if (case when pg_current_xact_id_if_assigned() is null then pg_current_xact_id() is null else true end) then
    raise exception 'record_sign_count must be the first write of its transaction'
      using errcode = 'active_sql_transaction',
      hint = 'Commit first, and call it in a transaction of its own.';
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
  -- The number is taken here, whatever is written: what comes later in this transaction refuses.
  if (case when pg_current_xact_id_if_assigned() is null then pg_current_xact_id() is null else true end) then
    raise exception 'revoke_device must be the first write of its transaction'
      using errcode = 'active_sql_transaction',
      hint = 'Commit first, and call it in a transaction of its own.';
  end if;
  if (device_id is not null) is not true then
    raise exception 'device_id must not be null' using errcode = 'invalid_parameter_value';
  end if;

  select user_id into owner_id from public.webauthn_credentials where id = device_id;
  perform 1 from public.users where id = owner_id for no key update;
  -- FOR UPDATE waits for every message that is being sent to the device, and makes the next ones wait.
  select is_active into was_active from public.webauthn_credentials where id = device_id for update;
  if not found then
    raise exception 'there is no such device' using errcode = 'no_data_found';
  end if;
  if not was_active then
    return false;
  end if;
  update public.webauthn_credentials set is_active = false where id = device_id;
  -- They end with this day, which finds them among those that ended long ago.
  update public.device_session_keys
  set is_active = false, expires_at = least(expires_at, date_trunc('day', now() at time zone 'utc'))
  where webauthn_credential_id = device_id and is_active;
  -- A snapshot that is older than another device's last acknowledgement would leave a message without a
  -- delivery: who locks a row that is gone since fails and calls again.
  if current_setting('transaction_isolation') <> 'read committed' then
    perform 1 from public.message_deliveries
    where
      message_id in (
        select message_id from public.message_deliveries
        where webauthn_credential_id = device_id and delivery_status = 'pending'
      )
    order by message_id, webauthn_credential_id
    for update;
  end if;
  with gone as (
    delete from public.message_deliveries
    where webauthn_credential_id = device_id and delivery_status = 'pending'
    returning message_id
  )
  select array_agg(message_id) into waiting from gone;
  delete from public.messages
  where
    id = any(waiting)
    and not exists (select 1 from public.message_deliveries where message_deliveries.message_id = messages.id);
  return true;
end
$$;

-- 370_publish_public_key.sql
drop function public.publish_public_key(integer, bytea, bytea, bytea);
create function public.publish_public_key(
  owner_id integer,
  x25519_key bytea,
  signature bytea,
  identity_key bytea,
  new_identity boolean default false
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
  pinned bytea;
begin
  -- The number is taken here, whatever is written: what comes later in this transaction refuses.
  if (case when pg_current_xact_id_if_assigned() is null then pg_current_xact_id() is null else true end) then
    raise exception 'publish_public_key must be the first write of its transaction'
      using errcode = 'active_sql_transaction',
      hint = 'Commit first, and call it in a transaction of its own.';
  end if;
  if (num_nulls(owner_id, x25519_key, signature, identity_key, new_identity) = 0) is not true then
    raise exception 'no argument may be null' using errcode = 'invalid_parameter_value';
  end if;

  perform 1 from public.users where id = owner_id for key share;  -- as the foreign key does
  if not found then
    raise exception 'there is no such user' using errcode = 'no_data_found';
  end if;
  -- One version after the other without a lock on the person, which would keep the transaction's number: who
  -- meets another publication waits for it in the index and goes round once more.
  loop
    update public.messaging_public_keys
    set is_active = false, revoked_at = now() at time zone 'utc'
    where user_id = owner_id and is_active;
    insert into public.messaging_public_keys (
      user_id, x25519_public_key, ed25519_signature, ed25519_public_key, key_version
    )
    select owner_id, x25519_key, signature, identity_key, coalesce(max(key_version), 0) + 1
    from public.messaging_public_keys
    where user_id = owner_id
    on conflict do nothing
    returning key_version into published;
    exit when published is not null;
  end loop;
  select ed25519_public_key into pinned from public.messaging_public_keys
  where user_id = owner_id and key_version < published
  order by key_version desc
  limit 1;
  if pinned <> identity_key and not new_identity then
    raise exception 'the identity key is another one than before'
      using errcode = 'object_not_in_prerequisite_state',
      hint = 'Publish it with new_identity => true if its owner replaced it: whoever looks it up sees that.';
  end if;
  return published;
end
$$;
revoke all on function public.publish_public_key(integer, bytea, bytea, bytea, boolean) from public;
grant execute on function public.publish_public_key(integer, bytea, bytea, bytea, boolean) to nosender_app;

-- 380_active_public_key.sql
drop function public.active_public_key(text);
create function public.active_public_key(phone text)
returns table (
  key_version integer,
  x25519_public_key bytea,
  ed25519_signature bytea,
  ed25519_public_key bytea,
  identity_since integer
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
  select
    key.key_version, key.x25519_public_key, key.ed25519_signature, key.ed25519_public_key,
    1 + (
      select coalesce(max(other.key_version), 0)
      from public.messaging_public_keys as other
      where other.user_id = key.user_id and other.ed25519_public_key <> key.ed25519_public_key
    )
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
  counter bigint;
  replaceable boolean;
  stored bigint;
  ending timestamp without time zone := now() at time zone 'utc' + public.lifetime(expires_in);
begin
  -- The number is taken here, whatever is written: what comes later in this transaction refuses.
  if (case when pg_current_xact_id_if_assigned() is null then pg_current_xact_id() is null else true end) then
    raise exception 'rotate_session_key must be the first write of its transaction'
      using errcode = 'active_sql_transaction',
      hint = 'Commit first, and call it in a transaction of its own.';
  end if;
  refusal := case
    when (octet_length(session) between 1 and 255) is not true
      then 'session must have 1 to 255 bytes'
    when (cardinality(devices) > 0 and cardinality(devices) = cardinality(sealed_keys)) is not true
      then 'devices and sealed_keys must have one element for each device'
    when (array_position(devices, null) is null and array_position(sealed_keys, null) is null) is not true
      then 'no element of devices or sealed_keys may be null'
    when expires_in not between interval '1 second' and interval '366 days'
      then 'expires_in must be from one second to 366 days'
  end;
  if refusal is not null then
    raise exception '%', refusal using errcode = 'invalid_parameter_value';
  end if;

  perform 1 from public.users where id = owner_id for no key update;  -- no device comes or goes meanwhile
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

  if replaced is null then
    counter := uuid_hash_extended(gen_random_uuid(), 0) & 2147483647;
  else
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
    update public.device_session_keys set is_active = false, expires_at = null
    where user_id = owner_id and session_key_id = replaced and (is_active or expires_at is not null);
  end if;

  -- One writer of an id at a time, by the hash that the exclusion goes by: whoever is late finds the row.
  perform pg_advisory_xact_lock(hashtextextended(session, 0));
  perform 1 from public.device_session_keys
  where session_key_id = session and (user_id <> owner_id or webauthn_credential_id = any(devices));
  if found then
    raise exception 'the session key id is taken' using errcode = 'unique_violation';
  end if;
  if expires_in > interval '16 hours' then
    ending := date_trunc('day', ending) + interval '1 day';
  end if;
  -- A constraint that refuses names two users in the log, and an exception block is a transaction of its own,
  -- one number after that of the key replaced: so nothing may fail here.
  insert into public.device_session_keys (
    user_id, webauthn_credential_id, session_key_id, encrypted_session_key, key_rotation_counter, expires_at
  )
  select owner_id, device, session, sealed_key, counter, ending
  from unnest(devices, sealed_keys) as sealed (device, sealed_key)
  on conflict do nothing;
  get diagnostics stored = row_count;
  if stored < cardinality(devices) then
    raise exception 'the session key met another one: call again' using errcode = 'serialization_failure';
  end if;
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
  expires_at timestamp with time zone,
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
    session_key_id, encrypted_session_key, key_rotation_counter, expires_at at time zone 'utc',
    is_active and (expires_at > now() at time zone 'utc') is not false
  from public.device_session_keys
  where webauthn_credential_id = device_id
  order by created_at, key_rotation_counter, session_key_id;
  if not found then
    perform 1 from public.webauthn_credentials where id = device_id;
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
  -- The number is taken here, whatever is written: what comes later in this transaction refuses.
  if (case when pg_current_xact_id_if_assigned() is null then pg_current_xact_id() is null else true end) then
    raise exception 'publish_ephemeral_key must be the first write of its transaction'
      using errcode = 'active_sql_transaction',
      hint = 'Commit first, and call it in a transaction of its own.';
  end if;
  refusal := case
    when (destination ~ '^\+[1-9][0-9]{6,14}$') is not true
      then 'destination must be an E.164 number: + and 7 to 15 digits, the first of them not 0'
    when (octet_length(public_key) = 32) is not true
      then 'public_key must be an X25519 key of 32 bytes'
    when (octet_length(exchange) between 1 and 255) is not true
      then 'exchange must have 1 to 255 bytes'
    when (expires_in between interval '1 second' and (select prekeys from public.retention_knobs())) is not true
      then 'expires_in must be from one second to the greatest age of a key that waits'
  end;
  if refusal is not null then
    raise exception '%', refusal using errcode = 'invalid_parameter_value';
  end if;

  -- The lock keeps a number from being forgotten meanwhile, which would leave the key behind. It is one of 256
  -- and not of the person's row, which would keep the transaction's number; but an old snapshot would not see
  -- who was forgotten while this waited.
  perform pg_advisory_xact_lock_shared(
    hashtext('nosender.number'), (hashtextextended(destination, 0) & 255)::integer
  );
  if current_setting('transaction_isolation') = 'read committed' then
    perform 1 from public.users where phone_number = destination;
  else
    perform 1 from public.users where phone_number = destination for key share;
  end if;
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
  -- The number is taken here, whatever is written: what comes later in this transaction refuses.
  if (case when pg_current_xact_id_if_assigned() is null then pg_current_xact_id() is null else true end) then
    raise exception 'claim_ephemeral_key must be the first write of its transaction'
      using errcode = 'active_sql_transaction',
      hint = 'Commit first, and call it in a transaction of its own.';
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
  number bigint;
  made bigint;
  holder text;
begin
  -- The number is taken here, whatever is written: what comes later in this transaction refuses.
  if (case when pg_current_xact_id_if_assigned() is null then pg_current_xact_id() is null else true end) then
    raise exception 'send_message must be the first write of its transaction'
      using errcode = 'active_sql_transaction',
      hint = 'Commit first, and call it in a transaction of its own.';
  end if;
  refusal := case
    when (octet_length(content) between 28 and 1048576) is not true
      then 'content must have 28 bytes (nonce and tag) to 1048576'
    when (octet_length(message) between 1 and 255) is not true
      then 'message must have 1 to 255 bytes'
    when (char_length(kind) between 1 and 20) is not true
      then 'kind must have 1 to 20 characters'
    when expires_in not between interval '1 second' and interval '366 days'
      then 'expires_in must be from one second to 366 days'
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

  -- The numbers are drawn here and not by the defaults, which look for each of them first: at half the cost the
  -- indexes do so. Where one is taken, all are drawn anew, and nobody is told that his message's id is.
  loop
    with stored as (
      insert into public.messages (
        id, destination_phone, encrypted_content, message_id, message_type, expires_at
      )
      values (
        (((now() at time zone 'utc')::date - date '2020-01-01')::bigint << 39)
        | (uuid_hash_extended(gen_random_uuid(), 0) & 549755813887),
        destination, content, message, kind, now() at time zone 'utc' + public.lifetime(expires_in)
      )
      on conflict do nothing
      returning id
    ),
    delivered as (
      insert into public.message_deliveries (id, message_id, webauthn_credential_id)
      select
        (((now() at time zone 'utc')::date - date '2020-01-01')::bigint << 39)
        | (uuid_hash_extended(gen_random_uuid(), 0) & 549755813887),
        stored.id, device
      from stored, unnest(devices) as device
      on conflict (id) do nothing
      returning id
    )
    select (select id from stored), (select count(*) from delivered) into number, made;
    if made = cardinality(devices) then
      return true;
    end if;
    if number is null then
      select destination_phone into holder from public.messages where message_id = message;
      exit when found;
    end if;
    delete from public.messages where id = number;
  end loop;
  if holder <> destination then
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
  complete boolean;
  taken boolean;
begin
  -- The number is taken here, whatever is written: what comes later in this transaction refuses.
  if (case when pg_current_xact_id_if_assigned() is null then pg_current_xact_id() is null else true end) then
    raise exception 'send_messages must be the first write of its transaction'
      using errcode = 'active_sql_transaction',
      hint = 'Commit first, and call it in a transaction of its own.';
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
      and (life is null or life between interval '1 second' and interval '366 days')
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
    insert into public.messages (
      id, destination_phone, encrypted_content, message_id, message_type, expires_at
    )
    select
      (((now() at time zone 'utc')::date - date '2020-01-01')::bigint << 39)
      | (uuid_hash_extended(gen_random_uuid(), 0) & 549755813887),
      destination, content, message, kind, now() at time zone 'utc' + public.lifetime(life)
    from item
    where destination in (select phone_number from device)
    order by hashtextextended(message, 0), place
    on conflict do nothing
    returning id, message_id, destination_phone
  ),
  delivered as (
    insert into public.message_deliveries (id, message_id, webauthn_credential_id)
    select
      (((now() at time zone 'utc')::date - date '2020-01-01')::bigint << 39)
      | (uuid_hash_extended(gen_random_uuid(), 0) & 549755813887),
      stored.id, device.id
    from stored
    join device on device.phone_number = stored.destination_phone
    on conflict (id) do nothing
    returning id
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
    min(place) filter (where not is_known and destination !~ '^\+[1-9][0-9]{6,14}$'),
    (select count(*) from delivered)
    = (select count(*) from stored join device on device.phone_number = stored.destination_phone)
  into answers, wrong, complete
  from answer;
  if wrong is not null then
    raise exception 'the destination of message % of the batch must be an E.164 number', wrong
      using errcode = 'invalid_parameter_value';
  end if;

  if false = any(answers) then
    select
      bool_or(messages.destination_phone <> item.destination), complete and bool_and(messages.id is not null)
    into taken, complete
    from unnest(answers, destinations, message_ids) as item (answer, destination, message)
    left join public.messages on messages.message_id = item.message
    where not item.answer;
    if taken then
      raise exception 'a message id of the batch is taken' using errcode = 'unique_violation';
    end if;
  end if;
  if not complete then  -- a number that was drawn is taken: once in billions of rows
    raise exception 'the batch met another one: call again' using errcode = 'serialization_failure';
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
  "timestamp" timestamp with time zone,
  message_type varchar,
  expires_at timestamp with time zone
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
    oldest.id, oldest.message_id, oldest.encrypted_content, oldest."timestamp" at time zone 'utc',
    oldest.message_type, oldest.expires_at at time zone 'utc'
  from (
    select
      messages.id, messages.message_id, messages.encrypted_content, messages."timestamp",
      messages.message_type, messages.expires_at
    from public.message_deliveries
    join public.messages on messages.id = message_deliveries.message_id
    where
      message_deliveries.webauthn_credential_id = device_id
      and message_deliveries.delivery_status = 'pending'
      and (messages.expires_at > now() at time zone 'utc') is not false
    order by message_deliveries.message_id
    limit page
  ) as oldest
  order by oldest."timestamp", oldest.id;
  if not found then
    perform 1 from public.webauthn_credentials where id = device_id and is_active;
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
  finished bigint[];
begin
  -- The number is taken here, whatever is written: what comes later in this transaction refuses.
  if (case when pg_current_xact_id_if_assigned() is null then pg_current_xact_id() is null else true end) then
    raise exception 'acknowledge must be the first write of its transaction'
      using errcode = 'active_sql_transaction',
      hint = 'Commit first, and call it in a transaction of its own.';
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

  if outcome <> 'failed' and (select delivered from public.retention_knobs()) = 'delete' then
    -- All deliveries of the messages, in one order: of two last acknowledgements one waits for the other, or,
    -- with a snapshot that is older than the other, fails and is called again.
    perform 1 from public.message_deliveries
    where
      message_id in (
        select message_id from public.message_deliveries
        where webauthn_credential_id = device_id and message_id = any(messages)
      )
    order by message_id, webauthn_credential_id
    for update;
    with gone as (
      delete from public.message_deliveries
      where webauthn_credential_id = device_id and message_id = any(messages)
      returning message_id
    )
    select array_agg(message_id) into finished from gone;
    delete from public.messages
    where
      id = any(finished)
      and not exists (
        select 1 from public.message_deliveries where message_deliveries.message_id = messages.id
      );
    changed := coalesce(cardinality(finished), 0);
  elsif outcome = 'read' then
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
  if changed is null then
    get diagnostics changed = row_count;
  end if;
  if changed = 0 then  -- an IF of its own: a condition with a subquery in it costs a query every time
    perform 1 from public.webauthn_credentials where id = device_id;
    if not found then
      raise exception 'there is no such device' using errcode = 'no_data_found';
    end if;
  end if;
  return changed;
end
$$;

-- 505_retention_knobs.sql
-- What an operator decides about how long things stay, as values and nothing else: what the other
-- functions do follows from them. `delivered` is keep, as the document has it, or delete: an
-- acknowledgement deletes the delivery, and the last one the message. `prekeys` is how long an ephemeral
-- key may wait to be claimed.
create function public.retention_knobs()
returns table (delivered text, prekeys interval)
language sql immutable
set search_path = pg_catalog, pg_temp
as $$
  values ('keep', interval '30 days')
$$;

revoke all on function public.retention_knobs() from public;
grant execute on function public.retention_knobs() to nosender_sweeper, nosender_auditor;

comment on column public.device_session_keys.id is 'Number of the session key row, drawn at random.';
comment on column public.device_session_keys.key_rotation_counter is
'Goes up with each rotation, from a random start: both sides rotate together, and equal counters '
'would join them.';
comment on column public.device_session_keys.created_at is 'The day on which the key was stored.';
comment on column public.device_session_keys.expires_at is
'When the key is to be rotated at the latest. A key that was replaced is inactive and has none.';
comment on column public.ephemeral_keys.id is 'Number of the ephemeral key, drawn at random.';
comment on column public.message_deliveries.id is 'Number of the delivery: its day and random bits.';
comment on column public.messages.id is
'Number of the message, to which deliveries refer: its day and random bits. It orders the messages '
'of one destination by the day.';
comment on column public.messages.expires_at is
'When the message must go, delivered or not: after one of thirteen lifetimes.';
comment on column public.messaging_public_keys.id is 'Number of the published key, drawn at random.';
comment on function public.active_public_key(text) is
'Looks up the messaging key of whoever has a phone number.';
comment on function public.fetch_messages(integer, integer) is
'Gives a device the oldest messages that wait for it.';
comment on function public.lifetime(interval) is
'The next of thirteen lifetimes, for one of any length would be a mark.';
comment on function public.new_delivery_id() is 'Draws the number of a delivery: its day and random bits.';
comment on function public.new_ephemeral_key_id() is 'Draws the number of an ephemeral key at random.';
comment on function public.new_message_id() is 'Draws the number of a message: its day and random bits.';
comment on function public.new_public_key_id() is 'Draws the number of a published key at random.';
comment on function public.new_session_key_id() is 'Draws the number of a session key at random.';
comment on function public.publish_public_key(integer, bytea, bytea, bytea, boolean) is
'Publishes a user''s messaging key; the one before it is revoked in the same statement.';
comment on function public.register_person(text, bytea, bytea, bytea, bytea, bytea, bigint, boolean) is
'Registers a phone number with its first device and messaging key in one call.';
comment on function public.retention_knobs() is
'What an operator decides about how long things stay: values and nothing else.';
comment on function public.rotate_session_key(integer, text, text, integer[], bytea[], interval) is
'Stores a new session key for all of a user''s devices; the old one turns inactive, loses its expiry '
'and stays.';
comment on function public.session_keys(integer) is
'Gives a device the session keys sealed for it, old ones included.';
