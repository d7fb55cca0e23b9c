set search_path = pg_catalog, pg_temp;

-- Stores the counter of a sign-in and returns true; returns false, and stores nothing, when it has not grown,
-- which is how a cloned authenticator shows. Zero after zero is right: many authenticators do not count.
-- Must be the first write of its transaction. Errors: 22023 an argument, 25001 not the first write, P0002 no
-- such active device.
create function public.record_sign_count(device_id integer, counter bigint) returns boolean
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
set timezone to 'UTC'
set plan_cache_mode to force_generic_plan
set enable_seqscan to off
as $$
declare
  known bigint;
begin
  -- The number is taken here, whatever is written: what comes later in this transaction refuses.
  if (case when pg_current_xact_id_if_assigned() is null then pg_current_xact_id() is null else true end) then
    raise exception 'record_sign_count must be the first write of its transaction'
      using errcode = 'active_sql_transaction',
      hint = 'Commit first, and call it in a transaction of its own.';
  end if;
  if (counter between 0 and 4294967295) is not true then
    raise exception 'counter must be from 0 to 4294967295' using errcode = 'invalid_parameter_value';
  end if;

  select sign_count into known from public.webauthn_credentials
  where id = device_id and is_active
  for no key update;
  if not found then
    raise exception 'there is no such active device' using errcode = 'no_data_found';
  end if;
  if counter > known then
    update public.webauthn_credentials set sign_count = counter where id = device_id;
  end if;
  return counter > known or (counter = 0 and known = 0);
end
$$;
revoke all on function public.record_sign_count(integer, bigint) from public;
grant execute on function public.record_sign_count(integer, bigint) to nosender_app;
