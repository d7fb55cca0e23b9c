-- As it was before. Values that older functions cannot follow would be lost; where there are any, it refuses.
set local search_path = pg_catalog, pg_temp;

do $$
declare
  turned bigint;
begin
  select count(*) into turned
  from public.retention_knobs() as k
  cross join lateral (
    values
    (k.delivered, 'keep'), (k.history::text, null), (k.messages::text, null), (k.session_keys::text, null),
    (k.prekeys::text, '30 days'), (k.settle::text, '01:00:00')
  ) as v (stands, made)
  where v.stands is distinct from v.made;
  if turned > 0 then
    raise exception 'cannot go back: % knobs are turned; set them back by db upgrade', turned;
  end if;
end
$$;

drop function public.audit_kept(interval);
drop function public.audit_settled_order();
drop function public.audit_sequence_ids();
drop function public.retention_knobs();

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

-- 502_retention_settle_interval.sql
-- How long rows may keep the order in which they were written: at the first sweep after each full one of
-- these, what was written or touched in it is settled.
create function public.retention_settle_interval() returns interval
language sql immutable
set search_path = pg_catalog, pg_temp
as $$ select interval '1 hour' $$;

revoke all on function public.retention_settle_interval from public;
grant execute on function public.retention_settle_interval to nosender_sweeper, nosender_auditor;


-- 510_retention_policy.sql
-- What the sweep does, table by table in this order. The catalogue says the same in retention/plan.py's words
-- and `nosender retention sweep` refuses to run where the two differ; the procedure, which cannot see the
-- catalogue, follows this alone. It is a function and not a table so that only a migration changes it.
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
  values
  ('device_session_keys', 'expires_at', 'deactivate', 'is_active', null, null::interval, null, '{}'::text[]),
  ('ephemeral_keys', 'expires_at', 'delete', null, 'used', null, null, '{}'),
  ('messages', 'expires_at', 'delete', null, null, null, null, '{message_deliveries}'),
  ('retention_runs', null, 'delete', null, null, interval '400 days', 'clock_after', '{}')
$$;

-- 511_retention_policy_hash.sql
-- The same as one hash, which every receipt carries. docs/retention.md gives the text that it is taken of.
create or replace function public.retention_policy_hash() returns bytea
language sql stable
set search_path = pg_catalog, pg_temp
as $$
  select sha256(convert_to(string_agg(
    concat_ws(
      '|', table_name, coalesce(expires_column, ''), action, coalesce(flag, ''), coalesce(at_once, ''),
      coalesce(extract(epoch from max_age)::bigint::text, ''), coalesce(max_age_column, ''),
      array_to_string(children, ',')
    ) || e'\n', '' order by place
  ), 'UTF8'))
  from public.retention_policy() with ordinality as policy (
    table_name, expires_column, action, flag, at_once, max_age, max_age_column, children, place
  )
$$;

-- 540_retention_batch.sql
-- One batch: takes the state of a sweep, deletes (or deactivates) at most `size` expired rows of one table,
-- and says in the state where the next batch goes on. Called by retention_step, in its rights.
--
-- A pass walks its rows once, in the order of an index or of the file, and never looks again at what lies
-- behind it: dead entries stay in an index while anybody holds an old snapshot, and a repeated `limit` would
-- read through all of them each time. Each pass finds the last row of its batch first and then deletes the
-- range by a plain condition on the expiry. That matters twice: it is the cheapest way, and when the sweep
-- has waited for somebody who moved a row's expiry, PostgreSQL tests the condition again on the new row, and
-- the row survives.
--
-- Passes: blocks (by place in the file, where expiry and place are unrelated), keys (by expiry and id), last
-- (keys again, for what was locked), age (by place, rows past a maximum age). A pass ends at `until_time` and
-- `until_id`, or at `until_place`, where the state has them: several workers then share a table.
create or replace function public.retention_batch(state jsonb, table_to_sweep text, cutoff timestamp)
returns jsonb
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
  policy record;
  home regclass;
  pass text := state ->> 'pass';
  deletes boolean;  -- or else marks inactive
  size bigint := (state ->> 'size')::bigint;
  last_time timestamp := coalesce(state ->> 'time', '-infinity')::timestamp;
  last_id bigint := coalesce(state ->> 'id', '-9223372036854775808')::bigint;
  last_place tid := coalesce(state ->> 'place', '(0,0)')::tid;
  to_time timestamp;
  to_id bigint;
  until_time timestamp := least((state ->> 'until_time')::timestamp, cutoff);
  until_id bigint := case
    when (state ->> 'until_time')::timestamp <= cutoff then (state ->> 'until_id')::bigint
    else 9223372036854775807
  end;
  to_place tid;
  stretch tid;
  until_place tid := coalesce(state ->> 'until_place', '(4294967294,0)')::tid;
  ids bigint[];
  exhausted boolean;
  oldest timestamp;
  moment text;   -- when a row is due
  expired text;
  due text;      -- the condition under which a row may go, tested again on a row that was waited for
  slice text;    -- the rows of this batch, so far as their place in the walk says
  bound text;    -- finds the end of the batch
  counted bigint;
  children_before bigint := 0;
  affected bigint := 0;
  kept boolean := false;  -- rows that were meant to go are still there
  skip boolean := coalesce((state ->> 'skip')::boolean, false);
  started timestamptz;
  patience text := current_setting('lock_timeout');
