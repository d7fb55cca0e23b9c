-- The functions as they were. What says how a project's tables settle would be read as a sweep; where there
-- is any, it refuses.
set local search_path = pg_catalog, pg_temp;

do $$
declare
  held bigint;
begin
  select count(*) into held from public.retention_project_policy() where action = 'settles';
  if held > 0 then
    raise exception 'cannot go back: a project''s tables settle (%); take that back by its own revision', held;
  end if;
end
$$;

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

-- 510_retention_policy.sql
-- What the sweep does, table by table in this order. The catalogue says the same in retention/plan.py's words
-- and `nosender retention sweep` refuses to run where the two differ; the procedure, which cannot see the
-- catalogue, follows this alone. It is a function and not a table so that only a migration changes it; the
-- ages that an operator decides come from retention_knobs, and a project's own tables, which refer to ours
-- and never the other way, come first.
create or replace function public.retention_policy()
returns table (
  table_name text,
  expires_column text,   -- the row has expired once this moment has passed; NULL never expires
  action text,           -- delete, or deactivate: set the flag to false and keep the row
  flag text,
  at_once text,          -- a row where this is true goes with the next sweep
  max_age interval,      -- a row this much older than its max_age_column goes, unless its expiry lies ahead
  max_age_column text,
  children text[]        -- tables whose rows go with the row, by cascade
)
language sql immutable
set search_path = pg_catalog, pg_temp
as $$
  with project as materialized (select p.* from public.retention_project_policy() as p)
  select p.* from project as p where p.action <> 'follows'
  union all
  select
    policy.table_name, policy.expires_column, policy.action, policy.flag, policy.at_once, policy.max_age,
    policy.max_age_column,
    array(
      select child.name
      from (
        select unnest(policy.children) as name
        union
        select unnest(p.children) from project as p
        where p.action = 'follows' and p.table_name = policy.table_name
      ) as child
      order by child.name collate "C"
    )
  from public.retention_knobs() as knobs
  cross join lateral (
    values
    (
      'device_session_keys', 'expires_at', 'deactivate', 'is_active', null, knobs.session_keys,
      case when knobs.session_keys is not null then 'created_at' end, '{}'::text[]
    ),
    ('ephemeral_keys', 'expires_at', 'delete', null, 'used', null, null, '{}'),
    (
      'messages', 'expires_at', 'delete', null, null, knobs.messages,
      case when knobs.messages is not null then 'created_at' end, '{message_deliveries}'
    ),
    ('retention_runs', null, 'delete', null, null, interval '400 days', 'clock_after', '{}')
  ) as policy (
    table_name, expires_column, action, flag, at_once, max_age, max_age_column, children
  )
$$;

