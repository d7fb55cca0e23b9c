-- What a login without rights counts in a project's own tables.
set local search_path = pg_catalog, pg_temp;

-- 500_retention_runs.sql
-- a receipt of a table in another schema
alter table public.retention_runs
drop constraint retention_runs_words,
add constraint retention_runs_words check (
  table_name ~ '^[A-Za-z0-9_$]+(\.[A-Za-z0-9_$]+)?$' and error_class ~ '^[A-Za-z0-9-]+$'
  and version ~ '^[A-Za-z0-9._,-]*$' and node ~ '^[0-9]*$' and schema_name !~ '[[:cntrl:]]'
);

-- 502_retention_place.sql
-- The name of a declared table as SQL writes it: of ours in this schema, of a project's in another one where
-- a schema stands before it, with a dot between. No name of ours holds one.
create function public.retention_place(table_name text) returns text
language sql immutable
set search_path = pg_catalog, pg_temp
as $$
  select case
    when strpos(table_name, '.') > 0
      then quote_ident(split_part(table_name, '.', 1)) || '.' || quote_ident(split_part(table_name, '.', 2))
    else 'public.' || quote_ident(table_name)
  end
$$;

revoke all on function public.retention_place(text) from public;

-- 530_retention_begin.sql
-- The start of a sweep. Its answer is the sweep's whole state, to be handed to retention_step again and
-- again, a transaction each, until `finished` is true in it. The numbers in it are for reading; that a row
-- has expired is decided by the step alone, whatever the state says.  most: no batch is larger. target_ms:
-- how long a batch should take; null keeps every batch at `most`. duty: the share of the time spent working.
-- rate: rows a second at most. patience_ms: how long, in the whole sweep, to wait for rows that others have
-- locked. tables: sweep these tables and no others. canary: leave a row that the next sweeps must remove.
create or replace function public.retention_begin(
  most integer default 5000,
  target_ms numeric default 1,
  duty numeric default 0.5,
  rate integer default null,
  patience_ms integer default 2000,
  tables text[] default null,
  canary boolean default false
) returns jsonb
language plpgsql security definer
set search_path = pg_catalog, pg_temp
set timezone to 'UTC'
as $$
declare
  entry public.retention_runs;
  swept record;
  child text;
  last_clock timestamp;
  chosen text[] := '{}';
  holder integer;
begin
  if not (most >= 1 and duty > 0 and duty <= 1 and coalesce(target_ms, 1) > 0 and coalesce(rate, 1) >= 1
    and patience_ms >= 0)
  then
    raise exception 'a sweep needs most, target_ms and rate above 0, a duty above 0 and at most 1'
      using errcode = 'invalid_parameter_value';
  end if;
  for swept in select * from public.retention_policy() loop
    continue when tables is not null and swept.table_name <> all (tables);
    foreach child in array swept.table_name || swept.children loop
      if to_regclass(public.retention_place(child)) is null then
        raise exception 'the table % of the retention policy does not exist', child
          using errcode = 'undefined_table';
      end if;
    end loop;
    chosen := chosen || swept.table_name;
  end loop;
  if cardinality(chosen) = 0 or cardinality(chosen) < cardinality(tables) then
    raise exception 'the retention policy does not name every table that was asked for'
      using errcode = 'invalid_parameter_value';
  end if;
  -- Locks of the session, because a sweep is many transactions; they end with it, however it ends.
  for i in 1 .. cardinality(chosen) loop
    continue when pg_try_advisory_lock(
      hashtext('nosender.retention'), public.retention_place(chosen[i])::regclass::oid::integer
    );
    select pid into holder from pg_locks
    where
      locktype = 'advisory' and granted and pid <> pg_backend_pid()
      and database = (select oid from pg_database where datname = current_database())
      and classid = hashtext('nosender.retention')::bigint & 4294967295
      and objid = public.retention_place(chosen[i])::regclass::oid;
    perform public.retention_unlock(chosen[1 : i - 1]);
    raise exception 'another sweep of % is running (process %)', chosen[i], coalesce(holder::text, 'unknown')
      using errcode = 'lock_not_available';
  end loop;
  begin
    select clock_after into last_clock from public.retention_runs order by id desc limit 1;
    entry.run_id := gen_random_uuid();
    entry.phase := 'started';
    entry.policy_hash := public.retention_policy_hash();
    entry.cutoff := clock_timestamp() at time zone 'utc';
    entry.clock_before := entry.cutoff;
    entry.deleted := 0;
    entry.deactivated := 0;
    entry.children := 0;
    entry.batches := 0;
    entry.blocked := 0;
    entry := public.retention_append(entry);
  exception when others then
    perform public.retention_unlock(chosen);
    raise;
  end;
  return jsonb_build_object(
    'run', entry.run_id, 'started', entry.id, 'cutoff', entry.cutoff, 'policy', encode(entry.policy_hash, 'hex'),
    -- Less is expired by a clock that went back, so nothing is lost; but what is overdue may be missed.
    'clock_back', coalesce(last_clock > entry.cutoff + interval '1 second', false),
    'most', most, 'size', case when target_ms is null then most else least(most, 200) end,
    'target_ms', target_ms, 'duty', duty, 'rate', rate, 'patience_ms', patience_ms,
    'canary', canary, 'tables', to_jsonb(chosen), 'at', 0, 'pass', 'begin', 'began', entry.clock_before,
    'deleted', 0, 'deactivated', 0, 'children', 0, 'batches', 0, 'blocked', 0,
    'total', jsonb_build_object('deleted', 0, 'deactivated', 0, 'children', 0, 'batches', 0, 'blocked', 0),
    -- Settling needs the locks of all tables.
    'settling', tables is null, 'settled', 0, 'passed_over', 0,
    'pause_ms', 0, 'finished', false
  );
end
$$;

-- 531_retention_unlock.sql
create or replace function public.retention_unlock(tables text[]) returns void
language sql
set search_path = pg_catalog, pg_temp
as $$
  select pg_advisory_unlock(hashtext('nosender.retention'), place::oid::integer)
  from unnest(tables) as name
  cross join lateral to_regclass(public.retention_place(name)) as place
  where place is not null
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
-- (keys again, for what was locked), age (by place, rows past a maximum age), history (the same of messages
-- that were delivered everywhere). A pass ends at `until_time` and `until_id`, or at `until_place`, where the
-- state has them: several workers then share a table.
create or replace function public.retention_batch(
  state jsonb, table_to_sweep text, cutoff timestamp
) returns jsonb
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
  home := public.retention_place(policy.table_name)::regclass;
  deletes := policy.action = 'delete' or pass = 'age';
  oldest := cutoff - case
    when pass = 'history' then (select k.history from public.retention_knobs() as k)
    else policy.max_age
  end;
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
      when pass = 'history' then case when policy.table_name = 'messages' then format(
        'coalesce(created_at <= (select $10), false) and not exists (select from %s as d '
        'where d.message_id = messages.id and d.delivery_status <> ''delivered'')',
        'public.message_deliveries'::regclass
      ) else 'false' end
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
          select string_agg(public.retention_place(each)::regclass::text, ', ')
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

-- 541_retention_children_query.sql
-- Where the server keeps no counts: a query for the rows that refer to those of a batch.
create or replace function public.retention_children_query(
  parent text, tables text[], condition text
) returns text
language sql stable
set search_path = pg_catalog, pg_temp
as $$
  select coalesce(
    'select sum(n) from (' || string_agg(
      format(
        'select count(*) as n from %s where %I in (select %I from %s where %s)',
        c.conrelid::regclass, a.attname, p.attname, c.confrelid::regclass, condition
      ), ' union all '
    ) || ') as counted', 'select 0'
  )
  from unnest(tables) as child
  inner join pg_constraint as c
    on c.conrelid = public.retention_place(child)::regclass
    and c.confrelid = public.retention_place(parent)::regclass and c.contype = 'f'
  inner join pg_attribute as a on a.attrelid = c.conrelid and a.attnum = c.conkey[1]
  inner join pg_attribute as p on p.attrelid = c.confrelid and p.attnum = c.confkey[1]
