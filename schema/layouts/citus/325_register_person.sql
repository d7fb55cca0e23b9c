set search_path = pg_catalog, pg_temp;

-- Registers a phone number with its first device and messaging key, in one call: a person without a device
-- gets nothing, and one without a key cannot be written to. The arguments are those of register_user,
-- register_device and publish_public_key.  Must be the first write of its transaction. Errors: those of the
-- three.
create or replace function public.register_person(
  phone text,
  credential bytea,
  device_key bytea,
  x25519_key bytea,
  signature bytea,
  identity_key bytea,
  counter bigint default 0,
  forget_former boolean default false
) returns table (user_id integer, device_id integer)
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
set timezone to 'UTC'
set enable_seqscan to off
as $$
declare
  refusal text;
begin
  if pg_current_xact_id_if_assigned() is not null then
    raise exception 'register_person must be the first write of its transaction'
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
    when (num_nulls(x25519_key, signature, identity_key) = 0) is not true
      then 'no argument may be null'
  end;
  if refusal is not null then
    raise exception '%', refusal using errcode = 'invalid_parameter_value';
  end if;
  user_id := public.register_user(phone, forget_former);  -- which takes the transaction's number
  insert into public.webauthn_credentials (user_id, phone_number, credential_id, public_key, sign_count)
  values (register_person.user_id, phone, credential, device_key, counter)
  on conflict (credential_id) do nothing
  returning id into device_id;
  if device_id is null then
    raise exception 'the credential is registered already' using errcode = 'unique_violation';
  end if;
  insert into public.messaging_public_keys (
    user_id, x25519_public_key, ed25519_signature, ed25519_public_key, key_version
  )
  values (register_person.user_id, x25519_key, signature, identity_key, 1);
  return next;
end
$$;
