set search_path = pg_catalog, pg_temp;

-- Whether that is all of the table. Every probe says so beside the number of rows it looked at, from which a
-- report tells what share of bad rows it would have found.
create function public.audit_whole(of_table text, most_pages integer default 256) returns boolean
language sql
stable
set search_path = pg_catalog, pg_temp
as $$
  select
    pg_catalog.pg_relation_size(pg_catalog.to_regclass(public.retention_place(of_table)))
    <= most_pages * pg_catalog.current_setting('block_size')::bigint
$$;

revoke all on function public.audit_whole(text, integer) from public;
