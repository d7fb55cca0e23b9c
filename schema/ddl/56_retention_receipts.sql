-- The receipts of a sweep: one row for each table, one for its end.
create function retention_swept(state jsonb, name text, outcome text, error_class text default null)
returns jsonb
language plpgsql
set search_path from current
as $$
declare
  entry retention_runs := retention_entry(state);
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
  if (outcome <> 'done' or (state ->> 'left')::boolean) and to_regclass(quote_ident(name)) is not null then
    entry.oldest_remaining := retention_oldest(name, entry.cutoff);
  end if;
  if outcome = 'done' and entry.oldest_remaining is not null then
    entry.status := 'partial';
  end if;
  foreach what in array array['deleted', 'deactivated', 'children', 'batches', 'blocked'] loop
    total := total || jsonb_build_object(what, (total ->> what)::bigint + (state ->> what)::bigint);
  end loop;
  entry := retention_append(entry);
  return state || jsonb_build_object(
    'total', total, 'at', (state ->> 'at')::integer + 1, 'pass', 'begin', 'affected', 0, 'pause_ms', 0,
    'partial', coalesce((state ->> 'partial')::boolean, false) or entry.status <> 'done',
    'deleted', 0, 'deactivated', 0, 'children', 0, 'batches', 0, 'blocked', 0
  );
end
$$;

-- A row of the ledger with what the state says of the table under way; of a run that has started, and under
-- its own policy and cutoff.
create function retention_entry(state jsonb) returns retention_runs
language plpgsql
set search_path from current
as $$
declare
  entry retention_runs;
begin
  select run_id, policy_hash, cutoff, clock_before
  into entry.run_id, entry.policy_hash, entry.cutoff, entry.clock_before
  from retention_runs
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

-- End a sweep: `outcome` is done, interrupted or failed. What the table under way has lost so far gets its
-- receipt first, then the run its own, with the totals. The answer is the state with `finished` and `status`
-- set.
create function retention_stop(state jsonb, outcome text, error_class text default null) returns jsonb
language plpgsql security definer
set search_path from current
set timezone to 'UTC'
as $$
declare
  entry retention_runs;
  name text := state #>> array['tables', state ->> 'at'];
begin
  if (state ->> 'finished')::boolean then
    return state;
  end if;
  if name is not null and (outcome = 'failed' or state ->> 'pass' <> 'begin') then
    state := retention_swept(state, name, outcome, error_class);
  end if;
  if outcome = 'done' and (state ->> 'canary')::boolean then
    perform retention_plant(state);
  end if;
  entry := retention_entry(state || (state -> 'total'));
  entry.phase := 'finished';
  entry.status := case
    when outcome <> 'done' then outcome
    when coalesce((state ->> 'partial')::boolean, false) or (state ->> 'clock_back')::boolean then 'partial'
    else 'done'
  end;
  entry.error_class := case
    when outcome = 'done' and (state ->> 'clock_back')::boolean then 'clock-went-back' else error_class
  end;
  entry := retention_append(entry);
  perform retention_unlock(array(select jsonb_array_elements_text(state -> 'tables')));
  return state || jsonb_build_object(
    'finished', true, 'status', entry.status, 'error_class', entry.error_class,
    'ledger_id', entry.id, 'ledger_hash', encode(entry.row_hash, 'hex'), 'clock_after', entry.clock_after
  );
end
$$;

-- The oldest moment of a row that has expired by `cutoff` and is still there; from the index, at constant
-- cost.
create function retention_oldest(name text, cutoff timestamp) returns timestamp
language plpgsql
set search_path from current
as $$
declare
  policy record;
  oldest timestamp;
begin
  select * into strict policy from retention_policy() where table_name = name;
  if policy.expires_column is null then
    return null;
  end if;
  -- What goes at once may expire later; that it is there still is what counts.
  execute format(
    'select least(%1$I, $1) from %2$I where %3$s <= (select $1) and %4$s order by %3$s limit 1',
    policy.expires_column, name, retention_due(policy.expires_column, policy.at_once),
    coalesce(quote_ident(policy.flag), 'true')
  ) into oldest using cutoff;
  return oldest;
end
$$;

-- Shorten the ledger from its beginning, a bounded number of rows at a time: a receipt first says up to which
-- row, and with which hash the chain then goes on.
create function retention_prune(state jsonb, name text, max_age interval) returns jsonb
language plpgsql
set search_path from current
as $$
declare
  entry retention_runs := retention_entry(state);
  first_id bigint;
  old boolean;
begin
  -- The first few rows tell whether there is anything to do; one of them may be from a clock that was ahead.
  select min(id), bool_or(clock_after <= now()::timestamp - max_age) into first_id, old
  from (select id, clock_after from retention_runs order by id limit 16) as first_rows;
  if old then
    select id, row_hash into entry.anchor_id, entry.anchor_hash
    from (select id, row_hash, clock_after from retention_runs order by id limit 10000) as beginning
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
  entry := retention_append(entry);
  delete from retention_runs where id <= entry.anchor_id;
  return state || jsonb_build_object(
    'at', (state ->> 'at')::integer + 1, 'pass', 'begin', 'affected', 0, 'pause_ms', 0
  );
end
$$;

revoke all on function
retention_swept, retention_entry, retention_stop, retention_oldest, retention_prune
from public;
grant execute on function retention_stop to nosender_sweeper;