-- 554_retention_settle_rules.sql
-- How each table is settled, as expressions over its row `r` and what is joined beside it. Parameters of all
-- of them: $1 the transactions of settles after which a row stays as it is, $2 those after which it rises to
-- the next level, $3 up to when the settle goes, $4 the midnight and $5 the beginning of the six hours before
-- that.
--
-- Times rise with the age of the row: the hour in the six hours under way, the six hours today, then the day.
-- An expiry rises with them: to the day where the row lives for a day or longer, to the six hours where it
-- lives for eight hours or longer; less would be lengthened out of measure, and keeps the hour.
-- A value stored out of line gets a new number only when it is computed anew, so each ends with an empty one.
create or replace function public.retention_settle_rules()
returns table (
  table_name text,
  levels interval[],  -- a settled set joins those of the next level
  beside text,        -- the join that says more of a row; none where it is empty
  due text,           -- rows that the settle takes
  changes text
)
language sql stable
set search_path = pg_catalog, pg_temp
as $$
  with raised (name, text) as (
    select
      name,
      format(
        '%1$I = case when r.%1$I < $4 then date_trunc(''day'', r.%1$I) when r.%1$I < $5 then '
        'date_bin(''6 hours'', r.%1$I, ''2000-01-01'') else date_trunc(''hour'', r.%1$I) end', name
      )
    from unnest(array['created_at', 'timestamp', 'delivered_at', 'read_at']) as name
  ),
  expiry (text) as (
    select format(
      'expires_at = case when r.created_at >= $5 or r.expires_at - r.created_at < interval ''8 hours'' '
      'then r.expires_at when r.created_at < $4 and r.expires_at - r.created_at >= interval ''1 day'' then %s '
      'else %s end',
      'date_bin(''1 day'', r.expires_at + interval ''23:59:59.999999'', ''2000-01-01'')',
      'date_bin(''6 hours'', r.expires_at + interval ''05:59:59.999999'', ''2000-01-01'')'
    )
  )
  values
  (
    'messages', array[interval '1 day', '6 hours', '1 hour'], '',
    'r.xmin <> all($1) and r.created_at < $3',
    concat_ws(
      ', ', (select text from raised where name = 'created_at'), (select text from raised where name = 'timestamp'),
      (select text from expiry), 'encrypted_content = r.encrypted_content || ''''::bytea'
    )
  ),
  (
    'message_deliveries', array[interval '1 day', '6 hours', '1 hour'],
    -- One that waits has no time of its own: it came with its message.
    format('left join %s as m on m.id = r.message_id', 'public.messages'::regclass),
    'r.xmin <> all($1) and coalesce(r.read_at, r.delivered_at, m.created_at) < $3',
    concat_ws(
      ', ', 'id = default', (select text from raised where name = 'delivered_at'),
      (select text from raised where name = 'read_at')
    )
  ),
  (
    'ephemeral_keys', array[interval '1 day', '6 hours', '1 hour'], '',
    'r.xmin <> all($1) and r.created_at < $3',
    concat_ws(', ', 'id = default', (select text from raised where name = 'created_at'))
  ),
  -- Keys are few and say most: all that was stored or touched today is one set, whatever the hour.
  (
    'device_session_keys', array[interval '1 day', '1 hour'], '',
    'r.xmin <> all($1) and r.created_at < $3',
    concat_ws(
      ', ', 'id = default', 'created_at = date_trunc(''day'', r.created_at)',
      'expires_at = case when r.created_at < $4 and r.expires_at - r.created_at >= interval ''1 day'' '
      'then date_bin(''1 day'', r.expires_at + interval ''23:59:59.999999'', ''2000-01-01'') else r.expires_at end',
      'encrypted_session_key = r.encrypted_session_key || ''''::bytea'
    )
  ),
  (
    'messaging_public_keys', array[interval '1 day', '1 hour'], '',
    'r.xmin <> all($1) and greatest(r.created_at, r.revoked_at) < $3',
    'id = default, created_at = date_trunc(''day'', r.created_at), revoked_at = date_trunc(''day'', r.revoked_at)'
  ),
  -- Whoever locked the row of a person or a device last stays in it, until it is written anew. A version that
  -- a settle wrote names the settle itself.
  (
    'users', array[interval '1 day', '6 hours', '1 hour'], '',
    'r.xmax <> 0::text::xid and r.xmax <> r.xmin or r.xmin = any($2)',
    'created_at = r.created_at'
  ),
  (
    'webauthn_credentials', array[interval '1 day', '6 hours', '1 hour'], '',
    'r.xmax <> 0::text::xid and r.xmax <> r.xmin or r.xmin = any($2)',
    'created_at = r.created_at'
  )
$$;

