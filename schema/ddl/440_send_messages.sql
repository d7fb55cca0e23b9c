set search_path = pg_catalog, pg_temp;

-- Stores many messages in one call, as send_message stores one, and returns one answer for each, in their
-- order: the arrays have one element for each message; kinds and expires_in may be left out, or have NULL for
-- the default.  Rows of one transaction share their xmin: gather a batch over an interval from many senders.
-- A batch that is one sender's group message would name the group. The rows are stored in an order that has
-- nothing to do with that of the batch, but is the same for the same ids, so that two batches with ids in
-- common cannot deadlock.  Must be the first write of its transaction. All or nothing. Errors: 22023 an
-- argument, among them an empty batch and one of more than 10000 messages, 25001 not the first write, 23505
-- an id is taken by a message to another destination, in the batch or before.
create function public.send_messages(
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
revoke all on function public.send_messages(text[], bytea[], text[], text[], interval[]) from public;
grant execute on function public.send_messages(text[], bytea[], text[], text[], interval[]) to nosender_app;
