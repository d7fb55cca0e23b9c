set search_path = pg_catalog, pg_temp;

-- On the coordinator, the receipt of what one node has lost of one table: the counts are in the state, `node`
-- is what retention_node said there, or the number of a node that did not answer.
create function public.retention_part_swept(
  state jsonb, name text, node text, outcome text, error_class text, oldest timestamp
) returns jsonb
language plpgsql security definer
set search_path = pg_catalog, pg_temp
set timezone to 'UTC'
as $$
declare
  entry public.retention_runs := public.retention_entry(state);
  total jsonb := state -> 'total';
  what text;
begin
  if not exists (select from public.retention_policy() as p where p.table_name = name) then
    raise exception 'the retention policy does not name the table %', name using errcode = 'undefined_table';
  end if;
  entry.phase := 'swept';
  entry.table_name := name;
  entry.node := node;
  entry.error_class := error_class;
  entry.clock_before := (state ->> 'began')::timestamp;
  entry.oldest_remaining := oldest;
  entry.status := case
    when outcome = 'done' and (oldest is not null or entry.blocked > 0) then 'partial' else outcome
  end;
  foreach what in array array['deleted', 'deactivated', 'children', 'batches', 'blocked'] loop
    total := total || jsonb_build_object(what, (total ->> what)::bigint + (state ->> what)::bigint);
  end loop;
  entry := public.retention_append(entry);
  return state || jsonb_build_object(
    'total', total, 'partial', coalesce((state ->> 'partial')::boolean, false) or entry.status <> 'done',
    'deleted', 0, 'deactivated', 0, 'children', 0, 'batches', 0, 'blocked', 0
  );
end
$$;

revoke all on function public.retention_part_swept from public;
grant execute on function public.retention_part_swept to nosender_sweeper;
