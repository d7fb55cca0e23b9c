-- The ledger from a row on, in order.
create function retention_ledger(after bigint default 0, most integer default null)
returns setof retention_runs
language sql stable security definer
set search_path from current
as $$
  select * from retention_runs where id > after order by id limit most
$$;

revoke all on function retention_ledger from public;
grant execute on function retention_ledger to nosender_sweeper, nosender_auditor;
