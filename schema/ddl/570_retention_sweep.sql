-- The whole sweep for pg_cron or any other scheduler: `call retention_sweep()`, outside a transaction block.
-- It commits after each batch, so it may neither be SECURITY DEFINER nor carry settings; it runs in the
-- rights of its caller, which needs nothing but EXECUTE on it, retention_begin, retention_step and
-- retention_stop.
create procedure retention_sweep(
  most integer default 5000,
  target_ms numeric default 1,
  duty numeric default 0.5,
  rate integer default null,
  patience_ms integer default 2000,
  tables text[] default null,
  canary boolean default false
)
language plpgsql
as $$
declare
  context text;
  home text;
  state jsonb;
  next_state jsonb;
  failure text;
  message text;
begin
  -- Where this procedure lives: PostgreSQL names the schema exactly when the caller's search_path does not.
  get diagnostics context = pg_context;
  home := coalesce(substring(context from '((?:"(?:[^"]|"")+"|[^\s"]+)\.)retention_sweep\('), '');
  execute format('select %sretention_begin($1, $2, $3, $4, $5, $6, $7)', home) into state
  using most, target_ms, duty, rate, patience_ms, tables, canary;
  commit;
  while not (state ->> 'finished')::boolean loop
    begin
      perform pg_sleep((state ->> 'pause_ms')::numeric / 1000);
      execute format('select %sretention_step($1)', home) into next_state using state;
      state := next_state;
    exception when query_canceled or others then
      get stacked diagnostics failure = returned_sqlstate, message = message_text;
      execute format('select %sretention_stop($1, $2, $3)', home) into state
      using state, case failure when '57014' then 'interrupted' else 'failed' end, failure;
    end;
    commit;
  end loop;
  if failure is not null then
    raise exception 'the sweep failed, which its receipt says too: %', message using errcode = failure;
  end if;
end
$$;

revoke all on procedure retention_sweep from public;
grant execute on procedure retention_sweep to nosender_sweeper;
