set search_path = pg_catalog, pg_temp;

-- How many rows this transaction has deleted from these tables, as PostgreSQL itself counts: the rows that a
-- cascade takes are counted nowhere else, and counting them by a query of their own would cost as much again.
create function public.retention_children(tables text[]) returns bigint
language sql volatile
set search_path = pg_catalog, pg_temp
as $$
  select coalesce(sum(pg_stat_get_xact_tuples_deleted(public.retention_place(name)::regclass)), 0)::bigint
  from unnest(tables) as name
$$;

revoke all on function public.retention_children from public;
