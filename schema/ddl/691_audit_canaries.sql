set search_path = pg_catalog, pg_temp;

-- The canaries that stand, and for how many seconds they have been due; negative while they are not.
create function public.audit_canaries()
returns table (table_name text, seconds bigint)
language sql
stable
security definer
set search_path = pg_catalog, pg_temp
set row_security = off
as $$
  select c.table_name, extract(epoch from (pg_catalog.now() at time zone 'utc') - c.expires_at)::bigint
  from (
    select 'messages' as table_name, m.expires_at from only public.messages as m
    where m.destination_phone::text = '+999999999999999'
    union all
    select 'ephemeral_keys' as table_name, e.expires_at from only public.ephemeral_keys as e
    where e.destination_phone::text = '+999999999999999'
  ) as c
$$;

revoke all on function public.audit_canaries() from public;
grant execute on function public.audit_canaries() to nosender_auditor;