begin
  select * into strict policy from public.retention_policy() where table_name = table_to_sweep;
  home := ('public.' || quote_ident(policy.table_name))::regclass;
  deletes := policy.action = 'delete' or pass = 'age';
  oldest := cutoff - policy.max_age;
  moment := public.retention_due(policy.expires_column, policy.at_once);
  expired := format('%s <= (select $5)', moment);
  -- Values come as (select $n): as constants they would have the planner look for the ends of the index,
  -- through all the dead entries there.
  if policy.action = 'deactivate' and pass in ('keys', 'last') then
    -- The index holds no id, so among rows of one expiry there is no order to walk in: what is done leaves
    -- the index, and only the last pass, which must get past a row it cannot have, sorts.
    due := format('%I and %s', policy.flag, expired);
    slice := 'id = any($9)';
    bound := case when pass = 'last' then format(
      'select array_agg(id), max(%1$I), max(id), null::tid, count(*) from (select id, %1$I from %2$s
       where %3$s and (%1$I, id) > ((select $1), (select $2)) order by %1$I, id limit $8) as batch',
      policy.expires_column, home, due
    ) else format(
      'select array_agg(id), max(%1$I), null::bigint, null::tid, count(*) from (select id, %1$I from %2$s
       where %3$s and %1$I >= (select $1) order by %1$I limit $8 %4$s) as batch',
      policy.expires_column, home, due, case when skip then 'for update skip locked' end
    ) end;
  elsif pass in ('keys', 'last') then
    due := expired;
    slice := format(
      '(%1$s, id) > ((select $1), (select $2)) and (%1$s, id) <= ((select $3), (select $4))', moment
    );
    -- With `due`, though the slice says as much: without it no index of the rows that expire answers.
    bound := format(
      'select null::bigint[], %1$s, id, null::tid, $8 from %2$s
       where %3$s and %4$s order by %1$s, id offset $8 - 1 limit 1',
      moment, home, slice, due
    );
  else
    -- Inside coalesce no index answers it: these passes go by place and by nothing else.
    due := case
      when pass = 'blocks' then format('coalesce(%s, false)', expired)
      when policy.expires_column is null then format('coalesce(%I <= (select $10), false)', policy.max_age_column)
      else format('coalesce(%I <= (select $10), false) and coalesce(%s, true)', policy.max_age_column, expired)
    end;
    slice := 'ctid > $6 and ctid <= $7';
    -- At most so many blocks for a batch, or a stretch without expired rows would be read in one transaction.
    stretch := least(
      format('(%s,0)', least((last_place::text::point)[0] + greatest(size, 64), 4294967294)::bigint)::tid, until_place
    );
    bound := format(
      'select null::bigint[], null::timestamp, null::bigint, ctid, $8 from %s
       where %s and %s offset $8 - 1 limit 1',
      home, slice, due
    );
  end if;

  execute bound into ids, to_time, to_id, to_place, counted
  using last_time, last_id, until_time, until_id, cutoff, last_place, stretch, size, ids, oldest;
  exhausted := coalesce(counted, 0) < size;
  if exhausted and stretch is not null then
    to_place := stretch;
    exhausted := stretch = until_place or (stretch::text::point)[0] * current_setting('block_size')::bigint
      >= pg_relation_size(home);
  elsif exhausted and ids is null and pass in ('keys', 'last') then
    to_time := until_time;
    to_id := until_id;
  end if;

  if not (pass = 'last' and size = 1) then
    perform set_config(
      'lock_timeout', greatest(coalesce((state ->> 'target_ms')::numeric, 0), 50)::integer::text, true
    );
  end if;
  <<attempt>>
  for again in 1 .. 2 loop
    exit attempt when counted = 0;
    begin
      if current_setting('track_counts')::boolean then
        children_before := public.retention_children(policy.children);
      else
        execute public.retention_children_query(
          policy.table_name, policy.children, format('%s and %s', slice, due)
        )
        into children_before
        using last_time, last_id, to_time, to_id, cutoff, last_place, to_place, size, ids, oldest;
        children_before := -coalesce(children_before, 0);
      end if;
      started := clock_timestamp();
      execute format(
        case when deletes then 'delete from %1$s where %2$s and %3$s'
          else 'update %1$s set %4$I = false where %2$s and %3$s' end,
        home,
        case when again = 1 then slice else format(
          'id = any(array(select id from %s where %s and %s for update skip locked))',
          home, slice, due
        ) end,
        due, policy.flag
      ) using last_time, last_id, to_time, to_id, cutoff, last_place, to_place, size, ids, oldest;
      get diagnostics affected = row_count;
      exit attempt;
    exception when lock_not_available or deadlock_detected then
      affected := 0;
      if again = 1 then
        -- Somebody who holds a whole table makes the sweep fail, rather than seem to hold row after row.
        perform set_config('lock_timeout', patience, true);
        execute format('lock table %s in row exclusive mode', (
          select string_agg(('public.' || quote_ident(each))::regclass::text, ', ')
          from unnest(policy.table_name || policy.children) as each
        ));
        perform set_config('lock_timeout', '50', true);
      end if;
      state := state || jsonb_build_object('skip', true, 'left', true);
      if pass = 'last' then
        -- Halve until the locked row stands alone; wait for it as long as the sweep has patience; then go
        -- past.
        state := state || jsonb_build_object('patience_ms', greatest(
          0, (state ->> 'patience_ms')::numeric - extract(epoch from clock_timestamp() - started) * 1000
        ));
        if size > 1 then
          return state || jsonb_build_object('size', size / 2, 'halved', true);
        end if;
        state := state || jsonb_build_object('blocked', (state ->> 'blocked')::bigint + 1);
        exit attempt;
      end if;
    end;
  end loop;

  -- Somebody's trigger or rule kept rows, or others changed them meanwhile. How many the last batch of a walk
  -- meant is not known: there one look says whether any of it stayed.
  if counted > 0 then
    kept := affected < counted;
  elsif counted is null then
    execute format('select exists (select from %s where %s and %s)', home, slice, due) into kept
    using last_time, last_id, to_time, to_id, cutoff, last_place, to_place, size, ids, oldest;
  end if;
  if kept then
    state := state || '{"left": true}'::jsonb;
    -- A walk by expiry alone would find the same rows for ever; the last pass has an order to get past them.
    exhausted := exhausted or (policy.action = 'deactivate' and pass = 'keys' and affected = 0);
  end if;

  return state || jsonb_build_object(
    'time', to_time, 'id', to_id, 'place', to_place, 'exhausted', exhausted, 'halved', false,
    'affected', affected,
    case when deletes then 'deleted' else 'deactivated' end,
    (state ->> case when deletes then 'deleted' else 'deactivated' end)::bigint + affected,
    'children', (state ->> 'children')::bigint
    + case when affected > 0 then public.retention_children(policy.children) - children_before else 0 end,
    'batches', (state ->> 'batches')::bigint + (affected > 0)::integer
  );
