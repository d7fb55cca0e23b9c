set search_path = pg_catalog, pg_temp;

-- Per column of ours and of a project's: how many of its values the planner's statistics keep. They outlive
-- the rows.
create function public.audit_statistics() returns table (table_name text, column_name text, kept bigint)
language sql
stable
security definer
set search_path = pg_catalog, pg_temp
set row_security = off
as $$
  select
    case
      when n.oid = 'public'::regnamespace::oid then s.tablename::text
      else n.nspname::text || '.' || s.tablename::text
    end,
    s.attname::text,
    (
      coalesce(pg_catalog.array_length(s.most_common_vals::text::text[], 1), 0)
      + coalesce(pg_catalog.array_length(s.histogram_bounds::text::text[], 1), 0)
      + coalesce(pg_catalog.array_length(s.most_common_elems::text::text[], 1), 0)
    )::bigint
  from pg_catalog.pg_stats as s
  inner join pg_catalog.pg_namespace as n on n.nspname = s.schemaname
  where
    (
      n.oid = 'public'::regnamespace::oid
      or exists (
        select from public.audit_project_declared() as p
        where pg_catalog.strpos(p.table_name, '.') > 0
        and pg_catalog.split_part(p.table_name, '.', 1) = n.nspname::text
      )
    )
  order by 1, 2
$$;
revoke all on function public.audit_statistics() from public;
grant execute on function public.audit_statistics() to nosender_auditor;
