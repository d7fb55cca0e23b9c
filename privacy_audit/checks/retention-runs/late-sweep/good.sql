-- A sweep a moment ago; the one before that a quarter of an hour earlier.
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
set clock_before = clock_before - interval '15 minutes', clock_after = clock_after - interval '15 minutes';
do $$
declare
  state jsonb := retention_begin();
begin
  while not (state ->> 'finished')::boolean loop
    state := retention_step(state);
  end loop;
end
$$;