-- 556_retention_settle_batch.sql
-- Writes rows anew in random order, and leaves a receipt in the same transaction: all that is due, or a
-- random sample of at most `most` of it. Each order is drawn by the server's strong generator.
--
-- The rows are locked first, and what others hold is passed over: it settles with the next set. The update
-- leads from the shuffled places to the rows: by any other plan they would be written in the order in which
-- they lie.
--
-- A new version stays in its page as long as there is room, and neighbours would stay neighbours. So the room
-- goes first: a row of each page is written again and again until it finds none, and each time it is taken
-- back; what was written keeps its place until others have forgotten it. Nothing else may be written in that
-- block: it has another transaction number.
create or replace function public.retention_settle_batch(
  state jsonb, name text, until timestamp, settled xid[], rising xid[], last_one boolean, most bigint
) returns jsonb
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
  entry public.retention_runs := public.retention_entry(state);
  home regclass := ('public.' || quote_ident(name))::regclass;
  rule record;
  midnight timestamp := date_trunc('day', until);
  sixth timestamp := date_bin('6 hours', until, timestamp '2000-01-01');
  source text := format('%s as r', home);
  unsettled tid[];
  places tid[];
  held tid[];
  filling tid[];
  rest tid[];
  ids bigint[];
  before bigint;
begin
  select * into strict rule from public.retention_settle_rules() where table_name = name;
  entry.clock_before := clock_timestamp() at time zone 'utc';
  -- No vacuum meanwhile: it would clear what was taken back, and with it open the room again. Nothing is held
  -- yet, an autovacuum gives way, and where somebody vacuums by hand it goes on without.
  begin
    execute format('lock table %s in share update exclusive mode', home);
  exception when lock_not_available then
    null;
  end;
  perform set_config('enable_seqscan', 'on', true);
  -- The planner knows nothing of xmin. Of few rows what is beside each is looked up, and many are joined with
  -- all of it.
  if rule.beside <> '' then
    execute format('select array(select r.ctid from %s as r where r.xmin <> all($1) limit 50001)', home)
    into unsettled using settled;
    if cardinality(unsettled) <= 50000 then
      source := format('unnest($7) as u (place) inner join %s as r on r.ctid = u.place', home);
    end if;
  end if;
  execute format(
    'select array(select r.ctid from %s %s where %s order by gen_random_uuid() limit $6)',
    source, rule.beside, rule.due
  ) into places using settled, rising, until, midnight, sixth, most, unsettled;
  perform set_config('enable_seqscan', 'off', true);
  -- The receipt of the last level says that the table was looked at; of the others it is that of a set.
  if cardinality(places) = 0 and not last_one then
    return null;
  end if;
  filling := array(
    select distinct on ((place::text::point)[0]) place from unnest(places) as place
    order by (place::text::point)[0], gen_random_uuid()
  );
  -- Rows of one page have no other neighbours; people and devices came in an order that joins nobody.
  if cardinality(filling) = 1 or name in ('users', 'webauthn_credentials') then
    filling := '{}';
  end if;
  execute format('select array(select r.id from %s as r where r.ctid = any($1))', home) into ids using filling;
  while cardinality(filling) > 0 loop
    -- Whoever comes by an index tidies up a full page where something old is dead, and takes what was taken
    -- back along: so that is done first, and again once the page is full, until it stays full.
    execute format('select count(r.xmin) from %s as r where r.id = any($1)', home) using ids;
    rest := filling;
    filling := '{}';
    while cardinality(rest) > 0 loop
      begin
        execute format(
          'with free as materialized (
            select r.ctid as place from %1$s as r where r.ctid = any($1) for no key update skip locked
          ),
          written as (
            update %1$s as r set id = r.id from free where r.ctid = free.place
            returning free.place, (r.ctid::text::point)[0] = (free.place::text::point)[0] as stays
          )
          select coalesce(array_agg(place), ''{}'') from written where stays', home
        ) into rest using rest;
        raise exception 'taken back' using errcode = 'NS001';
      exception when sqlstate 'NS001' then
        null;
      end;
      filling := case when cardinality(filling) = 0 then rest else filling end;
    end loop;
  end loop;
  execute format(
    'select array('
    '  select r.ctid from %s as r %s where r.ctid = any($6) and (%s) for no key update of r skip locked'
    ')',
    home, rule.beside, rule.due
  ) into held using settled, rising, until, midnight, sixth, places;
  held := array(select place from unnest(held) as place order by gen_random_uuid());
  execute format(
    'update %s as r set %s from unnest($6) as chosen (place) where r.ctid = chosen.place', home, rule.changes
  ) using settled, rising, until, midnight, sixth, held;
  get diagnostics entry.settled = row_count;
  entry.phase := 'settled';
  entry.table_name := name;
  entry.settled_until := until;
  -- Where others hold every row of a sample, more samples would find the same.
  entry.status := case when cardinality(places) < most or entry.settled = 0 then 'done' else 'partial' end;
  entry.deleted := 0;
  entry.deactivated := 0;
  entry.children := 0;
  entry.batches := 1;
  entry.blocked := cardinality(places) - entry.settled;
  -- What was passed over once is passed over again by the sets that follow.
  select coalesce(max(r.blocked), 0) into before
  from public.retention_runs as r
  where r.run_id = entry.run_id and r.phase = 'settled' and r.table_name = name;
  entry := public.retention_append(entry);
  return state || jsonb_build_object(
    'affected', entry.settled, 'settled', (state ->> 'settled')::bigint + entry.settled,
    'passed_over', (state ->> 'passed_over')::bigint + greatest(entry.blocked - before, 0)
  );
