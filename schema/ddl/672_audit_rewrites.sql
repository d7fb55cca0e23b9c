set search_path = pg_catalog, pg_temp;

-- Per column that was dropped from a table of this schema, or of a project's own: how many receipts of the
-- ledger say that the table's file, the one it has now, was written after that. Numbers of catalogs and of
-- receipts, no row of any table.
create function public.audit_rewrites()
returns table (table_name text, column_number integer, receipts bigint)
language sql
stable
security definer
set search_path = pg_catalog, pg_temp
set row_security = off
as $$
  select
    named.name,
    a.attnum::integer,
    (
      select pg_catalog.count(*)
      from only public.retention_runs as r
      where
        r.phase::text = 'rewritten'
        and r.table_name::text = named.name
        and r.file_number = pg_catalog.pg_relation_filenode(c.oid)::bigint
        and a.attnum = any (r.dropped_columns)
    )
  from pg_catalog.pg_attribute as a
  inner join pg_catalog.pg_class as c on c.oid = a.attrelid
  inner join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
  cross join lateral (
    select case when n.oid = 'public'::regnamespace::oid then c.relname::text else n.nspname::text || '.' || c.relname::text end
  ) as named (name)
  where
    (
      n.oid = 'public'::regnamespace::oid
      or exists (
        select from public.audit_project_declared() as p
        where pg_catalog.strpos(p.table_name, '.') > 0
        and pg_catalog.split_part(p.table_name, '.', 1) = n.nspname::text
      )
    )
    and c.relkind in ('r'::"char", 'p'::"char", 'm'::"char")
    and a.attnum > 0
    and a.attisdropped
  order by 1, 2
$$;
revoke all on function public.audit_rewrites() from public;
grant execute on function public.audit_rewrites() to nosender_auditor;
