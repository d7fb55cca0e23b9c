-- The functions as they were.
set local search_path = pg_catalog, pg_temp;


-- 310_forget_phone_number.sql
-- Erases a person: the user with devices, keys and deliveries, by cascade, and the messages and ephemeral
-- keys that wait for the number, which no foreign key reaches. Returns whether there was anything.  Must be
-- the first write of its transaction. Errors: 22023 an argument, 25001 not the first write.
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

-- 315_held_about_phone_number.sql
-- What is held about a phone number, for the person who asks: a row for each table with its rows, the oldest
-- and the newest time that they carry, and details. Public keys and credentials are told, being the person's
-- own; no ciphertext, no sealed key, and no id that somebody else knows as well. Rows that wait for a number
-- nobody registered count too. Who sent what is told to nobody: it is not stored. Errors: 22023 an argument.
create or replace function public.held_about_phone_number(phone text)
returns table (
  table_name text,
  row_count bigint,
  oldest timestamp with time zone,
  newest timestamp with time zone,
  details jsonb
)
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
set timezone to 'UTC'
set plan_cache_mode to force_generic_plan
set enable_seqscan to off
as $$
declare
  person integer;
begin
  if (phone ~ '^\+[1-9][0-9]{6,14}$') is not true then
    raise exception 'phone must be an E.164 number: + and 7 to 15 digits, the first of them not 0'
      using errcode = 'invalid_parameter_value';
  end if;
  select u.id into person from public.users as u where u.phone_number = phone;

  return query
  select 'users'::text, count(*), min(u.created_at) at time zone 'utc', max(u.created_at) at time zone 'utc',
    '{}'::jsonb
  from public.users as u where u.id = person;

  return query
  select 'webauthn_credentials'::text, count(*), min(d.created_at) at time zone 'utc',
    max(d.created_at) at time zone 'utc',
    jsonb_build_object('devices', coalesce(jsonb_agg(
      jsonb_build_object(
        'credential_id', encode(d.credential_id, 'hex'), 'public_key', encode(d.public_key, 'hex'),
        'sign_count', d.sign_count, 'active', d.is_active, 'registered', d.created_at at time zone 'utc'
      ) order by d.id
    ), '[]'::jsonb))
  from public.webauthn_credentials as d where d.user_id = person;

  return query
  select 'messaging_public_keys'::text, count(*), min(k.created_at) at time zone 'utc',
    max(k.created_at) at time zone 'utc',
    jsonb_build_object('keys', coalesce(jsonb_agg(
      jsonb_build_object(
        'version', k.key_version, 'x25519_public_key', encode(k.x25519_public_key, 'hex'),
        'ed25519_public_key', encode(k.ed25519_public_key, 'hex'),
        'ed25519_signature', encode(k.ed25519_signature, 'hex'), 'active', k.is_active,
        'published', k.created_at at time zone 'utc', 'revoked', k.revoked_at at time zone 'utc'
      ) order by k.key_version
    ), '[]'::jsonb))
  from public.messaging_public_keys as k where k.user_id = person;

  return query
  select 'device_session_keys'::text, count(*), min(s.created_at) at time zone 'utc',
    max(s.created_at) at time zone 'utc',
    jsonb_build_object(
      'active', count(*) filter (where s.is_active), 'without_expiry', count(*) filter (where s.expires_at is null),
      'first_expiry', min(s.expires_at) at time zone 'utc', 'last_expiry', max(s.expires_at) at time zone 'utc'
    )
  from public.device_session_keys as s where s.user_id = person;

  return query
  select 'message_deliveries'::text, count(*), min(v.delivered_at) at time zone 'utc',
    max(v.delivered_at) at time zone 'utc',
    jsonb_build_object(
      'pending', count(*) filter (where v.delivery_status = 'pending'),
      'delivered', count(*) filter (where v.delivery_status = 'delivered'),
      'failed', count(*) filter (where v.delivery_status = 'failed'),
      'read', count(*) filter (where v.read_at is not null)
    )
  from public.webauthn_credentials as d
  inner join public.message_deliveries as v on v.webauthn_credential_id = d.id
  where d.user_id = person;

  return query
  select 'messages'::text, count(*), min(m."timestamp") at time zone 'utc', max(m."timestamp") at time zone 'utc',
    jsonb_build_object(
      'without_expiry', count(*) filter (where m.expires_at is null),
      'first_expiry', min(m.expires_at) at time zone 'utc', 'last_expiry', max(m.expires_at) at time zone 'utc',
      'types', (
        select coalesce(jsonb_object_agg(kinds.message_type, kinds.number), '{}'::jsonb)
        from (
          select t.message_type, count(*) as number
          from public.messages as t where t.destination_phone = phone
          group by t.message_type
        ) as kinds
      )
    )
  from public.messages as m where m.destination_phone = phone;

  return query
  select 'ephemeral_keys'::text, count(*), min(e.created_at) at time zone 'utc',
    max(e.created_at) at time zone 'utc',
    jsonb_build_object(
      'used', count(*) filter (where e.used), 'first_expiry', min(e.expires_at) at time zone 'utc',
      'last_expiry', max(e.expires_at) at time zone 'utc'
    )
  from public.ephemeral_keys as e where e.destination_phone = phone;
end
$$;
