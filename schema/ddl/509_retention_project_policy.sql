set search_path = pg_catalog, pg_temp;

-- What the sweep does to a project's own tables, in the columns of retention_policy; `follows` instead of an
-- action names tables whose rows go with those of a table of ours. Empty, and no revision of ours makes it
-- again: the rows are the project's, put here by a revision of its own that `nosender project freeze` writes.
create function public.retention_project_policy()
returns table (
  table_name text, expires_column text, action text, flag text, at_once text,
  max_age interval, max_age_column text, children text[]
)
language sql immutable
set search_path = pg_catalog, pg_temp
as $$
  select
    null::text, null::text, null::text, null::text, null::text, null::interval, null::text, null::text[]
  where false
$$;

revoke all on function public.retention_project_policy() from public;
grant execute on function public.retention_project_policy() to nosender_sweeper, nosender_auditor;
