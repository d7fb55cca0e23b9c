-- Take back: Settle.
--
-- Receipts of form 2 could not be verified without their fields, so where there are any this refuses.
set local search_path = pg_catalog, pg_temp;

do $$
declare
  receipts bigint := (select count(*) from public.retention_runs where form > 1);
begin
  if receipts > 0 then
    raise exception 'cannot go back: % receipts have a form that older functions cannot verify', receipts
      using errcode = 'object_not_in_prerequisite_state';
  end if;
end
$$;

-- What a row's hash is taken of: this very text, in UTF-8. A missing value is an empty one, and no value is
-- empty otherwise.
create or replace function public.retention_row_text(entry public.retention_runs) returns text
language sql stable
set search_path = pg_catalog, pg_temp
as $$
  select concat(
    'nosender.retention_runs/1', e'\n',
    'id=', entry.id, e'\n',
    'run_id=', entry.run_id, e'\n',
    'phase=', entry.phase, e'\n',
    'table_name=', entry.table_name, e'\n',
    'status=', entry.status, e'\n',
    'error_class=', entry.error_class, e'\n',
    'policy_hash=', encode(entry.policy_hash, 'hex'), e'\n',
    'cutoff=', to_char(entry.cutoff, 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), e'\n',
    'clock_before=', to_char(entry.clock_before, 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), e'\n',
    'clock_after=', to_char(entry.clock_after, 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), e'\n',
    'deleted=', entry.deleted, e'\n',
    'deactivated=', entry.deactivated, e'\n',
    'children=', entry.children, e'\n',
    'batches=', entry.batches, e'\n',
    'blocked=', entry.blocked, e'\n',
    'oldest_remaining=', to_char(entry.oldest_remaining, 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), e'\n',
    'anchor_id=', entry.anchor_id, e'\n',
    'anchor_hash=', encode(entry.anchor_hash, 'hex'), e'\n',
    'file_number=', entry.file_number, e'\n',
    'dropped_columns=', entry.dropped_columns, e'\n',
    'previous_hash=', encode(entry.previous_hash, 'hex'), e'\n'
  )
$$;

-- Append one row: `entry` holds what there is to say, and the chain's own columns are filled in here.
create or replace function public.retention_append(entry public.retention_runs) returns public.retention_runs
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
  perform pg_advisory_xact_lock(
    hashtext('nosender.retention_runs'), 'public.retention_runs'::regclass::oid::integer
  );
  select id + 1, row_hash into entry.id, entry.previous_hash
  from public.retention_runs order by id desc limit 1;
  entry.id := coalesce(entry.id, 1);
  entry.previous_hash := coalesce(entry.previous_hash, sha256('nosender.retention_runs/1'));
  entry.clock_after := clock_timestamp() at time zone 'utc';
  entry.row_hash := sha256(convert_to(public.retention_row_text(entry), 'UTF8'));
  insert into public.retention_runs select entry.*;
  return entry;
end
$$;

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
      if to_regclass('public.' || quote_ident(child)) is null then
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
      hashtext('nosender.retention'), ('public.' || quote_ident(chosen[i]))::regclass::oid::integer
    );
    select pid into holder from pg_locks
    where
      locktype = 'advisory' and granted and pid <> pg_backend_pid()
      and database = (select oid from pg_database where datname = current_database())
      and classid = hashtext('nosender.retention')::bigint & 4294967295
      and objid = ('public.' || quote_ident(chosen[i]))::regclass::oid;
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
    'pause_ms', 0, 'finished', false
  );
end
$$;

-- One transaction of a sweep: a batch, or the receipt of a table that is done, or the end. It takes the state
-- that retention_begin or the step before returned and returns the next; the caller commits, sleeps for
-- `pause_ms` and calls again, until `finished`. The command line and the procedure are two such callers, and
-- nothing more.
--
-- The role that calls this may delete nothing by itself. It could hand in any state, so nothing here trusts
-- one: the cutoff is never later than the clock, the tables are the policy's, and each delete tests the
-- expiry.
create or replace function public.retention_step(state jsonb) returns jsonb
language plpgsql security definer
set search_path = pg_catalog, pg_temp
set timezone to 'UTC'
set lock_timeout to '0'
-- The walks are made for these indexes. Rows of one expiry in their thousands make the planner think of the
-- whole table instead, batch by batch.
set enable_seqscan to off
set enable_bitmapscan to off
set jit to off
as $$
declare
  cutoff timestamp := least((state ->> 'cutoff')::timestamp, now()::timestamp);
  began timestamptz := clock_timestamp();
  name text := state #>> array['tables', state ->> 'at'];
  pass text := state ->> 'pass';
  policy record;
  target_ms numeric := (state ->> 'target_ms')::numeric;
  took_ms numeric;
  rows_done bigint;
  next_size numeric;
  pause_ms numeric := 0;
