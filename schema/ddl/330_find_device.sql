set search_path = pg_catalog, pg_temp;

-- The active device behind a WebAuthn credential: what an application needs to let it sign in. No row for any
-- other. Errors: none.
create function public.find_device(credential bytea)
returns table (device_id integer, user_id integer, public_key bytea, sign_count bigint)
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
  select id, user_id, public_key, sign_count
  from public.webauthn_credentials
  where credential_id = credential and is_active;
end
$$;
revoke all on function public.find_device(bytea) from public;
grant execute on function public.find_device(bytea) to nosender_app;
