set search_path = pg_catalog, pg_temp;

-- What is held about a phone number, for the person who asks: a row for each table with its rows, the oldest
-- and the newest time that they carry, and details. Public keys and credentials are told, being the person's
-- own; no ciphertext, no sealed key, and no id that somebody else knows as well. Rows that wait for a number
-- nobody registered count too. Who sent what is told to nobody: it is not stored. Errors: 22023 an
-- argument.
--
-- A project's tables come after ours: those from whose rows keys lead to one of these, over whatever tables
-- lie between, and those with a column that is declared a phone number. They are counted where the owner of
-- ours owns them; of another's nothing is read, for its policies would run with these rights, and there
-- row_count is NULL.
create function public.held_about_phone_number(phone text)
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
  known oid[];
  reached jsonb;  -- by table, which rows r of it are the person's
  link record;
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

  select array_agg(o.home::oid), jsonb_object_agg(o.home::oid::text, o.condition)
  into known, reached
  from (
    values
    ('public.users'::regclass, 'r.id = $1'),
    ('public.webauthn_credentials'::regclass, 'r.user_id = $1'),
    ('public.messaging_public_keys'::regclass, 'r.user_id = $1'),
    ('public.device_session_keys'::regclass, 'r.user_id = $1'),
    ('public.messages'::regclass, 'r.destination_phone = $2'),
    ('public.ephemeral_keys'::regclass, 'r.destination_phone = $2'),
    (
      'public.message_deliveries'::regclass,
      format(
        'r.webauthn_credential_id in (select d.id from %s as d where d.user_id = $1)',
        'public.webauthn_credentials'::regclass
      )
    )
  ) as o (home, condition);
  for link in
    select a.attrelid as home, string_agg(format('r.%I::text = $2', a.attname), ' or ') as condition
    from public.audit_project_declared() as p
    inner join pg_attribute as a
      on a.attrelid = to_regclass(public.retention_place(p.table_name)) and a.attname = p.column_name
    where p.class in ('account-phone', 'destination-phone') and a.attrelid <> all(known)
    group by a.attrelid
  loop
    reached := reached || jsonb_build_object(link.home::text, link.condition);
  end loop;
  loop
    known := array(select o.home::oid from jsonb_object_keys(reached) as o (home));
    for link in
      select
        k.conrelid as home,
        string_agg(
          format(
            '(%s) in (select %s from %s as r where %s)',
            (
              select string_agg(format('r.%I', a.attname), ', ' order by c.place)
              from unnest(k.conkey) with ordinality as c (number, place)
              inner join pg_attribute as a on a.attrelid = k.conrelid and a.attnum = c.number
            ),
            (
              select string_agg(format('r.%I', a.attname), ', ' order by c.place)
              from unnest(k.confkey) with ordinality as c (number, place)
              inner join pg_attribute as a on a.attrelid = k.confrelid and a.attnum = c.number
            ),
            k.confrelid::regclass, reached ->> k.confrelid::text
          ),
          ' or ' order by k.oid
        ) as condition
      from pg_constraint as k
      where
        k.contype = 'f' and k.conparentid = 0 and k.confrelid = any(known) and k.conrelid <> all(known)
      group by k.conrelid
    loop
      reached := reached || jsonb_build_object(link.home::text, link.condition);
    end loop;
    exit when (select count(*) from jsonb_object_keys(reached)) = cardinality(known);
  end loop;

  for link in
    select
      c.oid::regclass as home, c.relowner = o.relowner as ours, n.name,
      coalesce(t.first, 'null::timestamp') as first, coalesce(t.last, 'null::timestamp') as last,
      reached ->> c.oid::text as condition
    from jsonb_object_keys(reached) as r (number)
    inner join pg_class as c on c.oid = r.number::oid
    inner join pg_namespace as s on s.oid = c.relnamespace
    inner join pg_class as o on o.oid = 'public.users'::regclass
    cross join lateral (
      select
        case
          when c.relnamespace = o.relnamespace and strpos(c.relname, '.') = 0 then c.relname::text
          else s.nspname || '.' || c.relname
        end as name
    ) as n
    cross join lateral (
      select
        'least(' || string_agg(format('min(r.%I)', a.attname), ', ') || ')' as first,
        'greatest(' || string_agg(format('max(r.%I)', a.attname), ', ') || ')' as last
      from public.audit_project_declared() as p
      inner join pg_attribute as a on a.attrelid = c.oid and a.attname = p.column_name
      where p.table_name = n.name and p.class = 'time' and a.atttypid = 'timestamp'::regtype
    ) as t
    where c.relname not in (
      'users', 'webauthn_credentials', 'messaging_public_keys', 'device_session_keys', 'messages',
      'ephemeral_keys', 'message_deliveries'
    ) or c.relnamespace <> o.relnamespace
    order by n.name
  loop
    table_name := link.name;
    details := '{}';
    if link.ours then
      execute format(
        'select count(*), %s, %s from %s as r where %s', link.first, link.last, link.home, link.condition
      ) into row_count, oldest, newest using person, phone;
    else
      row_count := null;
      oldest := null;
      newest := null;
    end if;
    return next;
  end loop;
end
$$;
revoke all on function public.held_about_phone_number(text) from public;
do $$
begin
  if exists (select from pg_roles where rolname = 'nosender_clerk') then
    grant execute on function public.held_about_phone_number(text) to nosender_clerk;
  end if;
end
$$;
