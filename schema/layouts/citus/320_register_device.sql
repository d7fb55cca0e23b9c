set search_path = pg_catalog, pg_temp;

-- Registers a device of a user, by its WebAuthn credential, and returns the device's id.  The device gets
-- what is sent from now on. Messages that wait for the user's other devices are encrypted under session keys
-- that were sealed for those alone.  Must be the first write of its transaction. Errors: 22023 an argument,
-- 25001 not the first write, P0002 no such user, 23505 the credential is registered already.
create or replace function public.register_device(
  owner_id integer, credential bytea, device_key bytea, counter bigint default 0
) returns integer
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
set timezone to 'UTC'
set enable_seqscan to off
as $$
declare
  refusal text;
  registered integer;
  phone varchar(20);
begin
  -- The number is taken here, whatever is written: what comes later in this transaction refuses.
  if (case when pg_current_xact_id_if_assigned() is null then pg_current_xact_id() is null else true end) then
    raise exception 'register_device must be the first write of its transaction'
      using errcode = 'active_sql_transaction',
      hint = 'Commit first, and call it in a transaction of its own.';
  end if;
  refusal := case
    when (octet_length(credential) between 16 and 1023) is not true
      then 'credential must have 16 to 1023 bytes'
    when (octet_length(device_key) between 1 and 4096) is not true
      then 'device_key must have 1 to 4096 bytes'
    when (counter between 0 and 4294967295) is not true
      then 'counter must be from 0 to 4294967295'
  end;
  if refusal is not null then
    raise exception '%', refusal using errcode = 'invalid_parameter_value';
  end if;

  -- One at a time for each user, so that a rotation sees every device or none that is new. Not by a lock of
  -- the row: of a table that every node has a copy of it would be everybody's.
  perform pg_advisory_xact_lock(hashtext('nosender.person'), owner_id);
  select phone_number into phone from public.users where id = owner_id;
  if phone is null then
    raise exception 'there is no such user' using errcode = 'no_data_found';
  end if;
  insert into public.webauthn_credentials (user_id, phone_number, credential_id, public_key, sign_count)
  values (owner_id, phone, credential, device_key, counter)
  on conflict (credential_id) do nothing
  returning id into registered;
  if registered is null then
    raise exception 'the credential is registered already' using errcode = 'unique_violation';
  end if;
  return registered;
end
$$;
