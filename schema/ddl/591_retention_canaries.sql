set search_path = pg_catalog, pg_temp;

-- The canaries that are there, and when each has to go.
create function public.retention_canaries()
returns table (table_name text, expires_at timestamp)
language sql stable security definer
set search_path = pg_catalog, pg_temp
as $$
  select 'messages' as table_name, m.expires_at from public.messages as m
  where m.destination_phone = '+999999999999999'
  union all
  select 'ephemeral_keys' as table_name, e.expires_at from public.ephemeral_keys as e
  where e.destination_phone = '+999999999999999'
$$;

revoke all on function public.retention_canaries from public;
grant execute on function public.retention_canaries to nosender_sweeper, nosender_auditor;
