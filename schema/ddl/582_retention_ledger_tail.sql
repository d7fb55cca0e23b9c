-- The newest rows of the ledger, newest first.
create function retention_ledger_tail(most integer default 1)
returns setof retention_runs
language sql stable security definer
set search_path from current
as $$
  select * from retention_runs order by id desc limit most
$$;

revoke all on function retention_ledger_tail from public;
grant execute on function retention_ledger_tail to nosender_sweeper, nosender_auditor;
