set search_path = pg_catalog, pg_temp;

-- Which server this is, as a receipt has it, in digits as the ledger wants them: the number of its group,
-- then ten for its timeline and twenty for the cluster's system identifier. Transactions are numbered anew,
-- or again, where one of the two is another.
create function public.retention_node() returns text
language plpgsql stable security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  node integer := 0;
begin
  if to_regclass('pg_catalog.pg_dist_local_group') is not null then
    select l.groupid into node from pg_dist_local_group as l;
  end if;
  return concat(
    node,
    lpad((('x' || left(pg_walfile_name(pg_current_wal_insert_lsn()), 8))::bit(32)::bigint)::text, 10, '0'),
    lpad((select c.system_identifier from pg_control_system() as c)::text, 20, '0')
  );
end
$$;

revoke all on function public.retention_node() from public;
grant execute on function public.retention_node() to nosender_sweeper, nosender_auditor;
