-- Rows leave their pages as they settle, and what came since the last full interval settles as well.
set local search_path = pg_catalog, pg_temp;

-- 554_retention_settle_rules.sql
drop function public.retention_settle_rules();

-- How each table is settled, as expressions over its row `r` and what is joined beside it. Parameters of all
-- of them: $1 the transactions of settles after which a row stays as it is, $2 those after which it rises to
-- the next level, $3 up to when the settle goes, $4 the midnight and $5 the beginning of the six hours before
-- that.
--
-- Times rise with the age of the row: the hour in the six hours under way, the six hours today, then the day.
-- An expiry rises with them: to the day where the row lives for a day or longer, to the six hours where it
-- lives for eight hours or longer; less would be lengthened out of measure, and keeps the hour.
-- A value stored out of line gets a new number only when it is computed anew, so each ends with an empty one.
create function public.retention_settle_rules()
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

revoke all on function public.retention_settle_rules from public;

-- 555_retention_settle_targets.sql
-- Up to when a table is to be settled, level by level; no row where it is settled for now. What came since
-- the last full interval is a set of its own, which joins the others of its hour later. The receipt of a
-- settled set is written by the transaction that wrote the set, so the ledger's own rows say which
-- transactions those are: `settled` and `rising` are the parameters $1 and $2 of the rules. A row of any
-- other transaction has not settled, whoever wrote it.
create or replace function public.retention_settle_targets(name text, levels interval[])
returns table (until timestamp, settled xid[], rising xid[], last_one boolean)
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
  origin constant timestamp := '2000-01-01';
  step constant interval := (select k.settle from public.retention_knobs() as k);
  latest constant timestamp := date_bin(step, now() at time zone 'utc', origin);
  level interval;
  reached timestamp;
begin
  select max(r.settled_until) into reached
  from public.retention_runs as r
  where r.phase = 'settled' and r.table_name = name and r.status = 'done';
  foreach level in array levels || array[step, null] loop
    last_one := level is null;
    continue when last_one and reached > latest;
    until := case
      when last_one then now() at time zone 'utc' else date_bin(greatest(level, step), latest, origin)
    end;
    continue when reached >= until;
    reached := until;
    -- A table of two levels is one set a day: whatever is not of a whole day rises.
    level := case when cardinality(levels) = 2 then levels[1] else level end;
    select
      coalesce(array_agg(r.xmin) filter (where final), '{}'),
      coalesce(array_agg(r.xmin) filter (where not final), '{}')
    into settled, rising
    from public.retention_runs as r
    cross join lateral (
      select last_one or r.settled_until >= until or date_bin(level, r.settled_until, origin) = r.settled_until
    ) as e (final)
    where r.phase = 'settled' and r.table_name = name;
    return next;
  end loop;
end
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

-- 850_comments.sql
comment on routine public.retention_settle_rules is
'Says which rows of each table settle and how their times rise; part of the step.';
