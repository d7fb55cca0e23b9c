set search_path = pg_catalog, pg_temp;

-- Stores many messages in one call, as send_message stores one, and returns one answer for each, in their
-- order: the arrays have one element for each message; kinds and expires_in may be left out, or have NULL for
-- the default.  Rows of one transaction share their xmin: gather a batch over an interval from many senders.
-- A batch that is one sender's group message would name the group. The rows are stored in an order that has
-- nothing to do with that of the batch, but is the same for the same ids, so that two batches with ids in
-- common cannot deadlock.  Must be the first write of its transaction. All or nothing. Errors: 22023 an
-- argument, among them an empty batch and one of more than 10000 messages, 25001 not the first write, 23505
-- an id stands for two destinations in the batch, 40001 another batch or a device came between: call again.
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
set enable_seqscan to off
as $$
declare
  wrong bigint;
  phones text[];
  devices integer[];  -- of each of the phones
  numbers bigint[];   -- one for each message
  stored bigint[];    -- of those that were new
  stored_for text[];
  made bigint;
  answers boolean[];
  complete boolean;
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

  select array_agg(phone_number), array_agg(id)
  into phones, devices
  from (
    select users.phone_number, webauthn_credentials.id
    from public.users
    join public.webauthn_credentials on webauthn_credentials.user_id = users.id
    where users.phone_number = any(destinations) and webauthn_credentials.is_active
  ) as device;
  phones := coalesce(phones, '{}');
  -- A number that is registered is well formed; only the others have to be looked at.
  select
    min(place) filter (where destination <> all(phones) and destination !~ '^\+[1-9][0-9]{6,14}$'),
    array_agg(
      (((now() at time zone 'utc')::date - date '2020-01-01')::bigint << 39)
      | (uuid_hash_extended(gen_random_uuid(), 0) & 549755813887)
      order by place
    )
  into wrong, numbers
  from unnest(destinations) with ordinality as item (destination, place);
  if wrong is not null then
    raise exception 'the destination of message % of the batch must be an E.164 number', wrong
      using errcode = 'invalid_parameter_value';
  end if;
  perform 1
  from unnest(destinations, message_ids) as item (destination, message)
  where destination = any(phones)
  group by message
  having count(distinct destination) > 1;
  if found then
    raise exception 'a message id of the batch is taken' using errcode = 'unique_violation';
  end if;

  insert into public.messages (id, destination_phone, encrypted_content, message_id, message_type, expires_at)
  select
    number, destination, content, message, coalesce(kind, 'text'),
    now() at time zone 'utc' + public.lifetime(life)
  from unnest(numbers, destinations, contents, message_ids, kinds, expires_in)
    with ordinality as item (number, destination, content, message, kind, life, place)
  where destination = any(phones)
  order by hashtextextended(message, 0), place
  on conflict do nothing;

  -- What is new, by the number; a row that had it before has another id.
  select coalesce(array_agg(id), '{}'), coalesce(array_agg(destination_phone), '{}')
  into stored, stored_for
  from public.messages
  where destination_phone = any(phones) and id = any(numbers) and message_id = any(message_ids);

  begin
    insert into public.message_deliveries (id, destination_phone, message_id, webauthn_credential_id)
    select
      (((now() at time zone 'utc')::date - date '2020-01-01')::bigint << 39)
      | (uuid_hash_extended(gen_random_uuid(), 0) & 549755813887),
      item.destination, item.number, device.id
    from unnest(stored, stored_for) as item (number, destination)
    join unnest(phones, devices) as device (phone, id) on device.phone = item.destination
    on conflict do nothing;
    get diagnostics made = row_count;
  exception when foreign_key_violation then  -- which would tell the number
    raise exception 'a device went meanwhile: call again' using errcode = 'serialization_failure';
  end;
  complete := made = (
    select count(*)
    from unnest(stored_for) as item (destination)
    join unnest(phones) as device (phone) on device.phone = item.destination
  );

  select array_agg(destination <> all(phones) or number = any(stored) order by place)
  into answers
  from unnest(numbers, destinations) with ordinality as item (number, destination, place);
  if false = any(answers) then
    select complete and bool_and(messages.id is not null)
    into complete
    from unnest(answers, destinations, message_ids) as item (answer, destination, message)
    left join public.messages
      on messages.destination_phone = item.destination and messages.message_id = item.message
    where not item.answer;
  end if;
  perform 1 from public.webauthn_credentials where id = any(devices) and is_active;
  get diagnostics made = row_count;
  if not complete or made < cardinality(devices) then
    raise exception 'the batch met another one: call again' using errcode = 'serialization_failure';
  end if;
  return answers;
end
$$;