end
$$;

-- 552_retention_next_pass.sql
-- The pass after `pass` for this table: begin, blocks, keys, last, age, end; or prune for the ledger
-- itself. A table where nothing has expired is done at once, at the cost of one look into the index.
create or replace function public.retention_next_pass(
  name text, pass text, rows_left boolean, cutoff timestamp
)
returns text
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
  policy record;
begin
  select * into strict policy from public.retention_policy() where table_name = name;
  if name = 'retention_runs' then
    return case pass when 'begin' then 'prune' else 'end' end;
  elsif pass = 'begin' and public.retention_oldest(name, cutoff) is not null then
    return case
      when policy.action = 'delete' and public.retention_scattered(name, policy.expires_column, cutoff)
        then 'blocks'
      else 'keys'
    end;
  elsif pass in ('blocks', 'keys') and rows_left then
    return 'last';
  elsif pass in ('begin', 'blocks', 'keys', 'last') and policy.max_age is not null then
    return 'age';
  end if;
  return 'end';
end
$$;

-- 555_retention_settle_targets.sql
-- Up to when a table is to be settled, level by level; no row where it is settled for now. The receipt of a
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
  level interval;
  reached timestamp;
  latest timestamp := date_bin(public.retention_settle_interval(), now() at time zone 'utc', origin);
begin
  select max(r.settled_until) into reached
  from public.retention_runs as r
  where r.phase = 'settled' and r.table_name = name and r.status = 'done';
  foreach level in array levels loop
    until := date_bin(greatest(level, public.retention_settle_interval()), latest, origin);
    continue when reached >= until;
    reached := until;
    last_one := until = latest;
    -- A table of two levels is one set a day: whatever is not of a whole day rises.
    level := case when cardinality(levels) = 2 then levels[1] else level end;
    select
      coalesce(array_agg(r.xmin) filter (where final), '{}'),
      coalesce(array_agg(r.xmin) filter (where not final), '{}')
    into settled, rising
    from public.retention_runs as r
    cross join lateral (
      select r.settled_until >= until or date_bin(level, r.settled_until, origin) = r.settled_until
    ) as e (final)
    where r.phase = 'settled' and r.table_name = name;
    return next;
  end loop;