begin
  if (state ->> 'finished')::boolean then
    return state;
  elsif name is null then
    return public.retention_stop(state, 'done'::text, null::text);
  end if;
  select * into policy from public.retention_policy() where table_name = name;
  if not found then
    raise exception 'the retention policy does not name the table %', name using errcode = 'undefined_table';
  end if;
  if pass = 'begin' then
    pass := public.retention_next_pass(name, pass, false, cutoff);
    state := state || jsonb_build_object(
      'pass', pass, 'began', clock_timestamp()::timestamp, 'skip', false, 'left', false,
      'deleted', 0, 'deactivated', 0, 'children', 0, 'batches', 0, 'blocked', 0
    );
  end if;
  if pass = 'end' then
    return public.retention_swept(
      state, name, case when (state ->> 'blocked')::bigint > 0 then 'partial' else 'done' end, null::text
    );
  elsif pass = 'prune' then
    return public.retention_prune(state, name, policy.max_age);
  end if;

  -- A batch that is lost in a crash is deleted again by the next sweep: it need not wait for the disk. The
  -- receipt does, and with it everything before it.
  perform set_config('synchronous_commit', 'off', true);
  -- For whole tables that others hold; for their rows the batch itself is less patient.
  perform set_config('lock_timeout', greatest((state ->> 'patience_ms')::numeric, 1)::integer::text, true);
  began := clock_timestamp();
  state := public.retention_batch(state, name, cutoff);
  took_ms := greatest(extract(epoch from clock_timestamp() - began) * 1000, 0.01);
  rows_done := coalesce((state ->> 'affected')::bigint, 0);

  -- The size follows the time a batch took, at most by a factor of two; a small last batch says nothing.
  next_size := (state ->> 'size')::numeric;
  if target_ms is not null and not coalesce((state ->> 'halved')::boolean, false) and (
    rows_done >= next_size / 2 or took_ms > target_ms)
  then
    next_size := next_size * least(greatest(target_ms / took_ms, 0.5), 2);
  elsif target_ms is null and not coalesce((state ->> 'halved')::boolean, false) then
    next_size := (state ->> 'most')::numeric;
  end if;
  if not coalesce((state ->> 'halved')::boolean, false) then
    next_size := greatest(next_size, least(50, (state ->> 'most')::numeric));
  end if;
  pause_ms := took_ms * (1 - (state ->> 'duty')::numeric) / (state ->> 'duty')::numeric;
  if state ->> 'rate' is not null then
    pause_ms := greatest(pause_ms, rows_done * 1000.0 / (state ->> 'rate')::numeric - took_ms);
  end if;
  if (state ->> 'exhausted')::boolean and not coalesce((state ->> 'halved')::boolean, false) then
    state := state - array['time', 'id', 'place'] || jsonb_build_object(
      'pass', public.retention_next_pass(name, pass, (state ->> 'left')::boolean, cutoff)
    );
    pause_ms := case when rows_done = 0 then 0 else pause_ms end;
  end if;
  return state || jsonb_build_object(
    'size', least(next_size, (state ->> 'most')::numeric)::integer,
    'took_ms', round(took_ms, 3), 'pause_ms', round(pause_ms, 3),
    -- So that a caller whose connection breaks during the commit can ask what became of it.
    'transaction', pg_current_xact_id_if_assigned()::text
  );
end
$$;

-- End a sweep: `outcome` is done, interrupted or failed. What the table under way has lost so far gets its
-- receipt first, then the run its own, with the totals. The answer is the state with `finished` and `status`
-- set.
create or replace function public.retention_stop(state jsonb, outcome text, error_class text default null)
returns jsonb
language plpgsql security definer
set search_path = pg_catalog, pg_temp
set timezone to 'UTC'
as $$
declare
  entry public.retention_runs;
  name text := state #>> array['tables', state ->> 'at'];
