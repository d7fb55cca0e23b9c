create or replace function public.retention_project_policy()
returns table (
  table_name text, expires_column text, action text, flag text, at_once text,
  max_age interval, max_age_column text, children text[]
)
language sql immutable
set search_path = pg_catalog, pg_temp
as $$
  values
  ('push_tokens'::text, 'expires_at'::text, 'delete'::text, null::text, null::text, null::interval, null::text, '{}'::text[]),
  ('push_tokens'::text, null::text, 'settles'::text, 'xmin'::text, null::text, null::interval, null::text, '{}'::text[])
$$;
