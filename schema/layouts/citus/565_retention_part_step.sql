set search_path = pg_catalog, pg_temp;

-- One transaction of a sweep on a node: a batch of the part that the state names, by the steps of the core,
-- which find the part in the place of its table. Where those would write a receipt the state has the pass
-- `end`: receipts are the coordinator's. A part that has moved away ends here and is swept by its new owner.
create function public.retention_part_step(state jsonb) returns jsonb
language plpgsql security definer
set search_path = pg_catalog, pg_temp
set timezone to 'UTC'
set enable_seqscan to off
set enable_bitmapscan to off
set jit to off
as $$
declare
  cutoff timestamp := least((state ->> 'cutoff')::timestamp, now()::timestamp);
  name text := state #>> array['tables', state ->> 'at'];
  pass text := state ->> 'pass';
begin
  if pass = 'end' or (state ->> 'finished')::boolean then
    return state;
  elsif name is null or name = 'retention_runs' then
    raise exception 'only a table of the retention policy has parts' using errcode = 'invalid_parameter_value';
  elsif not public.retention_take(name, state ->> 'taken') then
    return state || '{"pass": "end", "moved": true, "affected": 0, "pause_ms": 0}'::jsonb;
  end if;
  perform set_config('lock_timeout', greatest((state ->> 'patience_ms')::numeric, 1)::integer::text, true);
  if pass = 'begin' then
    pass := public.retention_next_pass(name, pass, false, cutoff);
    state := state || jsonb_build_object('pass', pass, 'skip', false, 'left', false, 'affected', 0);
  end if;
  if pass <> 'end' then
    state := public.retention_step(state);
  end if;
  if
    state ->> 'pass' = 'end' and (
      (state ->> 'left')::boolean or (state ->> 'blocked')::bigint > 0
      or (state ->> 'look')::boolean or (state ->> 'deleted')::bigint + (state ->> 'deactivated')::bigint = 0
    )
  then
    state := state || jsonb_build_object('oldest', public.retention_oldest(name, cutoff));
  end if;
  return state;
end
$$;

revoke all on function public.retention_part_step from public;
grant execute on function public.retention_part_step to nosender_sweeper;
