-- Other values, all of them in bounds.
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
  values ('delete', interval '90 days', interval '366 days', interval '31 days', interval '7 days', interval '6 hours')
$$;
