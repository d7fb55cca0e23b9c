set search_path = pg_catalog, pg_temp;

-- One transaction of a sweep: a batch, or the receipt of a table that is done, or the end. It takes the state
-- that retention_begin or the step before returned and returns the next; the caller commits, sleeps for
-- `pause_ms` and calls again, until `finished`. The command line and the procedure are two such callers, and
-- nothing more.
--
-- The role that calls this may delete nothing by itself. It could hand in any state, so nothing here trusts
-- one: the cutoff is never later than the clock, the tables are the policy's, and each delete tests the
-- expiry.
create function public.retention_step(state jsonb) returns jsonb
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
  elsif name is null and (state ->> 'settling')::boolean then
    perform set_config('lock_timeout', greatest((state ->> 'patience_ms')::numeric, 1)::integer::text, true);
    state := public.retention_settle(state);
    took_ms := extract(epoch from clock_timestamp() - began) * 1000;
    pause_ms := took_ms * (1 - (state ->> 'duty')::numeric) / (state ->> 'duty')::numeric;
    return state || jsonb_build_object('took_ms', round(took_ms, 3), 'pause_ms', round(pause_ms, 3));
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

revoke all on function public.retention_step from public;
grant execute on function public.retention_step to nosender_sweeper;
