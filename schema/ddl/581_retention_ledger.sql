set search_path = pg_catalog, pg_temp;

-- The ledger from a row on, in order.
create function public.retention_ledger(after bigint default 0, most integer default null)
returns setof public.retention_runs
language sql stable security definer
set search_path = pg_catalog, pg_temp
as $$
  select * from public.retention_runs where id > after order by id limit most
$$;

revoke all on function public.retention_ledger from public;
grant execute on function public.retention_ledger to nosender_sweeper, nosender_auditor;
