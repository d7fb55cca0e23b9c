set search_path = pg_catalog, pg_temp;

-- What a project declares of its own columns, in the columns of audit_declared, which adds it to ours: so
-- a login that may read no table has a project's counted, too. Empty, and no revision of ours makes it again:
-- the rows are the project's, put here by a revision of its own that `nosender project freeze` writes.
create function public.audit_project_declared()
returns table (table_name text, column_name text, class text, resolution interval, leads_to text)
language sql
immutable
set search_path = pg_catalog, pg_temp
as $$
  select null::text, null::text, null::text, null::interval, null::text
  where false
$$;

revoke all on function public.audit_project_declared() from public;