end
$$;

-- 558_retention_unsettled.sql
-- How many rows of each table the next sweep will settle, how large they are with all that is dead among
-- them, and how many indexes have to follow. Reads the tables whole.
create or replace function public.retention_unsettled()
returns table (table_name text, due bigint, bytes bigint, indexes bigint)
language plpgsql stable security definer
set search_path = pg_catalog, pg_temp
set timezone to 'UTC'
as $$
declare
  rule record;
  target record;
  home regclass;
  found_due bigint;
  everything bigint;
begin
  for rule in select * from public.retention_settle_rules() loop
    table_name := rule.table_name;
    home := ('public.' || quote_ident(table_name))::regclass;
    due := 0;
    bytes := 0;
    -- A row that is due up to one moment may be due up to the next as well, and settles once.
    for target in select * from public.retention_settle_targets(table_name, rule.levels) loop
      execute format(
        'select count(*) filter (where %s), count(*) from %s as r %s', rule.due, home, rule.beside
      )
      into found_due, everything using
        target.settled, target.rising, target.until, date_trunc('day', target.until),
        date_bin('6 hours', target.until, timestamp '2000-01-01');
      due := greatest(due, found_due);
      bytes := pg_table_size(home)::numeric * due / greatest(everything, 1);
    end loop;
    indexes := (select count(*) from pg_index where indrelid = home);
    return next;
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

-- 651_audit_times.sql
-- Per stored time: how many are finer than they may be, and how many that are said to be past lie ahead.
drop function public.audit_times();
create function public.audit_times()
returns table (
  table_name text, column_name text, examined bigint, finer bigint, future bigint, whole boolean
)
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
set row_security = off
set timezone = 'UTC'
as $$
declare
  part record;
begin
  for part in
    select
      c.parts || pg_catalog.jsonb_build_object(
        'moment', case
          when c.type = 'timestamp with time zone'
            then pg_catalog.format('(r.%I::timestamptz at time zone ''utc'')', c.column_name)
          else pg_catalog.format('r.%I::timestamp', c.column_name)
        end,
        'resolution', pg_catalog.quote_literal(c.resolution::text),
        'past', (c.class = 'time')::text
      ) as parts
    from public.audit_columns() as c
    where
      c.resolution > interval '0'
      and c.type in ('timestamp without time zone', 'timestamp with time zone', 'date')
  loop
    return query execute public.audit_text(
      $times$
        select
          {table}::text as table_name,
          {name}::text as column_name,
          pg_catalog.count(*) as examined,
          pg_catalog.count(*) filter (where v.moment <> pg_catalog.date_bin(
            {resolution}::interval, v.moment, timestamp '2000-01-01'
          )) as finer,
          pg_catalog.count(*) filter (
            where {past} and v.moment > (pg_catalog.now() at time zone 'utc') + interval '1 hour'
          ) as future,
          {whole} as whole
        from (select {moment} as moment from {rows} as r) as v
        where v.moment is not null and pg_catalog.isfinite(v.moment)
      $times$,
      part.parts
    );
  end loop;
