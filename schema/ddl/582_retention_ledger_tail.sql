set search_path = pg_catalog, pg_temp;

-- The newest rows of the ledger, newest first.
create function public.retention_ledger_tail(most integer default 1)
returns setof public.retention_runs
language sql stable security definer
set search_path = pg_catalog, pg_temp
as $$
  select * from public.retention_runs order by id desc limit most
$$;

revoke all on function public.retention_ledger_tail from public;
grant execute on function public.retention_ledger_tail to nosender_sweeper, nosender_auditor;
