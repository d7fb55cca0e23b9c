set search_path = pg_catalog, pg_temp;

-- The messaging key of whoever has a phone number: one row, or none for a number that nobody registered
-- or that has published no key. Who may call this can find out which numbers are registered, one at a
-- time: the application must limit how often. Verify the signature before use. identity_since is the
-- version with which the identity key came: when it is not the one that was seen before, somebody has
-- another identity now. Errors: 22023 not a phone number.
create function public.active_public_key(phone text)
returns table (
  key_version integer,
  x25519_public_key bytea,
  ed25519_signature bytea,
  ed25519_public_key bytea,
  identity_since integer
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
  if (phone ~ '^\+[1-9][0-9]{6,14}$') is not true then
    raise exception 'phone must be an E.164 number: + and 7 to 15 digits, the first of them not 0'
      using errcode = 'invalid_parameter_value';
  end if;

  return query
  select
    key.key_version, key.x25519_public_key, key.ed25519_signature, key.ed25519_public_key,
    1 + (
      select coalesce(max(other.key_version), 0)
      from public.messaging_public_keys as other
      where other.user_id = key.user_id and other.ed25519_public_key <> key.ed25519_public_key
    )
  from public.users
  join public.messaging_public_keys as key on key.user_id = users.id
  where users.phone_number = phone and key.is_active;
end
$$;
revoke all on function public.active_public_key(text) from public;
grant execute on function public.active_public_key(text) to nosender_app;
