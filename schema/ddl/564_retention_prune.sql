set search_path = pg_catalog, pg_temp;

-- Shorten the ledger from its beginning, a bounded number of rows at a time: a receipt first says up to which
-- row, and with which hash the chain then goes on.
create function public.retention_prune(state jsonb, name text, max_age interval) returns jsonb
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
  entry public.retention_runs := public.retention_entry(state);
  first_id bigint;
  old boolean;
begin
  -- The first few rows tell whether there is anything to do; one of them may be from a clock that was ahead.
  select min(id), bool_or(clock_after <= now()::timestamp - max_age) into first_id, old
  from (select id, clock_after from public.retention_runs order by id limit 16) as first_rows;
  if old then
    select id, row_hash into entry.anchor_id, entry.anchor_hash
    from (select id, row_hash, clock_after from public.retention_runs order by id limit 10000) as beginning
    where clock_after <= now()::timestamp - max_age
    order by id desc limit 1;
  else
    return state || jsonb_build_object('at', (state ->> 'at')::integer + 1, 'pass', 'begin', 'affected', 0, 'pause_ms', 0);
  end if;
  entry.phase := 'swept';
  entry.table_name := name;
  entry.status := 'done';
  entry.clock_before := (state ->> 'began')::timestamp;
  entry.deleted := entry.anchor_id - first_id + 1;
  entry.batches := 1;
  entry := public.retention_append(entry);
  delete from public.retention_runs where id <= entry.anchor_id;
  return state || jsonb_build_object(
    'at', (state ->> 'at')::integer + 1, 'pass', 'begin', 'affected', 0, 'pause_ms', 0
  );
end
$$;

revoke all on function public.retention_prune from public;
