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
