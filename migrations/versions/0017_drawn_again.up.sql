-- Where a number that was drawn is taken meanwhile, another one is drawn; and a key that is stored by the day
-- is not overdue to settle in the morning.
set local search_path = pg_catalog, pg_temp;

-- 390_rotate_session_key.sql
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
set plan_cache_mode to force_generic_plan
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

-- 410_publish_ephemeral_key.sql
-- Leaves an ephemeral key for a destination to claim. It lives five minutes unless told otherwise, and to
-- the end of the quarter of an hour that it ends in; somebody's own keys, left under his number for
-- whoever writes to him, up to `prekeys` of retention_knobs.  For a number that nobody registered nothing
-- is stored, and nothing is said: the answer is the same.  Must be the first write of its transaction.
-- Errors: 22023 an argument, 23514 a key of a wrong length or a point of low order, 25001 not the first
-- write, 23505 the exchange id is taken.
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
  loop
    insert into public.ephemeral_keys (destination_phone, ephemeral_public_key, key_exchange_id, expires_at)
    values (destination, public_key, exchange, now() at time zone 'utc' + expires_in)
    on conflict do nothing;
    exit when found;
    perform 1 from public.ephemeral_keys where key_exchange_id = exchange;
    if found then
      raise exception 'the exchange id is taken' using errcode = 'unique_violation';
    end if;
    -- The number that was drawn is that of a row which somebody else was writing: another one is drawn.
  end loop;
end
$$;

-- 674_audit_settling.sql
-- Rows that should have settled: no settle of the ledger wrote them, though one that came to its end an hour,
-- the `settle` of retention_knobs and the grace ago is newer than they are; where none did, though their own
-- times say so. Of people and devices, rows that somebody locked before such a settle. Tables above 256 pages
-- are sampled.
create or replace function public.audit_settling(grace interval)
returns table (table_name text, examined bigint, unsettled bigint, whole boolean)
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
set row_security = off
as $$
declare
  moment text;
  allowed constant interval := grace + interval '1 hour'
    + (select k.settle from public.retention_knobs() as k);
begin
  for table_name, moment in
    values
    ('messages', 'r.created_at'),
    (
      'message_deliveries',
      pg_catalog.format(
        'coalesce(r.read_at, r.delivered_at, (select m.created_at from only %s as m where m.id = r.message_id))',
        'public.messages'::regclass
      )
    ),
    ('ephemeral_keys', 'r.created_at'),
    -- Stored by the day, so it may be as new as the day's end.
    ('device_session_keys', 'r.created_at + interval ''1 day'''),
    ('messaging_public_keys', 'greatest(r.created_at, r.revoked_at)'),
    ('users', null),
    ('webauthn_credentials', null)
  loop
    whole := public.audit_whole(table_name, 256);
    execute pg_catalog.format(
      'with settles as materialized (
        select e.xmin as number, e.status, e.clock_after
        from only %1$s as e
        where e.phase = ''settled'' and e.table_name = $1
      ),
      latest as materialized (
        select pg_catalog.min(pg_catalog.age(s.number)) as age
        from settles as s
        where s.status = ''done'' and s.clock_after < (pg_catalog.now() at time zone ''utc'') - $2
      )
      select
        pg_catalog.count(*),
        pg_catalog.count(*) filter (
          where %2$s
        )
      from only %3$s as r %4$s',
      'public.retention_runs'::regclass,
      case
        when moment is null then
          'r.xmax <> ''0''::xid and r.xmax <> r.xmin and pg_catalog.age(r.xmax) between '
          '(select l.age from latest as l) and pg_catalog.age(r.xmin)'
        else pg_catalog.format(
          'r.xmin <> all (array(select s.number from settles as s)) and coalesce('
          'pg_catalog.age(r.xmin) > (select l.age from latest as l), '
          '%s < (pg_catalog.now() at time zone ''utc'') - $2)', moment
        )
      end,
      ('public.' || pg_catalog.quote_ident(table_name))::regclass,
      case when not whole then pg_catalog.format(
        'tablesample system (%s) repeatable (1)', pg_catalog.round(
          4000.0 * pg_catalog.current_setting('block_size')::numeric / pg_catalog.pg_relation_size(
            ('public.' || pg_catalog.quote_ident(table_name))::regclass
          )::numeric, 6
        )
      ) end
    ) into examined, unsettled using table_name, allowed;
    return next;
  end loop;
end
$$;
