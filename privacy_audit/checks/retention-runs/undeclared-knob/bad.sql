-- finds: public.retention_knobs.history
-- finds: public.retention_knobs.settle
-- What was read yesterday is gone, and rows keep their order for two days: nosender.toml may say neither.
create or replace function retention_knobs()
returns table (
  delivered text,
  history interval,
  messages interval,
  session_keys interval,
  prekeys interval,
  settle interval
)
language sql immutable
set search_path = pg_catalog, pg_temp
as $$
  values ('keep', interval '1 day', null::interval, null::interval, interval '30 days', interval '2 days')
$$;