$$;

-- 542_retention_children.sql
-- How many rows this transaction has deleted from these tables, as PostgreSQL itself counts: the rows that a
-- cascade takes are counted nowhere else, and counting them by a query of their own would cost as much again.
create or replace function public.retention_children(tables text[]) returns bigint
language sql volatile
set search_path = pg_catalog, pg_temp
as $$
  select coalesce(sum(pg_stat_get_xact_tuples_deleted(public.retention_place(name)::regclass)), 0)::bigint
  from unnest(tables) as name
$$;

-- 551_retention_part.sql
-- A part of a table for one of several workers, each with a session of its own that calls this and then
-- retention_step until the pass has ended. The part begins where the state stands; without an end it gets
-- one, `rows` rows or blocks further on, or none where it is the last. Beside the lock of the table, which
-- the session of retention_begin holds, each part has one of its own (`part`, for the session to give back):
-- who takes over the part of a session that broke waits until that is gone, and its last transaction decided.
create or replace function public.retention_part(state jsonb, rows bigint) returns jsonb
language plpgsql security definer
set search_path = pg_catalog, pg_temp
set timezone to 'UTC'
set enable_seqscan to off
set enable_bitmapscan to off
set lock_timeout to '60s'  -- of a session that is gone; longer, and it is not
as $$
declare
  name text := state #>> array['tables', state ->> 'at'];
  policy record;
  home regclass;
  part integer;
  last_block bigint;
  to_time timestamp;
  to_id bigint;
begin
  select * into policy from public.retention_policy() where table_name = name;
  if not found or policy.action <> 'delete' or rows < 1 or state ->> 'pass' not in ('keys', 'blocks') then
    raise exception 'only a pass over a table whose rows are deleted can be shared'
      using errcode = 'invalid_parameter_value';
  end if;
  home := public.retention_place(name)::regclass;
  part := hashtext(concat_ws(' ', home::oid, state ->> 'time', state ->> 'id', state ->> 'place'));
  perform pg_advisory_lock(hashtext('nosender.retention.part'), part);
  state := state || jsonb_build_object('part', part);
  if state ?| array['until_time', 'until_place'] then
    return state;
  elsif state ->> 'pass' = 'blocks' then
    last_block := (coalesce(state ->> 'place', '(0,0)')::point)[0]::bigint + rows;
    if last_block * current_setting('block_size')::bigint >= pg_relation_size(home) then
      return state;
    end if;
    return state || jsonb_build_object('until_place', format('(%s,0)', last_block));
  end if;
  execute format(
    'select %1$s, id from %2$s where (%1$s, id) > ((select $1), (select $2)) and %1$s <= (select $3)
     order by %1$s, id offset $4 - 1 limit 1',
    public.retention_due(policy.expires_column, policy.at_once), home
  ) into to_time, to_id
  using
    coalesce(state ->> 'time', '-infinity')::timestamp, coalesce((state ->> 'id')::bigint, 0),
    least((state ->> 'cutoff')::timestamp, now()::timestamp), rows;
  if to_id is null then
    return state;
  end if;
  return state || jsonb_build_object('until_time', to_time, 'until_id', to_id);
end
$$;

-- 553_retention_scattered.sql
-- Whether to walk by place in the file: worth it where every block has an expired row and neighbours in the
-- index are not neighbours in the file, for then the index leads to each block again and again. From what
-- ANALYZE left, so at constant cost.
create or replace function public.retention_scattered(
  name text, expires_column text, cutoff timestamp
) returns boolean
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
  plan json;
  home regclass := public.retention_place(name)::regclass;
  blocks bigint := pg_relation_size(home) / current_setting('block_size')::bigint;
