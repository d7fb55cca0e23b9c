set search_path = pg_catalog, pg_temp;

-- The session keys that are sealed for a device, old ones included: they read old messages. A key past its
-- expiry is inactive, swept or not. Errors: P0002 no such device.
create function public.session_keys(device_id integer)
returns table (
  session_key_id text,
  encrypted_session_key bytea,
  key_rotation_counter bigint,
  expires_at timestamp with time zone,
  is_active boolean
)
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
  select
    session_key_id, encrypted_session_key, key_rotation_counter, expires_at at time zone 'utc',
    is_active and (expires_at > now() at time zone 'utc') is not false
  from public.device_session_keys
  where webauthn_credential_id = device_id
  order by created_at, key_rotation_counter, session_key_id;
  if not found then
    perform 1 from public.webauthn_credentials where id = device_id;
    if not found then
      raise exception 'there is no such device' using errcode = 'no_data_found';
    end if;
  end if;
end
$$;
revoke all on function public.session_keys(integer) from public;
grant execute on function public.session_keys(integer) to nosender_app;
