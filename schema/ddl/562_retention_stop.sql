set search_path = pg_catalog, pg_temp;

-- End a sweep: `outcome` is done, interrupted or failed. What the table under way has lost so far gets its
-- receipt first, then the run its own, with the totals. The answer is the state with `finished` and `status`
-- set.
create function public.retention_stop(state jsonb, outcome text, error_class text default null) returns jsonb
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
  entry.settled := (state ->> 'settled')::bigint;
  entry.error_class := case
    when outcome = 'done' and (state ->> 'clock_back')::boolean then 'clock-went-back'
    -- The old versions lie in the file until a vacuum, which is its owner's to run.
    when outcome = 'done' and entry.settled > 0 and (state ->> 'vacuumed')::boolean is not true
      then 'settled-not-vacuumed'
    else error_class
  end;
  entry := public.retention_append(entry);
  perform public.retention_unlock(array(select jsonb_array_elements_text(state -> 'tables')));
  return state || jsonb_build_object(
    'finished', true, 'status', entry.status, 'error_class', entry.error_class,
    'ledger_id', entry.id, 'ledger_hash', encode(entry.row_hash, 'hex'), 'clock_after', entry.clock_after
  );
end
$$;

revoke all on function public.retention_stop from public;
grant execute on function public.retention_stop to nosender_sweeper;
