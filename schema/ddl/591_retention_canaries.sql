-- The canaries that are there, and when each has to go.
create function retention_canaries()
returns table (table_name text, expires_at timestamp)
language sql stable security definer
set search_path from current
as $$
  select 'messages' as table_name, m.expires_at from messages as m
  where m.destination_phone = '+999999999999999'
  union all
  select 'ephemeral_keys' as table_name, e.expires_at from ephemeral_keys as e
  where e.destination_phone = '+999999999999999'
$$;

revoke all on function retention_canaries from public;
grant execute on function retention_canaries to nosender_sweeper, nosender_auditor;
