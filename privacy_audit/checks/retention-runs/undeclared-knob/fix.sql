-- As nosender db upgrade sets it, with a line in the journal.
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
  values ('keep', null::interval, null::interval, null::interval, interval '30 days', interval '1 hour')
$$;