begin
  if blocks < 256 or not exists (
    select from pg_stats
    inner join pg_class as c on c.oid = home and c.relname = tablename
    inner join pg_namespace as n on n.oid = c.relnamespace and n.nspname = schemaname
    where attname = expires_column and abs(correlation) < 0.9
  ) then
    return false;
  end if;
  execute format('explain (format json) select from %s where %I <= %L', home, expires_column, cutoff)
  into plan;
  return (plan #>> '{0,Plan,Plan Rows}')::numeric >= blocks;
end
$$;

-- 560_retention_swept.sql
-- The receipts of a sweep: one row for each table, one for its end.
create or replace function public.retention_swept(
  state jsonb, name text, outcome text, error_class text default null
)
returns jsonb
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
  entry public.retention_runs := public.retention_entry(state);
  total jsonb := state -> 'total';
  what text;
begin
  entry.phase := 'swept';
  entry.table_name := name;
  entry.status := outcome;
  entry.error_class := error_class;
  entry.clock_before := (state ->> 'began')::timestamp;
  -- A walk that ended has left nothing behind unless it met a lock, and looking would cost a page for each
  -- row that is gone. With a table gone there is nothing to look at, and the receipt has to say that too.
  if
    (outcome <> 'done' or (state ->> 'left')::boolean)
    and to_regclass(public.retention_place(name)) is not null
  then
    entry.oldest_remaining := public.retention_oldest(name, entry.cutoff);
  end if;
  if outcome = 'done' and entry.oldest_remaining is not null then
    entry.status := 'partial';
  end if;
  foreach what in array array['deleted', 'deactivated', 'children', 'batches', 'blocked'] loop
    total := total || jsonb_build_object(what, (total ->> what)::bigint + (state ->> what)::bigint);
  end loop;
  entry := public.retention_append(entry);
  return state || jsonb_build_object(
    'total', total, 'at', (state ->> 'at')::integer + 1, 'pass', 'begin', 'affected', 0, 'pause_ms', 0,
    'partial', coalesce((state ->> 'partial')::boolean, false) or entry.status <> 'done',
    'deleted', 0, 'deactivated', 0, 'children', 0, 'batches', 0, 'blocked', 0
  );
end
$$;

-- 563_retention_oldest.sql
-- The oldest moment of a row that has expired by `cutoff` and is still there; from the index, at constant
-- cost.
create or replace function public.retention_oldest(name text, cutoff timestamp) returns timestamp
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
  policy record;
  oldest timestamp;
begin
  select * into strict policy from public.retention_policy() where table_name = name;
  if policy.expires_column is null then
    return null;
  end if;
  -- What goes at once may expire later; that it is there still is what counts.
  execute format(
    'select least(%1$I, $1) from %2$s where %3$s <= (select $1) and %4$s order by %3$s limit 1',
    policy.expires_column, public.retention_place(name)::regclass,
    public.retention_due(policy.expires_column, policy.at_once),
    coalesce(quote_ident(policy.flag), 'true')
  ) into oldest using cutoff;
  return oldest;
end
$$;

-- 580_retention_overdue.sql
-- What the sweeper and the auditor may look at: counts, times and the ledger, never a row of the tables.

-- Per table of the policy: how many rows are due and since when, at a cost that does not grow with the table.
-- It counts from the index as far as `most`, and says so when there are more; then the planner's estimate is
-- what there is to know.
create or replace function public.retention_overdue(most integer default 10000)
returns table (table_name text, due bigint, more boolean, estimate bigint, oldest timestamp)
language plpgsql security definer
set search_path = pg_catalog, pg_temp
set timezone to 'UTC'
set enable_seqscan to off
as $$
declare
  policy record;
  home regclass;
  due_when text;
  plan json;
  cutoff timestamp := now();
begin
  for policy in select * from public.retention_policy() as each where each.expires_column is not null loop
    table_name := policy.table_name;
    home := public.retention_place(table_name)::regclass;
    due_when := format(
      '%s <= %L and %s', public.retention_due(policy.expires_column, policy.at_once), cutoff,
      coalesce(quote_ident(policy.flag), 'true')
    );
    execute format('select count(*) from (select from %s where %s limit %s) as due', home, due_when, most + 1)
    into due;
    more := due > most;
    due := least(due, most);
    estimate := due;
    if more then
      -- By the column itself: the planner keeps no statistics of the index's expression.
      execute format(
        'explain (format json) select from %s where %I <= %L and %s',
        home, policy.expires_column, cutoff, coalesce(quote_ident(policy.flag), 'true')
      ) into plan;
      estimate := greatest(due, (plan #>> '{0,Plan,Plan Rows}')::numeric::bigint);
    end if;
    oldest := public.retention_oldest(table_name, cutoff);
    return next;
  end loop;
end
$$;

-- 592_retention_rewrite.sql
-- Write a table anew, so that nothing of its deleted rows and dropped columns stays in its file, and say so
-- in the ledger in the same transaction: either both happened or neither.
--
-- The receipt holds the number of the new file and those of the columns that were dropped before. Both are
-- read under the lock that the rewrite holds, so no column can be dropped between. It vouches for that file
-- and those columns alone: PostgreSQL gives the number of a column to no other, and every rewrite, restore
-- or TRUNCATE makes another file.
--
-- CLUSTER, because VACUUM FULL may not run in a transaction; it leaves no other mark on the table.
create or replace function public.retention_rewrite(table_to_write text) returns public.retention_runs
language plpgsql
set search_path = pg_catalog, pg_temp
set timezone to 'UTC'
as $$
declare
  entry public.retention_runs;
  place regclass := to_regclass(public.retention_place(table_to_write));
  order_before name;
begin
  -- A sweep writes to the ledger and to these tables in either order; so one of the two waits for the other
  -- here.
  perform pg_advisory_xact_lock(
    hashtext('nosender.retention'), to_regclass(public.retention_place(table_name))::oid::integer
  )
  from public.retention_policy();
  entry.clock_before := clock_timestamp();
  execute format('lock table %s in access exclusive mode', place);
  select relname into order_before
  from pg_index inner join pg_class on oid = indexrelid
  where indrelid = place and indisclustered;
  execute format('cluster %s using %I', place, coalesce(order_before, (
    select relname from pg_index inner join pg_class on oid = indexrelid where indrelid = place and indisprimary
  )));
  if order_before is null then
    execute format('alter table %s set without cluster', place);
  end if;

  entry.run_id := gen_random_uuid();
  entry.phase := 'rewritten';
  entry.table_name := table_to_write;
  entry.status := 'done';
  entry.policy_hash := public.retention_policy_hash();
  entry.cutoff := entry.clock_before;
  entry.deleted := 0;
  entry.deactivated := 0;
  entry.children := 0;
  entry.batches := 0;
  entry.blocked := 0;
  entry.file_number := pg_relation_filenode(place);
  entry.dropped_columns := array(
    select attnum from pg_attribute where attrelid = place and attnum > 0 and attisdropped order by attnum
  );
  return public.retention_append(entry);
end
$$;

-- 599_audit_project_declared.sql
-- What a project declares of its own columns, in the columns of audit_declared, which adds it to ours: so
-- a login that may read no table has a project's counted, too. Empty, and no revision of ours makes it again:
-- the rows are the project's, put here by a revision of its own that `nosender project freeze` writes.
create function public.audit_project_declared()
returns table (table_name text, column_name text, class text, resolution interval, leads_to text)
language sql
immutable
set search_path = pg_catalog, pg_temp
as $$
  select null::text, null::text, null::text, null::interval, null::text
  where false
$$;

revoke all on function public.audit_project_declared() from public;

-- 600_audit_rows.sql
-- What a probe reads of a table, as the text of a FROM item: all of it up to 256 pages (2 MB), else some
-- pages chosen at random, the same ones in every run, and the 30 highest ids, where today's mistake may
-- be. So no probe costs more as a table grows: where it samples at most 120 pages for a column, with 40
-- pages at random (which vary by a dozen) and 8 values that are stored outside their rows. ONLY: a child
-- that somebody attached is not ours, and may be foreign. Each row has its place in the file, audit_place.
--
-- The probes below run with their owner's rights, whatever stands in the schema.
create or replace function public.audit_rows(of_table text, random_pages integer) returns text
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
  home regclass := pg_catalog.to_regclass(public.retention_place(of_table));
  pages bigint := pg_catalog.pg_relation_size(home) / pg_catalog.current_setting('block_size')::bigint;
begin
  if public.audit_whole(of_table, 256) then
    return pg_catalog.format('(select ctid as audit_place, * from only %s)', home);
  end if;
  return pg_catalog.format(
    case when exists (
      select
      from pg_catalog.pg_attribute as a
      where a.attrelid = home::oid and a.attname::text = 'id' and not a.attisdropped
    ) then
      '(
        with random_rows as materialized (
          select ctid as audit_place, * from only %1$s tablesample system (%2$s) repeatable (1)
        ),
        newest_rows as materialized (
          select ctid as audit_place, * from only %1$s order by id desc limit 30
        )
        select * from random_rows
        union all
        select * from newest_rows where audit_place not in (select audit_place from random_rows)
      )'
    else '(select ctid as audit_place, * from only %1$s tablesample system (%2$s) repeatable (1))'
    end,
    home,
    pg_catalog.round(100.0 * random_pages::numeric / pages::numeric, 6)
  );
end
$$;

-- 601_audit_whole.sql
-- Whether that is all of the table. Every probe says so beside the number of rows it looked at, from which a
-- report tells what share of bad rows it would have found.
create or replace function public.audit_whole(of_table text, most_pages integer default 256) returns boolean
language sql
stable
set search_path = pg_catalog, pg_temp
as $$
  select
    pg_catalog.pg_relation_size(pg_catalog.to_regclass(public.retention_place(of_table)))
    <= most_pages * pg_catalog.current_setting('block_size')::bigint
$$;

-- 603_audit_declared.sql
-- Made from the catalogue by `make generate`: each declared column, its class, how finely a time may be told,
-- and to whom it leads, where it says whose the row is: to a user, to a destination by its number or to a
-- device; and where it leads to a message, which its destination shares. A project's columns come after ours.
create or replace function public.audit_declared()
returns table (table_name text, column_name text, class text, resolution interval, leads_to text)
language sql
immutable
set search_path = pg_catalog, pg_temp
as $$
  values
  ('alembic_version'::text, 'version_num', 'bookkeeping', null::interval, null::text),
  ('device_session_keys', 'id', 'serial', null, null),
  ('device_session_keys', 'user_id', 'link', null, 'user'),
  ('device_session_keys', 'webauthn_credential_id', 'link', null, null),
  ('device_session_keys', 'session_key_id', 'random-id', null, null),
  ('device_session_keys', 'encrypted_session_key', 'wrapped-key', null, null),
  ('device_session_keys', 'key_rotation_counter', 'counter', null, null),
  ('device_session_keys', 'created_at', 'time', '3600 seconds', null),
  ('device_session_keys', 'expires_at', 'expiry', '3600 seconds', null),
  ('device_session_keys', 'is_active', 'state', null, null),
  ('ephemeral_keys', 'id', 'serial', null, null),
  ('ephemeral_keys', 'destination_phone', 'destination-phone', null, 'destination'),
  ('ephemeral_keys', 'ephemeral_public_key', 'public-key', null, null),
  ('ephemeral_keys', 'key_exchange_id', 'random-id', null, null),
  ('ephemeral_keys', 'created_at', 'time', '3600 seconds', null),
  ('ephemeral_keys', 'expires_at', 'expiry', '900 seconds', null),
  ('ephemeral_keys', 'used', 'state', null, null),
  ('message_deliveries', 'id', 'serial', null, null),
  ('message_deliveries', 'message_id', 'link', null, 'message'),
  ('message_deliveries', 'webauthn_credential_id', 'link', null, 'device'),
  ('message_deliveries', 'delivered_at', 'time', '3600 seconds', null),
  ('message_deliveries', 'read_at', 'time', '3600 seconds', null),
  ('message_deliveries', 'delivery_status', 'state', null, null),
  ('messages', 'id', 'serial', null, null),
  ('messages', 'destination_phone', 'destination-phone', null, 'destination'),
  ('messages', 'encrypted_content', 'ciphertext', null, null),
  ('messages', 'message_id', 'random-id', null, null),
  ('messages', 'timestamp', 'time', '3600 seconds', null),
  ('messages', 'created_at', 'time', '3600 seconds', null),
  ('messages', 'expires_at', 'expiry', '3600 seconds', null),
  ('messages', 'message_type', 'state', null, null),
  ('messaging_public_keys', 'id', 'serial', null, null),
  ('messaging_public_keys', 'user_id', 'link', null, 'user'),
  ('messaging_public_keys', 'x25519_public_key', 'public-key', null, null),
  ('messaging_public_keys', 'ed25519_signature', 'signature', null, null),
  ('messaging_public_keys', 'ed25519_public_key', 'public-key', null, null),
  ('messaging_public_keys', 'key_version', 'counter', null, null),
  ('messaging_public_keys', 'created_at', 'time', '3600 seconds', null),
  ('messaging_public_keys', 'revoked_at', 'time', '3600 seconds', null),
  ('messaging_public_keys', 'is_active', 'state', null, null),
  ('migration_journal', 'id', 'serial', null, null),
  ('migration_journal', 'revision', 'bookkeeping', null, null),
  ('migration_journal', 'direction', 'bookkeeping', null, null),
  ('migration_journal', 'step', 'bookkeeping', null, null),
  ('migration_journal', 'algorithm', 'bookkeeping', null, null),
  ('migration_journal', 'checksum', 'bookkeeping', null, null),
  ('migration_journal', 'recorded_at', 'time', '0 seconds', null),
  ('retention_runs', 'id', 'serial', null, null),
  ('retention_runs', 'run_id', 'bookkeeping', null, null),
  ('retention_runs', 'phase', 'bookkeeping', null, null),
  ('retention_runs', 'table_name', 'bookkeeping', null, null),
  ('retention_runs', 'status', 'bookkeeping', null, null),
  ('retention_runs', 'error_class', 'bookkeeping', null, null),
  ('retention_runs', 'policy_hash', 'bookkeeping', null, null),
  ('retention_runs', 'cutoff', 'time', '0 seconds', null),
  ('retention_runs', 'clock_before', 'time', '0 seconds', null),
  ('retention_runs', 'clock_after', 'time', '0 seconds', null),
  ('retention_runs', 'deleted', 'bookkeeping', null, null),
  ('retention_runs', 'deactivated', 'bookkeeping', null, null),
  ('retention_runs', 'children', 'bookkeeping', null, null),
  ('retention_runs', 'batches', 'bookkeeping', null, null),
  ('retention_runs', 'blocked', 'bookkeeping', null, null),
  ('retention_runs', 'oldest_remaining', 'time', '0 seconds', null),
  ('retention_runs', 'anchor_id', 'bookkeeping', null, null),
  ('retention_runs', 'anchor_hash', 'bookkeeping', null, null),
  ('retention_runs', 'file_number', 'bookkeeping', null, null),
  ('retention_runs', 'dropped_columns', 'bookkeeping', null, null),
  ('retention_runs', 'previous_hash', 'bookkeeping', null, null),
  ('retention_runs', 'row_hash', 'bookkeeping', null, null),
  ('retention_runs', 'form', 'bookkeeping', null, null),
  ('retention_runs', 'version', 'bookkeeping', null, null),
  ('retention_runs', 'schema_name', 'bookkeeping', null, null),
  ('retention_runs', 'node', 'bookkeeping', null, null),
  ('retention_runs', 'settled', 'bookkeeping', null, null),
  ('retention_runs', 'settled_until', 'time', '0 seconds', null),
  ('users', 'id', 'serial', null, 'user'),
  ('users', 'phone_number', 'account-phone', null, null),
  ('users', 'created_at', 'time', '3600 seconds', null),
  ('webauthn_credentials', 'id', 'serial', null, null),
  ('webauthn_credentials', 'user_id', 'link', null, 'user'),
  ('webauthn_credentials', 'credential_id', 'device-id', null, null),
  ('webauthn_credentials', 'public_key', 'device-key', null, null),
  ('webauthn_credentials', 'sign_count', 'counter', null, null),
  ('webauthn_credentials', 'created_at', 'time', '3600 seconds', null),
  ('webauthn_credentials', 'is_active', 'state', null, null)
  union all
  select p.* from public.audit_project_declared() as p
$$;

-- 606_audit_columns.sql
-- The live columns of the declared tables, declared or not, each with what the catalogue says of it and with
-- the parts that most templates are filled with. What somebody added is read as well: class and the rest of
-- it are null.
create or replace function public.audit_columns()
returns table (
  table_name text, column_name text, type text, class text, resolution interval, leads_to text,
  owner_column text, owner_is text, destination text, whole boolean, parts jsonb
)
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
begin
  return query
  with homes as materialized (
    select
      c.oid as home,
      named.name,
      public.audit_rows(named.name, 40) as from_item,
      public.audit_whole(named.name, 256) as is_whole,
      o.column_name as owner_column,
      o.leads_to as owner_is,
      (
        select d.column_name from public.audit_declared() as d
        where d.table_name = named.name and d.class = 'destination-phone'
      ) as destination,
      exists (
        select from pg_catalog.pg_attribute as a
        where a.attrelid = c.oid and a.attname::text = 'id' and not a.attisdropped
      ) as numbered
    from (select distinct d.table_name as name from public.audit_declared() as d) as named
    inner join pg_catalog.pg_class as c
      on c.oid = pg_catalog.to_regclass(public.retention_place(named.name))::oid
    left join public.audit_declared() as o
      on o.table_name = named.name and o.leads_to in ('user', 'destination', 'device')
    where c.relkind = 'r'::"char"
  ),
  live as (
    select
      h.*,
      a.attname::text as attribute,
      a.attnum,
      public.audit_type(a.atttypid) as type_name,
      pg_catalog.format('r.%I', a.attname) as value
    from homes as h
    inner join pg_catalog.pg_attribute as a on a.attrelid = h.home
    where a.attnum > 0 and not a.attisdropped
  )
  select
    l.name, l.attribute, l.type_name, d.class, d.resolution, d.leads_to,
    l.owner_column, l.owner_is, l.destination, l.is_whole,
    pg_catalog.jsonb_build_object(
      'table', pg_catalog.quote_literal(l.name),
      'name', pg_catalog.quote_literal(l.attribute),
      'value', l.value,
      'spelled', case
        when l.type_name in (
          'text', 'character varying', 'character', 'name', 'json', 'jsonb', 'xml', 'inet'
        ) then l.value || '::text'
        -- no cast, which would call what the owner of a type has declared for it
        else pg_catalog.format('case when %1$s is distinct from null then pg_catalog.concat(%1$s) end', l.value)
      end,
      'rows', l.from_item,
      'whole', l.is_whole::text,
      'outside', case when l.is_whole then '1000' else '8' end,
      'place', case when l.numbered then 'r.id' else 'r.audit_place' end,
      'owner', coalesce('r.' || pg_catalog.quote_ident(l.owner_column), 'r.audit_place')
    )
  from live as l
  left join public.audit_declared() as d on d.table_name = l.name and d.column_name = l.attribute
  order by l.name, l.attnum;
end
$$;

-- 660_audit_order.sql
-- How well the order of insertion can be read, of each table with numbers whose rows are somebody's: pairs of
-- neighbours by id, and those that also follow each other in the file and by the transaction that wrote them.
create or replace function public.audit_order()
returns table (table_name text, pairs bigint, in_file_order bigint, in_transaction_order bigint)
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
      pg_catalog.jsonb_build_object(
        'table', public.retention_place(c.table_name)::regclass,
        'name', pg_catalog.quote_literal(c.table_name)
      ) as parts
    from public.audit_columns() as c
    group by c.table_name
    having
      pg_catalog.bool_or(c.class = 'serial')
      and pg_catalog.bool_or(c.column_name = 'id')
      and pg_catalog.bool_or(c.class in ('link', 'destination-phone', 'account-phone'))
    order by c.table_name
  loop
    return query execute public.audit_text(
      $order$
        with newest as (
          select r.id, r.ctid as place, r.xmin::text::bigint as transaction
          from only {table} as r
          order by r.id desc
          limit 100
        ),
        paired as (
          select
            place > pg_catalog.lag(place) over (order by id) as later_place,
            transaction >= pg_catalog.lag(transaction) over (order by id) as later_transaction
          from newest
        )
        select
          {name}::text as table_name,
          pg_catalog.count(later_place) as pairs,
          pg_catalog.count(*) filter (where later_place) as in_file_order,
          pg_catalog.count(*) filter (where later_transaction) as in_transaction_order
        from paired
      $order$,
      part.parts
    );
  end loop;
end
$$;

-- 661_audit_same_transaction.sql
-- How many transactions wrote both for a destination and for a user who is somebody else: xmin, which every
-- row keeps, then joins the two. Small tables are compared whole, else the 100 of the highest ids of each; a
-- transaction that wrote for more than five destinations or users is a load of data and joins nobody. Of
-- those that wrote in both, the numbers of at most 1,000 users, or 24, are looked up through an index.
create or replace function public.audit_same_transaction()
returns table (table_name text, other_table text, examined bigint, joined bigint, whole boolean)
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
set row_security = off
as $$
declare
  pair record;
begin
  for pair in
    with homes as materialized (
      select
        c.table_name as name, c.owner_column, c.owner_is, c.whole,
        case when pg_catalog.bool_or(c.column_name = 'id') then 'id' else 'ctid' end as place
      from public.audit_columns() as c
      where c.owner_is is not null
      group by c.table_name, c.owner_column, c.owner_is, c.whole
      -- a delivery is its destination's, with its message
      having c.owner_is <> 'device' or not pg_catalog.bool_or(coalesce(c.leads_to, '') = 'message')
    )
    select pg_catalog.jsonb_build_object(
      'outward', public.retention_place(sent.name)::regclass,
      'own', public.retention_place(own.name)::regclass,
      'users', 'public.users'::regclass,
      'destination', pg_catalog.format('m.%I', sent.owner_column),
      'owner', case own.owner_is
        when 'device' then pg_catalog.format(
          '(select d.user_id from only %s as d where d.id = o.%I)',
          'public.webauthn_credentials'::regclass, own.owner_column
        )
        else pg_catalog.format('o.%I', own.owner_column)
      end,
      'outward_place', 'm.' || sent.place,
      'own_place', 'o.' || own.place,
      'most', case when sent.whole and own.whole then 'all' else '100' end,
      'looks', case when sent.whole and own.whole then '1000' else '24' end,
      'outward_name', pg_catalog.quote_literal(sent.name),
      'own_name', pg_catalog.quote_literal(own.name),
      'whole', (sent.whole and own.whole)::text
    ) as parts
    from homes as sent
    cross join homes as own
    where sent.owner_is = 'destination' and own.owner_is in ('user', 'device')
    order by sent.name, own.name
  loop
    return query execute public.audit_text(
      $pair$
        with outward as materialized (
          select m.xmin::text as transaction, {destination}::text as destination
          from only {outward} as m
          order by {outward_place} desc
          limit {most}
        ),
        own as materialized (
          select o.xmin::text as transaction, {owner}::integer as owner
          from only {own} as o
          order by {own_place} desc
          limit {most}
        ),
        sent as (
          select s.transaction, pg_catalog.array_agg(distinct s.destination) as destinations
          from outward as s
          group by s.transaction
          having pg_catalog.count(distinct s.destination) <= 5
        ),
        owned as (
          select
            w.transaction,
            pg_catalog.unnest(pg_catalog.array_agg(distinct w.owner)) as owner
          from own as w
          group by w.transaction
          having pg_catalog.count(distinct w.owner) <= 5
        ),
        both_wrote as materialized (
          select sent.transaction, sent.destinations, owned.owner
          from sent
          inner join owned on owned.transaction = sent.transaction
          limit {looks}
        )
        select
          {outward_name}::text as table_name,
          {own_name}::text as other_table,
          (select pg_catalog.count(*) from sent) as examined,
          pg_catalog.count(distinct b.transaction) filter (
            where (select u.phone_number::text from only {users} as u where u.id = b.owner)
            <> all (b.destinations)
          ) as joined,
          (
            {whole}
            or (select pg_catalog.count(*) from outward) < 100
            and (select pg_catalog.count(*) from own) < 100
          )
          and (select pg_catalog.count(*) from both_wrote) < {looks} as whole
        from both_wrote as b
      $pair$,
      pair.parts
    );
  end loop;
end
$$;

-- 662_audit_sizes.sql
-- How many different lengths the ciphertexts have, and how many rows share the commonest, column by column.
create or replace function public.audit_sizes()
returns table (
  table_name text, column_name text, examined bigint, sizes bigint, commonest bigint, whole boolean
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
    select c.parts from public.audit_columns() as c where c.class = 'ciphertext' and c.type = 'bytea'
  loop
    return query execute public.audit_text(
      $sizes$
        with classes as (
          select pg_catalog.octet_length({value}) as size, pg_catalog.count(*) as members
          from {rows} as r
          group by 1
        )
        select
          {table}::text as table_name,
          {name}::text as column_name,
          coalesce(pg_catalog.sum(members), 0)::bigint as examined,
          pg_catalog.count(*) as sizes,
          coalesce(pg_catalog.max(members), 0) as commonest,
          {whole}::boolean as whole
        from classes
      $sizes$,
      part.parts
    );
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
        public.retention_place(p.table_name)::regclass as home,
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
        pg_catalog.format(
          'r.%I + %L::interval < {limit} and %s', p.max_age_column, p.max_age,
          case when p.expires_column is null then 'true'
            else pg_catalog.format('coalesce(r.%I < {limit}, true)', p.expires_column) end
        ),
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

-- 672_audit_rewrites.sql
-- Per column that was dropped from a table of this schema, or of a project's own: how many receipts of the
-- ledger say that the table's file, the one it has now, was written after that. Numbers of catalogs and of
-- receipts, no row of any table.
create or replace function public.audit_rewrites()
returns table (table_name text, column_number integer, receipts bigint)
language sql
stable
security definer
set search_path = pg_catalog, pg_temp
set row_security = off
as $$
  select
    named.name,
    a.attnum::integer,
    (
      select pg_catalog.count(*)
      from only public.retention_runs as r
      where
        r.phase::text = 'rewritten'
        and r.table_name::text = named.name
        and r.file_number = pg_catalog.pg_relation_filenode(c.oid)::bigint
        and a.attnum = any (r.dropped_columns)
    )
  from pg_catalog.pg_attribute as a
  inner join pg_catalog.pg_class as c on c.oid = a.attrelid
  inner join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
  cross join lateral (
    select case when n.oid = 'public'::regnamespace::oid then c.relname::text else n.nspname::text || '.' || c.relname::text end
  ) as named (name)
  where
    (
      n.oid = 'public'::regnamespace::oid
      or exists (
        select from public.audit_project_declared() as p
        where pg_catalog.strpos(p.table_name, '.') > 0
        and pg_catalog.split_part(p.table_name, '.', 1) = n.nspname::text
      )
    )
    and c.relkind in ('r'::"char", 'p'::"char", 'm'::"char")
    and a.attnum > 0
    and a.attisdropped
  order by 1, 2
$$;

-- 673_audit_statistics.sql
-- Per column of ours and of a project's: how many of its values the planner's statistics keep. They outlive
-- the rows.
create or replace function public.audit_statistics()
returns table (table_name text, column_name text, kept bigint)
language sql
stable
security definer
set search_path = pg_catalog, pg_temp
set row_security = off
as $$
  select
    case
      when n.oid = 'public'::regnamespace::oid then s.tablename::text
      else n.nspname::text || '.' || s.tablename::text
    end,
    s.attname::text,
    (
      coalesce(pg_catalog.array_length(s.most_common_vals::text::text[], 1), 0)
      + coalesce(pg_catalog.array_length(s.histogram_bounds::text::text[], 1), 0)
      + coalesce(pg_catalog.array_length(s.most_common_elems::text::text[], 1), 0)
    )::bigint
  from pg_catalog.pg_stats as s
  inner join pg_catalog.pg_namespace as n on n.nspname = s.schemaname
  where
    (
      n.oid = 'public'::regnamespace::oid
      or exists (
        select from public.audit_project_declared() as p
        where pg_catalog.strpos(p.table_name, '.') > 0
        and pg_catalog.split_part(p.table_name, '.', 1) = n.nspname::text
      )
    )
  order by 1, 2
$$;

-- 677_audit_own_values.sql
-- The statement that looks, in the columns of our own tables, for what is stored about somebody else than the
-- row is for. At most 80,000 bytes of a column are looked at, and of each value 2,048: at every fourth place
-- six bytes are compared with the last nine of what is known, beginnings being often alike; what is found is
-- compared whole. Of ciphertexts for different destinations it counts what is alike at the same place, too.
create or replace function public.audit_own_values() returns text
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
  held text;
  listed text;
begin
  with searched as (
    select
      c.*,
      -- what tells nobody apart is looked at once, whoever has it
      coalesce(c.class, '') in ('state', 'counter', 'bookkeeping') as once,
      case
        when c.type = 'bytea' then '{value}::bytea'
        else 'pg_catalog.convert_to(pg_catalog.left({spelled}, 1000), ''UTF8'')'
      end as bytes,
      pg_catalog.row_number() over (order by c.table_name, c.parts ->> 'name') - 1 as label
    from public.audit_columns() as c
    where
      c.type not in (
        'boolean', 'smallint', 'real', 'interval', 'oid', 'time without time zone', 'time with time zone',
        '"char"', 'timestamp without time zone', 'timestamp with time zone', 'date'
      )
      and (
        coalesce(c.class, '') in ('', 'ciphertext', 'wrapped-key', 'random-id', 'state')
        or c.class = 'counter' and c.type in ('integer', 'bigint')
        or c.class = 'bookkeeping' and c.type not in ('integer', 'bigint')
        -- of a project's own each, whatever its class says: only the guards of ours hold a column to that
        or coalesce(c.class, '') <> 'link' and c.table_name in (
          select p.table_name from public.audit_project_declared() as p
        )
      )
  )
  select
    pg_catalog.string_agg(public.audit_text(
      $held$(
        select
          {label} as label, w.id, w.phone, w.owner, {random} as random,
          pg_catalog.substring(w.content, 1, 2048) as content,
          {whole} and w.total = pg_catalog.count(*) over ()
          and pg_catalog.bool_and(pg_catalog.octet_length(w.content) <= 2048) over () as whole
        from (
          select
            v.*,
            pg_catalog.row_number() over (order by v.place) as id,
            pg_catalog.sum(least(2048, pg_catalog.octet_length(v.content))) over (order by v.place) as bytes,
            pg_catalog.count(*) over () as total
          from (
            select {distinct}
              {bytes} as content,
              {phone} as phone,
              {user} as owner,
              {outside} as outside,
              {drawn} as place
            from {rows} as r
            where {value} is distinct from null
          ) as v
        ) as w
        where w.bytes <= 80000 and (not w.outside or w.id <= {far})
      )$held$,
      s.parts || pg_catalog.jsonb_build_object(
        'label', s.label,
        'random', (coalesce(s.class, '') = 'ciphertext')::text,
        'distinct', case when s.once then 'distinct' else '' end,
        'bytes', public.audit_text(s.bytes, s.parts),
        'phone', case
          when s.once or s.destination is null then 'null::text'
          else pg_catalog.format('r.%I::text', s.destination)
        end,
        'user', case
          when s.once or s.owner_is is distinct from 'user' then 'null::integer'
          else pg_catalog.format('r.%I::integer', s.owner_column)
        end,
        'outside', case
          when coalesce(s.class, '') in ('', 'ciphertext', 'wrapped-key')
            then public.audit_text('pg_catalog.pg_column_size({value}) > 2000', s.parts)
          else 'false'
        end,
        'drawn', case
          when s.once then public.audit_text('pg_catalog.md5(' || s.bytes || ')', s.parts)
          else 'pg_catalog.hashtextextended(r.audit_place::text, 1)'
        end,
        'far', case when s.whole then '100' else '8' end
      )
    ), ' union all ' order by s.label),
    pg_catalog.string_agg(
      pg_catalog.format('(%s, %L::text, %L::text)', s.label, s.table_name, s.column_name), ', '
      order by s.label
    )
  into held, listed
  from searched as s;
  return public.audit_text(
    $own$
      with known as materialized (
        select distinct k.whole, k.owner, pg_catalog.octet_length(k.whole) as size from ({known}) as k
      ),
      endings as materialized (
        select
          k.whole, k.owner, k.size, k.size - 5 - back as place,
          pg_catalog.substring(k.whole, k.size - 5 - back, 6) as piece
        from known as k
        cross join pg_catalog.generate_series(0, 3) as back
      ),
      held as materialized ({held}),
      pieces as materialized (
        select h.label, h.id, h.random, h.phone, i as place, pg_catalog.substring(h.content, i, 6) as piece
        from held as h
        cross join lateral pg_catalog.generate_series(1, pg_catalog.octet_length(h.content) - 5, 4) as i
      ),
      strangers as materialized (
        select distinct h.label, h.id
        from pieces as p
        inner join endings as k on k.piece = p.piece
        inner join held as h on h.label = p.label and h.id = p.id
        where
          p.place >= k.place
          and pg_catalog.substring(h.content, p.place - k.place + 1, k.size) = k.whole
          and (
            select u.phone_number::text from only {users} as u where u.id = k.owner
          ) is distinct from coalesce(
            h.phone, (select u.phone_number::text from only {users} as u where u.id = h.owner)
          )
      ),
      alike as materialized (
        select f.label, pg_catalog.sum(f.copies)::bigint as copies
        from (
          select p.label, pg_catalog.count(*) as copies
          from pieces as p
          where p.random
          group by p.label, p.place, p.piece
          having pg_catalog.count(*) > 1 and pg_catalog.min(p.phone) < pg_catalog.max(p.phone)
        ) as f
        group by f.label
      )
      select
        {schema}::text as schema_name,
        c.table_name,
        c.column_name,
        (select pg_catalog.count(*) from held as h where h.label = c.label) as examined,
        (select pg_catalog.count(*) from known) as compared,
        (select pg_catalog.count(*) from strangers as s where s.label = c.label) as matching,
        coalesce((select a.copies from alike as a where a.label = c.label), 0) as repeated,
        true as readable,
        true as looked,
        coalesce((select pg_catalog.bool_and(h.whole) from held as h where h.label = c.label), true) as whole,
        null::text as reason
      from (values {columns}) as c (label, table_name, column_name)
    $own$,
    pg_catalog.jsonb_build_object(
      'known', public.audit_known_values(),
      'held', held,
      'users', 'public.users'::regclass::text,
      'schema', (
        select pg_catalog.quote_literal(n.nspname)
        from pg_catalog.pg_namespace as n
        where n.oid = 'public'::regnamespace::oid
      ),
      'columns', listed
    )
  );
end
$$;

-- 678_audit_other_columns.sql
-- The columns of other schemas that could hold a number, an identifier or a key, of tables that hold
-- anything, numbered: the tables by batches of 40. After the first 5,000 columns of tables that may be read
-- no more are looked at. Of tables that are refused it says why.
create or replace function public.audit_other_columns()
returns table (
  schema_name text, table_name text, column_name text, type text, pages bigint, refused text, number bigint,
  in_table bigint, batch bigint, looked boolean
)
language sql
stable
set search_path = pg_catalog, pg_temp
as $$
  with listed as materialized (
    select
      t.schema_name, t.table_name, a.attname::text as column_name, public.audit_type(a.atttypid) as type,
      t.pages, t.refused, a.attnum
    from public.audit_tables() as t
    inner join pg_catalog.pg_namespace as n on n.nspname::text = t.schema_name
    inner join pg_catalog.pg_class as c on c.relnamespace = n.oid and c.relname::text = t.table_name
    inner join pg_catalog.pg_attribute as a on a.attrelid = c.oid
    where
      n.oid <> 'public'::regnamespace::oid
      and t.pages > 0 and a.attnum > 0 and not a.attisdropped
      -- what a project declares is looked at with ours
      and not exists (
        select from public.audit_project_declared() as p
        where pg_catalog.to_regclass(public.retention_place(p.table_name))::oid = c.oid
      )
  ),
  numbered as (
    select
      l.*,
      pg_catalog.row_number() over (
        partition by l.refused is null
        order by l.schema_name collate pg_catalog."C", l.table_name collate pg_catalog."C", l.attnum
      ) - 1 as number,
      pg_catalog.row_number() over (partition by l.schema_name, l.table_name order by l.attnum) - 1 as in_table,
      pg_catalog.dense_rank() over (
        partition by l.refused is null
        order by l.schema_name collate pg_catalog."C", l.table_name collate pg_catalog."C"
      ) - 1 as table_number
    from listed as l
    where l.type not in (
      'boolean', 'smallint', 'real', 'interval', 'oid', 'time without time zone', 'time with time zone',
      '"char"', 'timestamp without time zone', 'timestamp with time zone', 'date'
    )
  )
  select
    n.schema_name, n.table_name, n.column_name, n.type, n.pages, n.refused, n.number, n.in_table,
    n.table_number / 40, n.number - n.in_table < 5000
  from numbered as n
$$;

-- 680_audit_matching_values.sql
-- Values of ours where they do not belong. Per column of our own tables: how many of its values hold what is
-- stored about somebody else than the row is for, and how often ciphertexts for different destinations are
-- alike at one place. Per column of other schemas, of any type that could hold one: how many of its values
-- are a phone number, an identifier, a credential or a key of ours, in either case, in any digits, as hex or
-- base64. Our side of that is looked up through indexes, because a sample of ours would meet a sample of
-- theirs by chance only; so of up to 300 values only 100 that look like a number, and 100 like an identifier,
-- are compared. Numbers without their country's code are compared with up to 2,000 of ours, and one of nine
-- digits may be one of ours by chance: two in a column are not.
--
-- It runs with its owner's rights, so nothing that it reads may run code: no view is read, no function or
-- cast of anybody is called, and a table whose indexes or statistics make the planner call one is refused.
-- What is refused is said, with the reason, and so is what comes after the first 5,000 columns.
create or replace function public.audit_matching_values()
returns table (
  schema_name text, table_name text, column_name text, examined bigint, compared bigint, matching bigint,
  repeated bigint, readable boolean, looked boolean, whole boolean, reason text
)
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
set row_security = off
-- The planner would work out the constants of a table's CHECKs, and with them call its functions.
set constraint_exclusion = off
-- Of so many pieces a nested loop would compare each with each.
set enable_nestloop = off
set enable_mergejoin = off
as $$
declare
  part record;
  known text;
  lookups text;
begin
  return query execute public.audit_own_values();
  known := public.audit_known_values();
  select pg_catalog.string_agg(public.audit_text(l.template, c.parts || pg_catalog.jsonb_build_object(
    'home', public.retention_place(c.table_name)::regclass,
    'column', pg_catalog.format('o.%I', c.column_name),
    'words', case when c.class = 'random-id' then 'identifiers' else 'numbers' end
  )), '')
  into lookups
  from public.audit_columns() as c
  cross join lateral (
    select case
      when c.class = 'device-id' then
        $credential$(select true from only {home} as o where {column} in (c.from_hex, c.from_base64) limit 1),
        $credential$
      else
        -- one by one: of several at once the planner expects so many that it would read the table
        $text$(
          select true
          from pg_catalog.unnest(c.{words}) as w (word)
          where (select true from only {home} as o where {column}::text = w.word limit 1)
          limit 1
        ),
        $text$
    end as template
  ) as l
  where
    c.class in ('account-phone', 'destination-phone', 'random-id') and c.type in ('text', 'character varying')
    or c.class = 'device-id' and c.type = 'bytea';
  for part in
    with listed as materialized (select * from public.audit_other_columns()),
    tables as (
      select
        l.batch,
        l.refused is null and l.looked as read,
        pg_catalog.jsonb_build_object(
          'table', pg_catalog.format('%I.%I', l.schema_name, l.table_name),
          -- A table with up to 60 pages is read whole, of larger ones a third of that.
          'sample', case when l.pages <= 60 then '' else pg_catalog.format(
            'tablesample system (%s) repeatable (1)', pg_catalog.round(2000.0 / l.pages::numeric, 6)
          ) end,
          'columns', pg_catalog.string_agg(
            pg_catalog.format('r.%I as c%s', l.column_name, l.in_table), ', ' order by l.in_table
          ),
          'values', pg_catalog.string_agg(public.audit_text(
            case when l.type = 'bytea'
              then $bytes$
                ({label}, {value} is distinct from null, case when {short} then
                  -- text in UTF-16 has a zero beside each letter
                  pg_catalog.replace(
                    pg_catalog.encode(pg_catalog.substring({value}::bytea, 1, 1000), 'escape'), '\000', ''
                  ) end),
                ({label}, {value} is distinct from null, case when {short} then
                  pg_catalog.encode(pg_catalog.substring({value}::bytea, 1, 2001), 'hex') end)$bytes$
              else $other$
                ({label}, {value} is distinct from null, case when {short} then
                  pg_catalog.left(pg_catalog.concat({value}), 4001) end)$other$
            end,
            pg_catalog.jsonb_build_object(
              'label', l.number,
              'value', 's.c' || l.in_table,
              'short', public.audit_text(
                $short$(
                  pg_catalog.pg_column_size({value}) <= 2000
                  or pg_catalog.pg_column_size({value}) <= 16000 and s.place <= 8
                )$short$,
                pg_catalog.jsonb_build_object('value', 's.c' || l.in_table)
              )
            )
          ), ', ' order by l.in_table)
        ) as parts,
        pg_catalog.string_agg(pg_catalog.format(
          '(%s, %L::text, %L::text, %L::text, %s, %s, %s, %L::text)',
          l.number, l.schema_name, l.table_name, l.column_name, (l.pages > 60)::text, (l.refused is null)::text,
          l.looked::text, l.refused
        ), ', ' order by l.in_table) as columns
      from listed as l
      group by l.batch, l.refused, l.looked, l.schema_name, l.table_name, l.pages
    )
    select
      t.read,
      pg_catalog.string_agg(case when t.read then public.audit_text(
        $words$(
          select v.label, v.word, s.place, s.total
          from (
            select
              {columns},
              pg_catalog.count(*) over () as total,
              pg_catalog.row_number() over (order by pg_catalog.hashtextextended(r.ctid::text, 1)) as place
            from only {table} as r {sample}
          ) as s
          cross join lateral (values {values}) as v (label, present, word)
          where s.place <= 300 and v.present
        )$words$,
        t.parts
      ) end, ' union all ') as words,
      pg_catalog.string_agg(t.columns, ', ') as columns
    from tables as t
    group by t.read, t.batch
  loop
    return query execute public.audit_text(
      case when part.read then $others$
        with known as materialized (select distinct k.whole from ({known}) as k),
        -- shorter than the least of anything else that is known
        domestic as materialized (
          select distinct pg_catalog.substring(k.whole, i) as digits
          from known as k
          cross join pg_catalog.generate_series(2, 4) as i
          where pg_catalog.octet_length(k.whole) < 16 and pg_catalog.octet_length(k.whole) - i >= 8
        ),
        written as ({words}),
        words as materialized (
          select
            w.label, w.place, w.total,
            -- Digits are written in more than one way: wide ones, Arabic, Persian, Devanagari and Bengali ones.
            case
              when pg_catalog.octet_length(w.word) > pg_catalog.length(w.word)
                and pg_catalog.getdatabaseencoding() = 'UTF8'
                then pg_catalog.translate(
                  pg_catalog.normalize(w.word, 'NFKC'),
                  (
                    select pg_catalog.string_agg(pg_catalog.chr(first.digit + i), '' order by first.digit, i)
                    from (values (1632), (1776), (2406), (2534)) as first (digit)
                    cross join pg_catalog.generate_series(0, 9) as i
                  ),
                  pg_catalog.repeat('0123456789', 4)
                )
              else w.word
            end as word
          from written as w
        ),
        listed as (select c.* from (values {columns}) as c (
          label, schema_name, table_name, column_name, sampled, readable, looked, reason
        )),
        suspected as (
          select w.label, 'number' as kind, pg_catalog.ltrim(
            pg_catalog.regexp_replace(found.run[1], '[^0-9]', '', 'g'), '0'
          ) as word
          from words as w
          cross join lateral pg_catalog.regexp_matches(
            w.word, '([0-9][-0-9 ()./]{5,30}[0-9])', 'g'
          ) as found (run)
          union
          -- a number in hexadecimal digits
          select w.label, 'number', ('x' || pg_catalog.lpad(
            pg_catalog.regexp_replace(w.word, '^ *(0[xX]|\\x)?([0-9A-Fa-f]+) *$', '\2'), 16, '0'
          ))::pg_catalog.bit(64)::bigint::text
          from words as w
          where w.word ~ '^ *(0[xX]|\\x)?[0-9A-Fa-f]{9,16} *$' and w.word ~ '[A-Fa-f]'
          union
          select w.label, 'identifier', found.run[1]
          from words as w
          cross join lateral pg_catalog.regexp_matches(
            w.word, '([0-9A-Za-z_+/=-]{16,})', 'g'
          ) as found (run)
          union
          select w.label, 'identifier', pg_catalog.btrim(w.word)
          from words as w
          where pg_catalog.btrim(w.word) ~ '^[[:graph:]]{16,100}$'
        ),
        ranked as (
          select
            s.*,
            pg_catalog.row_number() over (
              partition by s.label, s.kind order by pg_catalog.hashtextextended(s.word, 1)
            ) as place
          from suspected as s
          where s.kind = 'identifier' or pg_catalog.length(s.word) between 7 and 15
        ),
        compared as materialized (
          select
            r.label,
            r.kind,
            -- a number may be written as bytes, which are then written as hex or base64
            case when r.kind = 'number' then array['+' || r.word, '+' || pg_catalog.reverse(r.word)] else array[
              '+' || pg_catalog.ltrim(pg_catalog.encode(d.from_hex, 'escape'), '+'),
              '+' || pg_catalog.ltrim(pg_catalog.encode(d.from_base64, 'escape'), '+')
            ] end as numbers,
            case when r.kind = 'identifier' then array[
              r.word, pg_catalog.lower(r.word), pg_catalog.upper(r.word), pg_catalog.reverse(r.word),
              pg_catalog.regexp_replace(
                pg_catalog.lower(r.word),
                '^(.{8})-?(.{4})-?(.{4})-?(.{4})-?(.{12})$',
                '\1-\2-\3-\4-\5'
              ),
              pg_catalog.replace(pg_catalog.lower(r.word), '-', ''),
              pg_catalog.encode(d.from_hex, 'escape'), pg_catalog.encode(d.from_base64, 'escape'),
              pg_catalog.encode(d.from_base64, 'hex')
            ] end as identifiers,
            case when r.kind = 'number' then pg_catalog.convert_to(r.word, 'UTF8') end as digits,
            d.from_hex,
            d.from_base64
          from ranked as r
          cross join lateral (
            select
              case when r.kind = 'identifier' and pg_catalog.translate(r.word, ':-', '') ~ '^x?([0-9A-Fa-f]{2}){8,}$'
                then pg_catalog.decode(pg_catalog.ltrim(pg_catalog.translate(r.word, ':-', ''), 'x'), 'hex')
              end as from_hex,
              case when r.kind = 'identifier' and r.word ~ '^[0-9A-Za-z_+/-]{14,}={0,2}$'
                and pg_catalog.length(pg_catalog.rtrim(r.word, '=')) % 4 <> 1
                then pg_catalog.decode(pg_catalog.rpad(
                  pg_catalog.translate(pg_catalog.rtrim(r.word, '='), '-_', '+/'),
                  (pg_catalog.length(pg_catalog.rtrim(r.word, '=')) + 3) / 4 * 4,
                  '='
                ), 'base64')
              end as from_base64
          ) as d
          where r.place <= 100
        ),
        counted as (
          select
            c.label,
            pg_catalog.count(*) as compared,
            pg_catalog.count(*) filter (where c.kind = 'number') as numbers,
            pg_catalog.count(*) filter (
              where coalesce({lookup})
              or c.from_hex in (select k.whole from known as k)
              or c.from_base64 in (select k.whole from known as k)
            ) as matching,
            pg_catalog.count(*) filter (where c.digits in (select n.digits from domestic as n)) as domestic
          from compared as c
          group by c.label
        ),
        read as (
          select
            w.label,
            pg_catalog.count(distinct w.place) filter (where w.word is not null) as examined,
            pg_catalog.bool_and(w.word is not null and pg_catalog.length(w.word) <= 4000)
            and pg_catalog.max(w.total) <= 300 as whole
          from words as w
          group by w.label
        )
        select
          l.schema_name,
          l.table_name,
          l.column_name,
          coalesce(r.examined, 0) as examined,
          coalesce(c.compared, 0) as compared,
          coalesce(c.matching + case when c.domestic > 1 then c.domestic else 0 end, 0) as matching,
          0::bigint as repeated,
          true as readable,
          true as looked,
          not l.sampled and coalesce(r.whole, true) and coalesce(c.numbers, 0) < 100
          and coalesce(c.compared - c.numbers, 0) < 100 as whole,
          null::text as reason
        from listed as l
        left join read as r on r.label = l.label
        left join counted as c on c.label = l.label
      $others$ else $unread$
        select
          c.schema_name, c.table_name, c.column_name,
          0::bigint as examined, 0::bigint as compared, 0::bigint as matching, 0::bigint as repeated,
          c.readable, c.looked, false as whole, c.reason
        from (values {columns}) as c (
          label, schema_name, table_name, column_name, sampled, readable, looked, reason
        )
      $unread$ end,
      pg_catalog.jsonb_build_object(
        'known', known, 'words', part.words, 'columns', part.columns, 'lookup', lookups || 'false'
      )
    );
  end loop;
end
$$;

-- 850_comments.sql
comment on routine public.retention_place is
'The name of a declared table as SQL writes it, of a project''s in another schema with that.';

comment on routine public.audit_project_declared is
'Says the same of a project''s own columns; empty until a revision of the project says more.';