end
$$;
revoke all on function public.audit_times() from public;
grant execute on function public.audit_times() to nosender_auditor;

-- 850_comments.sql
comment on routine public.audit_times is 'Counts stored times that are finer than declared, or lie ahead.';

-- 557_retention_settle.sql
-- One transaction of the settling with which a sweep of all tables ends: one set of one table, or a random
-- part of it. Parts only where the caller says that another session of its own holds a snapshot meanwhile
-- (`held`): without one, what a part leaves behind is cleared by the next, whose rows then stay in their
-- pages, beside their neighbours.
create or replace function public.retention_settle(state jsonb) returns jsonb
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
  target record;
  answer jsonb;
  most bigint := case when (state ->> 'held')::boolean then 20000 else 9223372036854775807 end;
begin
  for target in
    select r.table_name, t.until, t.settled, t.rising, t.last_one
    from public.retention_settle_rules() with ordinality as r (table_name, levels, beside, due, changes, place)
    cross join lateral public.retention_settle_targets(r.table_name, r.levels) as t
    order by r.place, t.until
  loop
    answer := public.retention_settle_batch(
      state, target.table_name, target.until, target.settled, target.rising, target.last_one, most
    );
    if answer is not null then
      return answer;
    end if;
  end loop;
  return state || jsonb_build_object('settling', false, 'affected', 0, 'pause_ms', 0);
end
$$;

-- 650_audit_identifiers.sql
-- Per identifier that a client should have drawn at random: how many say when, in which order, or by whom.
-- timed: a UUID of version 1, 6 or 7, or a ULID of these years. digits: a number, so a counter or a
-- snowflake. phones: holds the destination's number, or any number written with a plus sign. short: under 16
-- characters. names: different ones; prefixes, suffixes: different first and last six characters. ascending:
-- later rows that sort after the row before.
-- Of 300 chosen ones each letter: of those that are alike in length the different letters at each place, the
-- pairs of equal ones, and the different runs of four letters; of those that are split into as many parts the
-- different parts.
drop function public.audit_identifiers();
create function public.audit_identifiers()
returns table (
  table_name text, column_name text, examined bigint, timed bigint, digits bigint, phones bigint, short
  bigint, names bigint, prefixes bigint, suffixes bigint, ascending bigint, chosen bigint, alike bigint,
  split bigint, letter_kinds bigint[], letter_pairs bigint[], window_kinds bigint[], part_kinds bigint[],
  whole boolean
)
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
set row_security = off
as $$
declare
  part record;
