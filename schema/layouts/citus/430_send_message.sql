set search_path = pg_catalog, pg_temp;

-- Stores one message for a destination, with a delivery for each of its active devices. Returns true;
-- false for a replay, which stores nothing: the id is there already, for the same destination.  For a
-- number that nobody registered, or that has no active device, nothing is stored and the answer is true
-- as well: nobody could ever fetch it. The answer to a replay still tells the two apart, and so does
-- active_public_key. It lives for the next of thirteen lifetimes, 366 days at most, or until it is
-- fetched.  Must be the first write of its transaction. Errors: 22023 an argument, 25001 not the first
-- write, 40001 a device went meanwhile: call again. An id that stands under another destination is not
-- found out: it may stand on another node.
create or replace function public.send_message(
  destination text, content bytea, message text, kind text default 'text', expires_in interval default null
) returns boolean
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
set timezone to 'UTC'
set enable_seqscan to off
as $$
declare
  refusal text;
  devices integer[];
  number bigint;
  made bigint;
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

  devices := array(
    select webauthn_credentials.id
    from public.users
    join public.webauthn_credentials on webauthn_credentials.user_id = users.id
    where users.phone_number = destination and webauthn_credentials.is_active
  );
  if cardinality(devices) = 0 then
    -- A number that is registered is well formed; only the others have to be looked at.
    if (destination ~ '^\+[1-9][0-9]{6,14}$') is not true then
      raise exception 'destination must be an E.164 number: + and 7 to 15 digits, the first of them not 0'
        using errcode = 'invalid_parameter_value';
    end if;
    return true;
  end if;

  loop
    insert into public.messages (
      id, destination_phone, encrypted_content, message_id, message_type, expires_at
    )
    values (
      (((now() at time zone 'utc')::date - date '2020-01-01')::bigint << 39)
      | (uuid_hash_extended(gen_random_uuid(), 0) & 549755813887),
      destination, content, message, kind, now() at time zone 'utc' + public.lifetime(expires_in)
    )
    on conflict do nothing
    returning id into number;
    if number is null then
      perform 1 from public.messages where destination_phone = destination and message_id = message;
      if found then
        return false;
      end if;
      continue;
    end if;
    begin
      insert into public.message_deliveries (id, destination_phone, message_id, webauthn_credential_id)
      select
        (((now() at time zone 'utc')::date - date '2020-01-01')::bigint << 39)
        | (uuid_hash_extended(gen_random_uuid(), 0) & 549755813887),
        destination, number, device
      from unnest(devices) as device
      on conflict do nothing;
      get diagnostics made = row_count;
    exception when foreign_key_violation then  -- which would tell the number
      raise exception 'a device went meanwhile: call again' using errcode = 'serialization_failure';
    end;
    exit when made = cardinality(devices);
    delete from public.messages where destination_phone = destination and id = number;
  end loop;
  -- No lock keeps a device from being revoked meanwhile, for of a table that every node has a copy of it would
  -- be everybody's. The foreign key waits for whoever revokes one; who was late sees it here.
  perform 1 from public.webauthn_credentials where id = any(devices) and is_active;
  get diagnostics made = row_count;
  if made < cardinality(devices) then
    raise exception 'a device went meanwhile: call again' using errcode = 'serialization_failure';
  end if;
  return true;
end
$$;