end
$$;

-- 671_audit_overdue.sql
-- What stands longer than its expiry and the grace allow, by each promise of the policy. Reads the ends of
-- indexes: at most a thousand rows of each kind are counted, and `seconds` is how far the oldest is past its
-- expiry, without the grace.
create or replace function public.audit_overdue(grace interval)
returns table (table_name text, column_name text, overdue bigint, seconds bigint)
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
    with promised as (
      select
        p.*,
        ('public.' || pg_catalog.quote_ident(p.table_name))::regclass as home,
        -- As the sweep's index has it: what goes at once first, then by expiry.
        case
          when p.at_once is null then 'r.' || pg_catalog.quote_ident(p.expires_column)
          else pg_catalog.format(
            'case when r.%I then ''-infinity''::timestamp without time zone else r.%I end',
            p.at_once, p.expires_column
          )
        end as first_due,
        (
          select pg_catalog.array_agg(array[d.column_name, d.resolution::text])
          from public.audit_declared() as d
          where d.table_name = p.table_name and d.class = 'time' and d.resolution is not null
        ) as times
      from public.retention_policy() as p
    ),
    late as (
      select
        p.table_name, p.expires_column as attribute,
        pg_catalog.format('r.%I', p.expires_column) as since,
        pg_catalog.format(
          '%s and %s < {limit} and r.%I < {limit}',
          case when p.flag is null then 'true' else pg_catalog.format('r.%I', p.flag) end,
          p.first_due, p.expires_column
        ) as condition,
        p.first_due as sorted,
        'only ' || p.home as from_item
      from promised as p
      where p.expires_column is not null
      union all
      -- When it was used is not stored; it was created before, at the latest at the end of its hour.
      select
        p.table_name, p.at_once,
        pg_catalog.format('r.%I + %L::interval', p.times[1][1], p.times[1][2]),
        pg_catalog.format(
          '%s <= ''-infinity''::timestamp and r.%I and r.%I + %L::interval < {limit}',
          p.first_due, p.at_once, p.times[1][1], p.times[1][2]
        ),
        p.first_due,
        'only ' || p.home
      from promised as p
      where p.at_once is not null and p.times is not null
      union all
      -- There is no index by age: the first rows of the table.
      select
        p.table_name, p.max_age_column,
        pg_catalog.format('r.%I + %L::interval', p.max_age_column, p.max_age),
        pg_catalog.format('r.%I + %L::interval < {limit}', p.max_age_column, p.max_age),
        pg_catalog.format('r.%I + %L::interval', p.max_age_column, p.max_age),
        '(select * from only ' || p.home || ' limit 1000)'
      from promised as p
      where p.max_age is not null
    )
    select pg_catalog.jsonb_build_object(
      'table', pg_catalog.quote_literal(l.table_name),
      'name', pg_catalog.quote_literal(l.attribute),
      'since', l.since,
      'rows', l.from_item,
      'condition', public.audit_text(l.condition, given.parts),
      'sorted', l.sorted
    ) as parts
    from late as l
    cross join (
      select pg_catalog.jsonb_build_object('limit', pg_catalog.format(
        '(pg_catalog.now() at time zone ''utc'') - %L::interval', grace
      )) as parts
    ) as given
  loop
    return query execute public.audit_text(
      $late$
        select
          {table}::text as table_name,
          {name}::text as column_name,
          pg_catalog.count(late.since) as overdue,
          coalesce(extract(
            epoch from (pg_catalog.now() at time zone 'utc') - pg_catalog.min(late.since)
          )::bigint, 0::bigint) as seconds
        from (
          select {since} as since
          from {rows} as r
          where {condition}
          order by {sorted}
          limit 1000
        ) as late
      $late$,
      part.parts
    );
  end loop;
end
$$;

-- 674_audit_settling.sql
-- Rows that should have settled: no settle of the ledger wrote them, though one that came to its end an hour
-- and the grace after theirs was over is newer than they are; where none did, though their own times say so.
-- Of people and devices, rows that somebody locked before such a settle. Tables above 256 pages are sampled.
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
    ('device_session_keys', 'r.created_at'),
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
    ) into examined, unsettled using table_name, grace + interval '2 hours';
    return next;
  end loop;
end
$$;

-- 850_comments.sql
comment on routine public.retention_knobs is
'What an operator decides about how long things stay: values and nothing else.';
comment on routine public.retention_settle_interval is
'How long rows may keep the order in which they were written, until they settle.';
