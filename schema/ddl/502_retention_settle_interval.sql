set search_path = pg_catalog, pg_temp;

-- How long rows may keep the order in which they were written: at the first sweep after each full one of
-- these, what was written or touched in it is settled.
create function public.retention_settle_interval() returns interval
language sql immutable
set search_path = pg_catalog, pg_temp
as $$ select interval '1 hour' $$;

revoke all on function public.retention_settle_interval from public;
grant execute on function public.retention_settle_interval to nosender_sweeper, nosender_auditor;
