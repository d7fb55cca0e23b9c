set search_path = pg_catalog, pg_temp;

-- Stores a session key, sealed for each of a user's active devices, and returns its rotation counter.
-- `replaced` is the id of the session key that it takes the place of: that one turns inactive and stays,
-- to read old messages, and the counter goes up. NULL starts a session, whose counter starts at random:
-- both sides of a conversation rotate together, and equal counters would join them. A key that was
-- replaced is inactive and has no expiry, which nothing else leaves behind: it is never replaced again,
-- or the session forks. One that merely expired may be. The devices must be exactly the user's active
-- ones, so that none is left out and none of anybody else's gets in. Must be the first write of its
-- transaction. Errors: 22023 an argument, 23514 a sealed key that is too short, 25001 not the first
-- write, P0002 no such user or no such session key, 55000 the devices are not the active ones or the key
-- was replaced already, 23505 the new id is taken (by whom is not said), 40001 another writer was faster:
-- call again.
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
set enable_seqscan to off
as $$
declare
  refusal text;
  counter bigint;
  replaceable boolean;
  stored bigint := 0;
  written bigint;
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

  perform pg_advisory_xact_lock(hashtext('nosender.person'), owner_id);  -- no device comes or goes meanwhile
  perform 1 from public.users where id = owner_id;
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
  -- A number that is drawn may be that of a row which somebody is still writing: then another one is drawn.
  -- A session whose hash is that of another user's is refused each time.
  for attempt in 1 .. 3 loop
    insert into public.device_session_keys (
      user_id, webauthn_credential_id, session_key_id, encrypted_session_key, key_rotation_counter, expires_at
    )
    select owner_id, device, session, sealed_key, counter, ending
    from unnest(devices, sealed_keys) as sealed (device, sealed_key)
    on conflict do nothing;
    get diagnostics written = row_count;
    stored := stored + written;
    exit when stored = cardinality(devices);
  end loop;
  if stored < cardinality(devices) then
    raise exception 'the session key met another one: call again' using errcode = 'serialization_failure';
  end if;
  return counter;
end
$$;
