set search_path = pg_catalog, pg_temp;

-- Per column that was dropped from a table of this schema: how many receipts of the ledger say that the
-- table's file, the one it has now, was written after that. Numbers of catalogs and of receipts, no row of
-- any table.
create function public.audit_rewrites()
returns table (table_name text, column_number integer, receipts bigint)
language sql
stable
security definer
set search_path = pg_catalog, pg_temp
set row_security = off
as $$
  select
    c.relname::text,
    a.attnum::integer,
    (
      select pg_catalog.count(*)
      from only public.retention_runs as r
      where
        r.phase::text = 'rewritten'
        and r.table_name::text = c.relname::text
        and r.file_number = pg_catalog.pg_relation_filenode(c.oid)::bigint
        and a.attnum = any (r.dropped_columns)
    )
  from pg_catalog.pg_attribute as a
  inner join pg_catalog.pg_class as c on c.oid = a.attrelid
  where
    c.relnamespace = 'public'::regnamespace
    and c.relkind in ('r'::"char", 'p'::"char", 'm'::"char")
    and a.attnum > 0
    and a.attisdropped
  order by 1, 2
$$;
revoke all on function public.audit_rewrites() from public;
grant execute on function public.audit_rewrites() to nosender_auditor;
