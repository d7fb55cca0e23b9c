set search_path = pg_catalog, pg_temp;

-- Per column of ours: how many of its values the planner's statistics keep. They outlive the rows.
create function public.audit_statistics() returns table (table_name text, column_name text, kept bigint)
language sql
stable
security definer
set search_path = pg_catalog, pg_temp
set row_security = off
as $$
  select
    s.tablename::text,
    s.attname::text,
    (
      coalesce(pg_catalog.array_length(s.most_common_vals::text::text[], 1), 0)
      + coalesce(pg_catalog.array_length(s.histogram_bounds::text::text[], 1), 0)
      + coalesce(pg_catalog.array_length(s.most_common_elems::text::text[], 1), 0)
    )::bigint
  from pg_catalog.pg_stats as s
  where
    s.schemaname = (
      select n.nspname from pg_catalog.pg_namespace as n where n.oid = 'public'::regnamespace
    )
  order by 1, 2
$$;
revoke all on function public.audit_statistics() from public;
grant execute on function public.audit_statistics() to nosender_auditor;
