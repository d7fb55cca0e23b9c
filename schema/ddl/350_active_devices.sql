set search_path = pg_catalog, pg_temp;

-- The active devices of a user, which a new session key must be sealed for. Errors: none.
create function public.active_devices(owner_id integer)
returns table (device_id integer, credential_id bytea, public_key bytea)
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
set plan_cache_mode to force_generic_plan
set enable_seqscan to off
as $$
#variable_conflict use_column
begin
  return query
  select id, credential_id, public_key
  from public.webauthn_credentials
  where user_id = owner_id and is_active
  order by id;
end
$$;
revoke all on function public.active_devices(integer) from public;
grant execute on function public.active_devices(integer) to nosender_app;