begin
  if (state ->> 'finished')::boolean then
    return state;
  end if;
  if name is not null and (outcome = 'failed' or state ->> 'pass' <> 'begin') then
    state := public.retention_swept(state, name, outcome, error_class);
  end if;
  if outcome = 'done' and (state ->> 'canary')::boolean then
    perform public.retention_plant(state);
  end if;
  entry := public.retention_entry(state || (state -> 'total'));
  entry.phase := 'finished';
  entry.status := case
    when outcome <> 'done' then outcome
    when coalesce((state ->> 'partial')::boolean, false) or (state ->> 'clock_back')::boolean then 'partial'
    else 'done'
  end;
  entry.error_class := case
    when outcome = 'done' and (state ->> 'clock_back')::boolean then 'clock-went-back' else error_class
  end;
  entry := public.retention_append(entry);
  perform public.retention_unlock(array(select jsonb_array_elements_text(state -> 'tables')));
  return state || jsonb_build_object(
    'finished', true, 'status', entry.status, 'error_class', entry.error_class,
    'ledger_id', entry.id, 'ledger_hash', encode(entry.row_hash, 'hex'), 'clock_after', entry.clock_after
  );
end
$$;

drop function public.audit_settling;
drop function public.retention_unsettled;
drop function public.retention_settle;
drop function public.retention_settle_batch;
drop function public.retention_settle_targets;
drop function public.retention_settle_rules;
drop function public.retention_settle_interval;

drop index public.idx_retention_runs_settled;
alter table public.retention_runs
drop constraint retention_runs_phase_known,
drop constraint retention_runs_table_named,
drop constraint retention_runs_words,
drop constraint retention_runs_counts_range,
drop constraint retention_runs_form_known,
drop constraint retention_runs_settled_whole,
drop column form,
drop column version,
drop column schema_name,
drop column node,
drop column settled,
drop column settled_until,
add constraint retention_runs_phase_known check (
  phase in ('started', 'swept', 'planted', 'finished', 'rewritten')
),
add constraint retention_runs_table_named check (
  (phase in ('swept', 'planted', 'rewritten')) = (table_name is not null)
),
add constraint retention_runs_words check (
  table_name ~ '^[A-Za-z0-9_$]+$' and error_class ~ '^[A-Za-z0-9-]+$'
),
add constraint retention_runs_counts_range check (
  least(deleted, deactivated, children, batches, blocked) >= 0
);

alter table public.message_deliveries set (fillfactor = 90);

comment on column public.retention_runs.phase is
'Whether the run started, has swept one table, or finished; or a table was written anew.';
comment on column public.retention_runs.blocked is
'How many expired rows stayed because somebody else had locked them.';

-- The sweep as it was.
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

create or replace procedure public.retention_sweep(
  most integer default 5000,
  target_ms numeric default 1,
  duty numeric default 0.5,
  rate integer default null,
  patience_ms integer default 2000,
  tables text[] default null,
  canary boolean default false
)
language plpgsql
as $$
declare
  -- These types are looked up before the first statement runs, in whatever search_path the caller has.
  state pg_catalog.jsonb;
  failure pg_catalog.text;
  message pg_catalog.text;
begin
  perform pg_catalog.set_config('search_path', 'pg_catalog, pg_temp', true);
  state := public.retention_begin(most, target_ms, duty, rate, patience_ms, tables, canary);
  commit;
  loop
    perform pg_catalog.set_config('search_path', 'pg_catalog, pg_temp', true);
    exit when (state ->> 'finished')::boolean;
    begin
      perform pg_sleep((state ->> 'pause_ms')::numeric / 1000);
      state := public.retention_step(state);
    exception when query_canceled or others then
      get stacked diagnostics failure = returned_sqlstate, message = message_text;
      state := public.retention_stop(
        state, case failure when '57014' then 'interrupted' else 'failed' end, failure
      );
    end;
    commit;
  end loop;
  if failure is not null then
    raise exception 'the sweep failed, which its receipt says too: %', message using errcode = failure;
  end if;
end
$$;
