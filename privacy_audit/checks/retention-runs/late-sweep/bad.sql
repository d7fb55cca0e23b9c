-- finds: public.retention_runs
-- The sweep ran once, and then for a day no more.
do $$
declare
  state jsonb := retention_begin();
begin
  while not (state ->> 'finished')::boolean loop
    state := retention_step(state);
  end loop;
end
$$;
set session_replication_role = replica;
update retention_runs
set clock_before = clock_before - interval '1 day', clock_after = clock_after - interval '1 day';
