set search_path = pg_catalog, pg_temp;

-- The whole sweep for pg_cron or any other scheduler: `call retention_sweep()`, outside a transaction block.
-- It commits after each batch, so it may neither be SECURITY DEFINER nor carry settings: it sets its own
-- search_path first in each of its transactions. It runs in the rights of its caller, which needs nothing but
-- EXECUTE on it, retention_begin, retention_step and retention_stop, and USAGE on the schema.
create procedure public.retention_sweep(
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
  -- These types are looked up before the first statement runs, in whatever search_path the caller has.
  state pg_catalog.jsonb;
  failure pg_catalog.text;
  message pg_catalog.text;
begin
  perform pg_catalog.set_config('search_path', 'pg_catalog, pg_temp', true);
  perform pg_catalog.set_config('row_security', 'off', true);
  state := public.retention_begin(most, target_ms, duty, rate, patience_ms, tables, canary);
  commit;
  loop
    perform pg_catalog.set_config('search_path', 'pg_catalog, pg_temp', true);
    -- A policy that would hide rows is an error, and never fewer rows.
    perform pg_catalog.set_config('row_security', 'off', true);
    exit when (state ->> 'finished')::boolean;
    begin
      perform pg_sleep((state ->> 'pause_ms')::numeric / 1000);
      state := public.retention_step(state);
    exception when query_canceled or others then
      get stacked diagnostics failure = returned_sqlstate, message = message_text;
      state := public.retention_stop(
        state, case failure when '57014' then 'interrupted' else 'failed' end, failure
      );
    end;
    commit;
  end loop;
  if failure is not null then
    raise exception 'the sweep failed, which its receipt says too: %', message using errcode = failure;
  end if;
end
$$;

revoke all on procedure public.retention_sweep from public;
grant execute on procedure public.retention_sweep to nosender_sweeper;
