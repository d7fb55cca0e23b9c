set search_path = pg_catalog, pg_temp;

-- The receipts of a sweep: one row for each table, one for its end.
create function public.retention_swept(state jsonb, name text, outcome text, error_class text default null)
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

revoke all on function public.retention_swept from public;
