set search_path = pg_catalog, pg_temp;

-- Publishes a user's messaging key, signed by the identity key, and returns its version. The key before it is
-- revoked and inactive from the same statement on. Nobody but the owner of the identity key can make the
-- signature; whether it is right is for those who look the key up to verify, for the database cannot.  Must
-- be the first write of its transaction. Errors: 22023 an argument is null, 23514 a key or signature of a
-- wrong length or a point of low order, 25001 not the first write, P0002 no such user.
create function public.publish_public_key(
  owner_id integer, x25519_key bytea, signature bytea, identity_key bytea
) returns integer
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
set timezone to 'UTC'
set plan_cache_mode to force_generic_plan
set enable_seqscan to off
as $$
declare
  published integer;
begin
  if pg_current_xact_id_if_assigned() is not null then
    raise exception 'publish_public_key must be the first write of its transaction'
      using errcode = 'active_sql_transaction';
  end if;
  if (num_nulls(owner_id, x25519_key, signature, identity_key) = 0) is not true then
    raise exception 'no argument may be null' using errcode = 'invalid_parameter_value';
  end if;

  perform from public.users where id = owner_id for no key update;  -- one version after the other
  if not found then
    raise exception 'there is no such user' using errcode = 'no_data_found';
  end if;
  with revoked as (
    update public.messaging_public_keys
    set is_active = false, revoked_at = now() at time zone 'utc'
    where user_id = owner_id and is_active
    returning id
  )
  insert into public.messaging_public_keys (
    user_id, x25519_public_key, ed25519_signature, ed25519_public_key, key_version
  )
  select
    owner_id, x25519_key, signature, identity_key,
    coalesce((select max(key_version) from public.messaging_public_keys where user_id = owner_id), 0) + 1
  from (select count(*) from revoked) as after_the_update  -- an index forbids two active keys at any moment
  returning key_version into published;
  return published;
end
$$;
revoke all on function public.publish_public_key(integer, bytea, bytea, bytea) from public;
grant execute on function public.publish_public_key(integer, bytea, bytea, bytea) to nosender_app;