begin
  for part in
    select
      c.parts || pg_catalog.jsonb_build_object(
        'number', case
          when c.destination is null then '''+''::text'
          else pg_catalog.format('r.%I::text', c.destination)
        end
      ) as parts
    from public.audit_columns() as c
    where c.class = 'random-id'
  loop
    return query execute public.audit_text(
      $letters$
        with named as (
          select
            {spelled} as name,
            pg_catalog.substring({number}, 2) as own_number,
            pg_catalog.lag({spelled}) over (order by {place}) as before
          from {rows} as r
        ),
        -- Letter by letter, of some: those of the commonest length, and by the parts between punctuation.
        chosen as materialized (
          select
            n.name,
            pg_catalog.length(n.name) as size,
            pg_catalog.string_to_array(pg_catalog.regexp_replace(n.name, '[^0-9A-Za-z]+', '-', 'g'), '-') as parts
          from (select distinct d.name from named as d where d.name is not null) as n
          order by pg_catalog.hashtextextended(n.name, 1)
          limit 300
        ),
        common as materialized (
          select
            pg_catalog.mode() within group (order by c.size) as size,
            pg_catalog.mode() within group (order by pg_catalog.cardinality(c.parts)) as parts
          from chosen as c
        ),
        alike as materialized (select c.name from chosen as c where c.size = (select m.size from common as m)),
        split as materialized (
          select c.parts from chosen as c where pg_catalog.cardinality(c.parts) = (select m.parts from common as m)
        ),
        places as (
          select l.place, pg_catalog.count(*) as kinds, pg_catalog.sum(l.copies * (l.copies - 1))::bigint as pairs
          from (
            select i as place, pg_catalog.substr(a.name, i, 1) as letter, pg_catalog.count(*) as copies
            from alike as a
            cross join pg_catalog.generate_series(1, least(64, (select m.size from common as m))) as i
            group by 1, 2
          ) as l
          group by l.place
        ),
        windows as (
          select i as place, pg_catalog.count(distinct pg_catalog.substr(a.name, i, 4)) as kinds
          from alike as a
          cross join pg_catalog.generate_series(1, least(61, (select m.size - 3 from common as m))) as i
          group by i
        ),
        part_kinds as (
          select i as place, pg_catalog.count(distinct s.parts[i]) as kinds
          from split as s
          cross join pg_catalog.generate_series(1, least(16, (select m.parts from common as m))) as i
          group by i
        )
        select
          {table}::text as table_name,
          {name}::text as column_name,
          pg_catalog.count(*) as examined,
          pg_catalog.count(*) filter (
            where name ~* '^[0-9a-f]{8}-[0-9a-f]{4}-[167][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$'
            or name ~* '^01[0-9a-hjkmnp-tv-z]{24}$'
          ) as timed,
          pg_catalog.count(*) filter (where name ~ '^[0-9]+$') as digits,
          pg_catalog.count(*) filter (
            where (own_number <> '' and pg_catalog.strpos(name, own_number) > 0) or name ~ '\+[1-9][0-9]{6,14}'
          ) as phones,
          pg_catalog.count(*) filter (where pg_catalog.octet_length(name) < 16) as short,
          pg_catalog.count(distinct name) as names,
          pg_catalog.count(distinct pg_catalog.left(name, 6)) as prefixes,
          pg_catalog.count(distinct pg_catalog.right(name, 6)) as suffixes,
          pg_catalog.count(*) filter (
            where name collate pg_catalog."C" > before collate pg_catalog."C"
          ) as ascending,
          (select pg_catalog.count(*) from chosen) as chosen,
          (select pg_catalog.count(*) from alike) as alike,
          (select pg_catalog.count(*) from split) as split,
          (select pg_catalog.array_agg(p.kinds order by p.place) from places as p) as letter_kinds,
          (select pg_catalog.array_agg(p.pairs order by p.place) from places as p) as letter_pairs,
          (select pg_catalog.array_agg(w.kinds order by w.place) from windows as w) as window_kinds,
          (select pg_catalog.array_agg(p.kinds order by p.place) from part_kinds as p) as part_kinds,
          {whole} as whole
        from named
      $letters$,
      part.parts
    );
  end loop;
end
$$;
revoke all on function public.audit_identifiers() from public;
grant execute on function public.audit_identifiers() to nosender_auditor;

-- 850_comments.sql
comment on routine public.audit_identifiers is
'Counts identifiers that say when, in which order or by whom they were made.';

-- 664_audit_sequence_ids.sql
drop function public.audit_sequence_ids();

-- Ids that came from a sequence, which keep the order of insertion: by value form. `drawn`: of messages and
-- deliveries, those whose day is none on which a default could have drawn them; of the others, those that the
-- sequence has given out, with `reach`, how far it has got: where it never gave any, none. The sequences are
-- there for who writes without the functions; no default of ours draws from them. Tables above 256 pages are
-- sampled. The audit of somebody who may read the tables runs this very text.
create function public.audit_sequence_ids()
returns table (table_name text, examined bigint, drawn bigint, reach bigint, whole boolean)
language sql
stable
security definer
set search_path = pg_catalog, pg_temp
set row_security = off
set timezone = 'UTC'
as $$
  with pages (place, table_name, share, reach) as (
    select
      t.place,
      t.table_name,
      least(100, 25600.0 * pg_catalog.current_setting('block_size')::numeric / greatest(
        pg_catalog.pg_relation_size(t.home), 1
      )),
      coalesce(pg_catalog.pg_sequence_last_value(
        pg_catalog.pg_get_serial_sequence(t.home::text, 'id')::regclass
      ), 0)
    from (
      values
      (1, 'messages', 'public.messages'::regclass),
      (2, 'message_deliveries', 'public.message_deliveries'::regclass),
      (3, 'device_session_keys', 'public.device_session_keys'::regclass),
      (4, 'ephemeral_keys', 'public.ephemeral_keys'::regclass),
      (5, 'messaging_public_keys', 'public.messaging_public_keys'::regclass)
    ) as t (place, table_name, home)
  ),
  days (first, last) as (
    -- 2026, in which the first default drew a number, and tomorrow.
    select date '2026-01-01' - date '2020-01-01', (pg_catalog.now() at time zone 'utc')::date - date '2020-01-01' + 1
  ),
  counted (place, examined, drawn) as (
    select 1, pg_catalog.count(*), pg_catalog.count(*) filter (where r.id >> 39 not between d.first and d.last)
    from only public.messages as r
    tablesample pg_catalog.system ((select p.share from pages as p where p.place = 1)) repeatable (1)
    cross join days as d
    union all
    select 2, pg_catalog.count(*), pg_catalog.count(*) filter (where r.id >> 39 not between d.first and d.last)
    from only public.message_deliveries as r
    tablesample pg_catalog.system ((select p.share from pages as p where p.place = 2)) repeatable (1)
    cross join days as d
    union all
    select 3, pg_catalog.count(*), pg_catalog.count(*) filter (where r.id <= p.reach)
    from only public.device_session_keys as r
    tablesample pg_catalog.system ((select p.share from pages as p where p.place = 3)) repeatable (1)
    cross join (select p.reach from pages as p where p.place = 3) as p
    union all
    select 4, pg_catalog.count(*), pg_catalog.count(*) filter (where r.id <= p.reach)
    from only public.ephemeral_keys as r
    tablesample pg_catalog.system ((select p.share from pages as p where p.place = 4)) repeatable (1)
    cross join (select p.reach from pages as p where p.place = 4) as p
    union all
    select 5, pg_catalog.count(*), pg_catalog.count(*) filter (where r.id <= p.reach)
    from only public.messaging_public_keys as r
    tablesample pg_catalog.system ((select p.share from pages as p where p.place = 5)) repeatable (1)
    cross join (select p.reach from pages as p where p.place = 5) as p
  )
  select
    p.table_name,
    c.examined,
    c.drawn,
    p.reach,
    p.share >= 100 as whole
  from counted as c
  inner join pages as p on c.place = p.place
$$;

revoke all on function public.audit_sequence_ids() from public;
grant execute on function public.audit_sequence_ids() to nosender_auditor;

-- 850_comments.sql
comment on routine public.audit_sequence_ids is
'Counts ids that came from a sequence, and says how far each sequence has got.';

-- 630_audit_shared_values.sql
-- Per column: how many values stand under more than one owner, where an owner is a user or a destination, or
-- a device in the table that knows devices only; where a row is nobody's, under more than one row, of what
-- no two rows may share. Live columns, declared or not: a conversation by another name is still shared. Of
-- bytes the first 64 and, as `name[1..8]`, the first 8 are compared, of identifiers as `name[alike]` one
-- spelling of all; of values outside their rows the 1,000 newest where the table is read whole, and else the
-- 8 newest.
--
-- distinct_values, and of these shared_values with two owners or more; pairs of a value and an owner; the
-- most owners of one value; all owners seen.
create or replace function public.audit_shared_values()
returns table (
  table_name text, column_name text, examined bigint, distinct_values bigint, shared_values bigint,
  pairs bigint, widest bigint, owners bigint, whole boolean
)
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
set row_security = off
as $$
declare
  part record;
begin
  for part in
    select
      c.parts || pg_catalog.jsonb_build_object(
        'label', pg_catalog.quote_literal(c.column_name || shape.suffix),
        'compared', public.audit_text(shape.template, c.parts)
      ) as parts
    from public.audit_columns() as c
    cross join lateral (
      values
        ('', case
          when c.type = 'bytea' then 'pg_catalog.substring({value}::bytea, 1, 64)'
          when c.type in (
            'smallint', 'integer', 'bigint', 'numeric', 'uuid', 'double precision', 'bigint[]', 'integer[]'
          ) then '{value}'
          else '{spelled}'
        end),
        ('[1..8]', case when c.type = 'bytea' then 'pg_catalog.substring({value}::bytea, 1, 8)' end),
        ('[alike]', case when c.class = 'random-id' and c.type <> 'bytea' then
          $alike$
            (select least(s.plain, pg_catalog.reverse(s.plain))
            from (
              select case
                -- sixteen bytes in base64, which another client writes as hex
                when {spelled} ~ '^[0-9A-Za-z_+/-]{21}[AQgw](==)?$' then pg_catalog.encode(
                  pg_catalog.decode(
                    pg_catalog.translate(pg_catalog.left({spelled}, 22), '-_', '+/') || '==', 'base64'
                  ), 'hex'
                )
                else pg_catalog.lower(pg_catalog.translate({spelled}, '-_ {}', ''))
              end as plain
            ) as s)
          $alike$
        end)
    ) as shape (suffix, template)
    where
      shape.template is not null
      and c.column_name <> 'id'
      and c.column_name <> coalesce(c.owner_column, '')
      and coalesce(c.leads_to, '') <> 'message'
      and c.type not in (
        'boolean', 'timestamp without time zone', 'timestamp with time zone', 'date'
      )
      and (
        c.owner_column is not null
        or c.class in (
          'random-id', 'ciphertext', 'wrapped-key', 'public-key', 'signature', 'device-id', 'device-key'
        )
      )
  loop
    return query execute public.audit_text(
      $shared$
        with placed as (
          select
            r.*,
            pg_catalog.pg_column_size({value}) > 2000 as audit_outside,
            pg_catalog.row_number() over (
              partition by pg_catalog.pg_column_size({value}) > 2000 order by {place} desc
            ) as audit_rank
          from {rows} as r
          where {value} is distinct from null
        ),
        held as materialized (
          select {compared} as held_value, {owner} as held_by, pg_catalog.count(*) as copies
          from placed as r
          where r.audit_rank <= {outside} or not r.audit_outside
          group by 1, 2
        ),
        spread as (
          select pg_catalog.count(*) as owners, pg_catalog.sum(copies)::bigint as copies
          from held
          group by held_value
        )
        select
          {table}::text as table_name,
          {label}::text as column_name,
          coalesce(pg_catalog.sum(copies), 0)::bigint as examined,
          pg_catalog.count(*) as distinct_values,
          pg_catalog.count(*) filter (where owners > 1) as shared_values,
          coalesce(pg_catalog.sum(owners), 0)::bigint as pairs,
          coalesce(pg_catalog.max(owners), 0) as widest,
          (select pg_catalog.count(*) from (select distinct held_by from held) as h) as owners,
          {whole} and coalesce(pg_catalog.sum(copies), 0::numeric) = (
            select pg_catalog.count(*) from placed
          )::numeric as whole
        from spread
      $shared$,
      part.parts
    );
  end loop;
end
$$;
revoke all on function public.audit_shared_values() from public;
grant execute on function public.audit_shared_values() to nosender_auditor;
