set search_path = pg_catalog, pg_temp;

-- A row of the ledger with what the state says of the table under way; of a run that has started, and under
-- its own policy and cutoff.
create function public.retention_entry(state jsonb) returns public.retention_runs
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
  entry public.retention_runs;
begin
  select run_id, policy_hash, cutoff, clock_before
  into entry.run_id, entry.policy_hash, entry.cutoff, entry.clock_before
  from public.retention_runs
  where
    id = (state ->> 'started')::bigint and phase = 'started' and run_id = (state ->> 'run')::uuid
    and policy_hash = decode(state ->> 'policy', 'hex') and cutoff = (state ->> 'cutoff')::timestamp;
  if not found then
    raise exception 'no sweep of this state has started' using errcode = 'invalid_parameter_value';
  end if;
  entry.deleted := (state ->> 'deleted')::bigint;
  entry.deactivated := (state ->> 'deactivated')::bigint;
  entry.children := (state ->> 'children')::bigint;
  entry.batches := (state ->> 'batches')::bigint;
  entry.blocked := (state ->> 'blocked')::bigint;
  return entry;
end
$$;

revoke all on function public.retention_entry from public;
