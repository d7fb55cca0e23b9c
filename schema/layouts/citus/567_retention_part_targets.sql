set search_path = pg_catalog, pg_temp;

-- As retention_settle_targets, of one node: its transactions stand in its receipts, as `transaction-N`, for
-- the ledger's own rows are of the coordinator's. A server of another identifier or timeline counts its
-- transactions anew: nothing on it has settled.
create function public.retention_part_targets(name text, at_node text)
returns table (until timestamp, settled xid[], rising xid[], last_one boolean)
language plpgsql stable security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  origin constant timestamp := '2000-01-01';
  step constant interval := (select k.settle from public.retention_knobs() as k);
  latest constant timestamp := date_bin(step, now() at time zone 'utc', origin);
  levels constant interval[] := (
    select r.levels from public.retention_settle_rules() as r where r.table_name = name
  );
  level interval;
  reached timestamp;
begin
  select max(r.settled_until) into reached
  from public.retention_runs as r
  where r.phase = 'settled' and r.table_name = name and r.status = 'done' and r.node = at_node;
  foreach level in array levels || array[step, null] loop
    last_one := level is null;
    continue when last_one and reached > latest;
    until := case
      when last_one then now() at time zone 'utc' else date_bin(greatest(level, step), latest, origin)
    end;
    continue when reached >= until;
    reached := until;
    level := case when cardinality(levels) = 2 then levels[1] else level end;
    select
      coalesce(array_agg(t.wrote) filter (where final), '{}'),
      coalesce(array_agg(t.wrote) filter (where not final), '{}')
    into settled, rising
    from public.retention_runs as r
    cross join lateral (
      select
        last_one or r.settled_until >= until or date_bin(level, r.settled_until, origin) = r.settled_until,
        (substr(r.error_class, 13)::bigint & 4294967295)::text::xid
    ) as t (final, wrote)
    where
      r.phase = 'settled' and r.table_name = name and r.node = at_node and r.error_class ~ '^transaction-';
    return next;
  end loop;
end
$$;

-- The tables that settle, in their order.
create function public.retention_settling_tables() returns table (table_name text)
language sql stable security definer
set search_path = pg_catalog, pg_temp
as $$
  select r.table_name
  from public.retention_settle_rules() with ordinality as r (table_name, levels, beside, due, changes, place)
  order by r.place
$$;

-- The receipt of a set that a node has written: after its transaction, for a set without a receipt is only
-- written once more, and a receipt without a set would be false.
create function public.retention_part_settled(
  state jsonb, name text, node text, until timestamp, outcome text, wrote bigint, settled bigint,
  blocked bigint
) returns jsonb
language plpgsql security definer
set search_path = pg_catalog, pg_temp
set timezone to 'UTC'
as $$
declare
  entry public.retention_runs := public.retention_entry(state);
  before bigint;
begin
  if not exists (select from public.retention_settle_rules() as r where r.table_name = name) then
    raise exception 'no rule settles the table %', name using errcode = 'undefined_table';
  end if;
  entry.phase := 'settled';
  entry.table_name := name;
  entry.node := node;
  entry.error_class := 'transaction-' || wrote;
  entry.settled_until := least(until, now()::timestamp);
  entry.status := outcome;
  entry.clock_before := clock_timestamp();
  entry.settled := settled;
  entry.blocked := blocked;
  entry.deleted := 0;
  entry.deactivated := 0;
  entry.children := 0;
  entry.batches := 1;
  select coalesce(max(r.blocked), 0) into before
  from public.retention_runs as r
  where r.run_id = entry.run_id and r.phase = 'settled' and r.table_name = name and r.node = entry.node;
  entry := public.retention_append(entry);
  return state || jsonb_build_object(
    'affected', entry.settled, 'settled', (state ->> 'settled')::bigint + entry.settled,
    'passed_over', (state ->> 'passed_over')::bigint + greatest(entry.blocked - before, 0)
  );
end
$$;

revoke all on function public.retention_part_targets(text, text) from public;
revoke all on function public.retention_settling_tables() from public;
revoke all on function public.retention_part_settled from public;
grant execute on function public.retention_part_targets(text, text) to nosender_sweeper, nosender_auditor;
grant execute on function public.retention_settling_tables() to nosender_sweeper, nosender_auditor;
grant execute on function public.retention_part_settled to nosender_sweeper;
