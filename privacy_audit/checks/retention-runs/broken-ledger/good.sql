-- Two sweeps, and a third that has not ended.
do $$
declare
  state jsonb := retention_begin();
begin
  while not (state ->> 'finished')::boolean loop
    state := retention_step(state);
  end loop;
end
$$;
do $$
declare
  state jsonb := retention_begin();
begin
  while not (state ->> 'finished')::boolean loop
    state := retention_step(state);
  end loop;
end
$$;
select retention_begin();
